"""How fast a cohort is graded, beside `nbgrader autograde` and beside a pool of two nbclient processes.

The same submissions of a light torch exercise, one after the other in one run. Each timer runs from the start of a
command to its end, which is after the last mark was written. The others are timed on the first submissions only
(`--others`), since each of them takes as long as the one before; marks of all three are compared.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbgrader.api import Gradebook

from autograder.build.bundle import solution_notebook
from autograder.build.course import build_course
from autograder.catalogue.find import Exercise, exercise_at, find_catalogue
from autograder.grade.cohort import JOURNAL
from autograder.grade.journal import Journal

EXERCISES = Path(__file__).parent / "exercises"
UNIT = "light"
# What is handed in, in turn: right, right in other words, and three ways to be wrong.
ANSWERS: tuple[dict[str, str], ...] = (
    {},
    {"softmax": "def softmax(x_BC):\n    return torch.softmax(x_BC, dim=-1)"},
    {"softmax": "def softmax(x_BC):\n    return torch.exp(x_BC) / torch.exp(x_BC).sum(dim=-1, keepdim=True)"},
    {"standardise": "def standardise(x_BD):\n    return x_BD - x_BD.mean(0)"},
    {"standardise": 'def standardise(x_BD):\n    raise NotImplementedError("later")'},
)
Marks = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submissions", type=int, default=200)
    parser.add_argument("--others", type=int, default=20, help="submissions that the two others are timed on")
    wanted = parser.parse_args()
    os.environ["AUTOGRADER_EXERCISES"] = str(EXERCISES)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        build = Path(folder)
        course = build_course(find_catalogue().course("bench"), build)
        exercise = exercise_at(EXERCISES / "bench" / UNIT)
        learners = [f"learner-{number:03}" for number in range(wanted.submissions)]
        for number, learner in enumerate(learners):
            hand_in(course, learner, exercise, ANSWERS[number % len(ANSWERS)])
        few = learners[: wanted.others]

        grade = [sys.executable, "-m", "autograder", "grade", "bench", "--build", str(build)]
        ours_s = timed_s(grade) / len(learners)
        ours = marks_in(course)
        again_s = timed_s(grade)
        cpu_s = learners_cpu_s(course)
        pool_s, pool = nbclient_pool(course, few)
        nbgrader_s, nbgraders = nbgrader(course, few)

    for name, marks in (("a pool of two nbclient processes", pool), ("nbgrader autograde", nbgraders)):
        assert marks == {learner: ours[learner] for learner in few}, f"{name}: other marks"
    print(f"{'':44}{'s a submission':>16}{'ratio':>8}")
    print(f"{f'autograder grade, sandbox on, {len(learners)} submissions':44}{ours_s:>16.3f}{1:>8}")
    print(f"{f'two nbclient processes, no sandbox, {len(few)}':44}{pool_s:>16.3f}{pool_s / ours_s:>8.1f}")
    print(f"{f'nbgrader autograde, no sandbox, {len(few)}':44}{nbgrader_s:>16.3f}{nbgrader_s / ours_s:>8.1f}")
    print(f"the same marks; {len(learners)} unchanged submissions again: {again_s:.2f} s")
    cores = len(os.sched_getaffinity(0))
    print(f"wall × {cores} cores / CPU seconds of learners' processes: {ours_s * len(learners) * cores / cpu_s:.2f}")


def hand_in(course: Path, learner: str, exercise: Exercise, answers: dict[str, str]) -> None:
    path = course / "submitted" / learner / UNIT / f"{UNIT}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(solution_notebook(exercise, answers)), encoding="utf-8")


def timed_s(command: list[str], cwd: Path | None = None) -> float:
    start_s = time.monotonic()
    run = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    return time.monotonic() - start_s


def marks_in(course: Path) -> Marks:
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        return {submission.student.id: submission.score for submission in book.assignment_submissions(UNIT)}


def learners_cpu_s(course: Path) -> float:
    return sum(record.result.cpu_s for record in Journal(course / JOURNAL).records())


def nbgrader(course: Path, learners: list[str]) -> tuple[float, Marks]:
    """On a copy of the course without marks; nbgrader starts kernels without a sandbox."""
    copy = course.parent / "nbgrader"
    copy.mkdir()
    for name in ("source", "release", "nbgrader_config.py"):
        source = course / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, copy / name)
    for learner in learners:
        shutil.copytree(course / "submitted" / learner, copy / "submitted" / learner)
    programs = Path(sys.executable).parent
    os.environ["PATH"] = f"{programs}{os.pathsep}{os.environ['PATH']}"
    timed_s([str(programs / "nbgrader"), "generate_assignment", UNIT, "--force", "--create"], cwd=copy)
    took_s = timed_s([str(programs / "nbgrader"), "autograde", UNIT, "--create"], cwd=copy)
    return took_s / len(learners), marks_in(copy)


def nbclient_pool(course: Path, learners: list[str]) -> tuple[float, Marks]:
    """Marks as nbgrader finds them: a number as a cell's last value, with nothing on stderr."""
    notebooks = [str(course / "submitted" / learner / UNIT / f"{UNIT}.ipynb") for learner in learners]
    os.environ["WORKBENCH_EXERCISE"] = str(course / "release" / UNIT)
    os.environ["NBGRADER_EXECUTION"] = "autograde"
    start_s = time.monotonic()
    with ProcessPoolExecutor(2) as pool:
        marks = list(pool.map(execute, notebooks))
    took_s = time.monotonic() - start_s
    del os.environ["NBGRADER_EXECUTION"], os.environ["WORKBENCH_EXERCISE"]
    return took_s / len(learners), dict(zip(learners, marks, strict=True))


def execute(path: str) -> float:
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, allow_errors=True, kernel_name="python3").execute(stderr=subprocess.DEVNULL)
    return sum(mark(cell) for cell in notebook.cells if cell["id"].startswith("part-"))


def mark(cell: Any) -> float:
    results = [output for output in cell.outputs if output.output_type == "execute_result"]
    return float(results[-1]["data"]["text/plain"]) if results else 0.0


if __name__ == "__main__":
    main()
