"""Writes docs/attacks.md: what each attack gets here, and from `nbgrader autograde`, in one run of both.

    python -m tests.attacks.table

Plain nbgrader runs learners' code as whoever calls it. Here the whole of it, with its course, is put into a sandbox of
its own, so that only that copy is harmed; to the learner's code all is there that nbgrader leaves open.
"""

import json
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from autograder.build.course import build_course
from autograder.catalogue.find import Course, exercise_at
from autograder.sandbox.launch import start
from autograder.sandbox.limits import PlainLimits
from autograder.sandbox.spec import SandboxSpec
from tests.attacks.attack import EXERCISE, Attack, all_attacks, bundle, grade, submitted, world_at

DOCS = Path(__file__).parents[2] / "docs" / "attacks.md"
UNIT = "exercise"
LIMITS = PlainLimits(total_cpu_s=120, memory_gib=4, processes=512, disk_mib=512)
WALL_S = 120
# Runs inside, beside the course: nbgrader, then what its gradebook says.
PROGRAM = """\
import json, os, subprocess, sys
os.environ["HOME"] = "/tmp"
os.environ["PATH"] = os.path.dirname(sys.executable) + ":/usr/bin:/bin"
os.chdir("/work/course")
with open("/tmp/said", "w") as said:
    command = [sys.executable, "-m", "nbgrader", "autograde", "exercise", "--create"]
    ended = subprocess.run(command, stdout=said, stderr=said, stdin=subprocess.DEVNULL).returncode
from nbgrader.api import Gradebook, MissingEntry
with Gradebook("sqlite:////work/course/gradebook.db") as book:
    try:
        notebook = book.find_submission("exercise", "mallory").notebooks[0]
        marks = {grade.name: None if grade.auto_score is None else grade.score for grade in notebook.grades}
    except MissingEntry:
        marks = None
print(json.dumps({"marks": marks, "ended": ended, "said": open("/tmp/said").read()[-400:]}), flush=True)
"""
HEAD = """\
# Attacks, and what they get

Made by `python -m tests.attacks.table` on {date}, with nbgrader {nbgrader}. Each line is one file of
`tests/attacks/notebooks/`, handed in for the exercise of `tests/attacks/exercise/` ({most:g} points). *Honest* is what
the right answers in that notebook are worth; what is above it was forged. *nbgrader* is `nbgrader autograde` with the
same notebook and the same visible checks; there its learner's process gives the mark. "no mark" stands where nbgrader
wrote none. Many attacks aim at what only the kit has, or only look around: from them nbgrader has no points to lose,
though its files lay open.

{summary}

| attack | what it tries | honest | here | status here | nbgrader |
|---|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Row:
    attack: Attack
    honest: float
    here: float
    status: str
    nbgrader: float | None


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="attacks-") as folder:
        exercise = exercise_at(EXERCISE)
        course = build_course(Course("attacks", None, (exercise,)), Path(folder))
        files = {
            f"course/{path.relative_to(course)}": path.read_bytes()
            for path in course.rglob("*")
            if path.is_file() and path.relative_to(course).parts[0] in ("source", "gradebook.db")
        }
        files["course/nbgrader_config.py"] = b'c = get_config()\nc.CourseDirectory.course_id = "attacks"\n'
        with ThreadPoolExecutor(2) as pool:
            rows = list(pool.map(lambda attack: row_of(attack, files, Path(folder)), all_attacks()))
    DOCS.write_text(page(rows), encoding="utf-8")


def row_of(attack: Attack, files: dict[str, bytes], folder: Path) -> Row:
    place = folder / attack.name.replace("/", "-")
    place.mkdir()
    with world_at(place) as world:
        notebook = submitted(attack, world)
        result, _ = grade(notebook, attack.limits)
        marks = by_nbgrader(notebook, files)
    total = None if marks is None else sum(mark or 0.0 for mark in marks.values())
    print(f"{attack.name}: here {result.earned:g} ({result.status}), nbgrader {total}", file=sys.stderr, flush=True)
    return Row(attack, sum(attack.earns.values()), result.earned, result.status, total)


def by_nbgrader(notebook: dict[str, Any], files: dict[str, bytes]) -> dict[str, float | None] | None:
    """What nbgrader's gradebook says afterwards, cell → score; None where it says nothing."""
    handed_in = {f"course/submitted/mallory/{UNIT}/{UNIT}.ipynb": json.dumps(notebook).encode()}
    spec = SandboxSpec(limits=LIMITS, files=files | handed_in)
    with start(spec, [sys.executable, "-c", PROGRAM], stdout=-1, wall_s=WALL_S) as sandbox:
        assert sandbox.stdout is not None
        lines = sandbox.stdout.read().decode(errors="replace").splitlines()
    answers = [json.loads(line) for line in lines if line.startswith('{"marks"')]
    return answers[-1]["marks"] if answers else None


def page(rows: list[Row]) -> str:
    above = Counter(row.attack.family for row in rows if row.nbgrader is not None and row.nbgrader > row.honest)
    lost = sum(row.nbgrader is None or row.nbgrader < row.honest for row in rows)
    here = sum(row.here > row.honest for row in rows)
    families = ", ".join(f"{name} {count}" for name, count in sorted(above.items()))
    summary = (
        f"{len(rows)} attacks. Here {here} of them got more than their honest part. From nbgrader {above.total()} did "
        f"({families}), "
        f"and {lost} got no mark or less than their honest part."
    )
    head = HEAD.format(
        date=time.strftime("%Y-%m-%d"),
        nbgrader=version("nbgrader"),
        most=sum(part.max_points for part in bundle().parts),
        summary=summary,
    )
    lines = []
    for row in rows:
        other = "no mark" if row.nbgrader is None else f"{row.nbgrader:g}"
        tries = row.attack.tries.replace("|", "\\|").replace("<", "&lt;")
        lines.append(f"| {row.attack.name} | {tries} | {row.honest:g} | {row.here:g} | {row.status} | {other} |")
    return head + "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
