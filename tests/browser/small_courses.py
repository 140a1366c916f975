"""Two courses of one small exercise each, and a hub.yaml: two instructors, a grader, four learners."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.integration import cohort_course
from tests.integration.hub_here import PROJECT, SETTINGS, HubHere, running_hub

COURSE_YAML = """\
title: {title}
audience: Tests
outcomes:
  - {outcome}
  - Give a reason
units:
  - {{unit: {unit}, weight: 1}}
"""
INTRODUCTION = """\
# title: How to add
# minutes: 5
# profiles:
#   smoke: {}
#   laptop: {}

# %% [markdown]
# # How to add

# %%
import workbench as wb

print("two and three are", 2 + 3)
"""
UNITS = {"sums": "tiny", "waves": "means"}
INSTRUCTORS = {"sums": "ines", "waves": "igor"}
LEARNERS = {"sums": ["lea", "luca"], "waves": ["lina", "leon"]}
# What a learner writes: the cell's name → its source.
RIGHT = {
    "sums": {
        "solution-double": "def double(values_N):\n    return [2 * value for value in values_N]",
        "solution-count": "count = 3",
        "written-reason": "Because twice is once more than once.",
    },
    "waves": {
        "solution-running-mean": (
            "def running_mean(values_N, window):\n"
            "    if window > len(values_N):\n"
            "        raise ValueError('the window does not fit')\n"
            "    starts = range(len(values_N) - window + 1)\n"
            "    return np.array([values_N[start : start + window].mean() for start in starts])"
        ),
        "solution-n-means": "n_means = 976",
        "solution-spike": 'spike = "window"',
        "written-edges": "Keep it short: nothing is invented, and an alarm comes late.",
    },
}


@contextmanager
def hub_with_small_courses(folder: Path, **more: Any) -> Iterator[HubHere]:
    """A hub whose courses lie in a folder of private exercises."""
    (folder / "private").mkdir()
    write_courses(folder / "private")
    courses = {
        name: {"instructors": [INSTRUCTORS[name]], "graders": ["gil"], "learners": LEARNERS[name]} for name in UNITS
    }
    people = [*INSTRUCTORS.values(), "gil", *(learner for names in LEARNERS.values() for learner in names)]
    told = {name: {"full_name": f"{name.title()} Learner"} if name in LEARNERS["sums"] else {} for name in people}
    settings = {**SETTINGS, "courses": courses, "people": told}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOGRADER_EXERCISES", str(folder / "private"))
        with running_hub(folder, settings, **more) as hub:
            yield hub


def write_courses(top: Path) -> None:
    """`<course>/course.yaml` and `<course>/<unit>/`, for both; an introduction for the first."""
    tiny = top / "sums" / "tiny"
    tiny.mkdir(parents=True)
    yaml = cohort_course.EXERCISE_YAML.replace("TITLE", "Twice and three") + cohort_course.RUBRICS
    for name, text in {
        "exercise.yaml": yaml,
        "exercise.py": cohort_course.TINY,
        "checks.py": cohort_course.TINY_CHECKS,
        "hidden.py": cohort_course.TINY_HIDDEN,
    }.items():
        (tiny / name).write_text(text)
    (top / "sums" / "introduction.py").write_text(INTRODUCTION)
    shutil.copytree(PROJECT / "exercises" / "_template", top / "waves" / "means")
    for course, outcome in (("sums", "Double a number"), ("waves", "Smooth a curve")):
        text = COURSE_YAML.format(title=course.title(), outcome=outcome, unit=UNITS[course])
        (top / course / "course.yaml").write_text(text)
