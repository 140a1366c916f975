"""Journals of made-up cohorts for the report's tests, about a small real exercise."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autograder.catalogue.find import Catalogue, find_catalogue
from autograder.grade.journal import Journal
from autograder.grade.models import OutcomeRecord, PartResult, Record, Result

COURSE, UNIT = "numbers", "mean"
EXERCISE = f"{COURSE}/{UNIT}"
CHECKS = {"tiny": ("A tiny case", True), "empty": ("An empty list", True), "large": ("Large numbers", False)}
FILES = {
    "courses/numbers/course.yaml": """
title: Numbers & <their> means
audience: People
outcomes: [Count things, Weigh things]
units: [{unit: mean}]
""",
    "exercises/numbers/mean/exercise.yaml": """
title: The mean
outcomes: [Compute a mean, Explain a mean]
level: beginner
minutes: 5
limits: {cpu_s: 10, total_cpu_s: 30, memory_gib: 1}
profiles: {smoke: {}, laptop: {}}
rubrics: {why: {title: Why it matters, criteria: [{points: 2, text: Says why.}]}}
""",
    "exercises/numbers/mean/exercise.py": '''
# %% [markdown]
# # The mean

# %%
import workbench as wb

# %% solution="mean"
def mean(x):
    """The mean of x."""
    ### BEGIN SOLUTION "Add up and divide."
    return sum(x) / len(x) if x else 0.0
    ### END SOLUTION

# %% part="mean"
wb.check("mean")

# %% [markdown] written="why"
# (your answer)
''',
    "exercises/numbers/mean/checks.py": """
from workbench.checks import part

mean_part = part("mean", title="Mean of a list")

@mean_part.check(points=1, title="A tiny case")
def tiny(submission):
    assert submission.call("mean", [1, 2]) == 1.5

@mean_part.check(points=1, title="An empty list")
def empty(submission):
    assert submission.call("mean", []) == 0
""",
    "exercises/numbers/mean/hidden.py": """
from checks import mean_part

@mean_part.check(points=2, title="Large numbers")
def large(submission):
    assert submission.call("mean", [1e300, 1e300]) == 1e300
""",
    "exercises/numbers/mean/wrong/whole.py": '''"""Believes that means are whole.  Caught by: mean.tiny"""
# %% solution="mean"
def mean(x):
    return sum(x) // len(x) if x else 0
''',
    "exercises/numbers/mean/wrong/never_empty.py": '''"""Believes that lists
are never empty.  Caught by: mean.empty"""
# %% solution="mean"
def mean(x):
    return sum(x) / len(x)
''',
    "exercises/numbers/mean/wrong/middle.py": '''"""Takes the middle for the mean.  Caught by: mean.tiny, mean.large"""
# %% solution="mean"
def mean(x):
    return sorted(x)[0] if x else 0
''',
}


def make_catalogue(root: Path) -> Catalogue:
    """A project with one course and one exercise."""
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip("\n"), encoding="utf-8")
    return find_catalogue(root)


def record(learner: str, states: Mapping[str, str] | None = None, **more: Any) -> Record:
    """One result: every check passed unless `states` says otherwise; the written part waits for a person.

    `more`: status, sentence, sealed, exercise, cpu_s, wall_s, memory_peak_mib, written ("" for as released), message.
    """
    states = dict.fromkeys(CHECKS, "passed") | dict(states or {})
    points = {"tiny": 1, "empty": 1, "large": 2}
    outcomes = tuple(
        OutcomeRecord(
            check=name,
            title=title,
            visible=visible,
            points=points[name],
            earned=points[name] if states[name] == "passed" else 0,
            state=states[name],  # type: ignore[arg-type]
            message=more.get("message", ""),
            came=more.get("message", ""),
        )
        for name, (title, visible) in CHECKS.items()
    )
    state = "check broke" if "broke" in states.values() else more.get("state", "graded")
    earned = sum(outcome.earned for outcome in outcomes)
    result = Result(
        key="k",
        learner=learner,
        exercise=more.get("exercise", EXERCISE),
        status=more.get("status", "graded"),
        sentence=more.get("sentence", "All parts were graded."),
        parts=(
            PartResult(name="mean", earned=earned, max_points=4, state=state, outcomes=outcomes),
            PartResult(name="why", earned=0, max_points=2, state="needs a person"),
        ),
        cpu_s=more.get("cpu_s", 1.5),
        wall_s=more.get("wall_s", 2.5),
        memory_peak_mib=more.get("memory_peak_mib", 300),
        sealed=more.get("sealed", True),
    )
    return Record(result=result, written_sha256={"why": more.get("written", "a" * 64)})


def make_course(root: Path, *records: Record) -> Path:
    """`build/numbers` with a journal of these records."""
    folder = root / "build" / COURSE
    folder.mkdir(parents=True, exist_ok=True)
    with Journal(folder / "journal.jsonl") as journal:
        for made in records:
            journal.append(made)
    return folder
