"""A project with a course of two small exercises, and what learners hand in for them."""

import copy
import json
import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook

from autograder.build.bundle import make_bundle, solution_notebook
from autograder.build.course import build_course
from autograder.build.new import new_exercise
from autograder.catalogue.find import Exercise, exercise_at, find_catalogue
from autograder.grade.cohort import Progress, Settings, Summary, grade_course
from autograder.grade.models import Record

COURSE = "small"
COURSE_YAML = """\
title: Two small exercises
audience: Tests
outcomes:
  - Double a number
  - Count to three
units:
  - {unit: tiny, weight: 1}
  - {unit: broken, weight: 1}
"""
EXERCISE_YAML = """\
title: TITLE
outcomes:
  - Double a number
  - Count to three
level: beginner
minutes: 5
libraries: []
limits: {cpu_s: 2, total_cpu_s: 12, check_cpu_s: 1, memory_gib: 1}
profiles:
  smoke: {}
  laptop: {}
"""
RUBRICS = """\
rubrics:
  reason:
    title: The reason
    criteria:
      - points: 2
        text: Gives a reason
"""
TINY = '''\
# %% [markdown]
# # Tiny

# %%
import workbench as wb


# %% solution="double"
def double(values_N):
    """Twice each value, as a new list."""
    ### BEGIN SOLUTION "Return twice each value."
    return [2 * value for value in values_N]
    ### END SOLUTION


# %% part="double"
wb.check("double")

# %% solution="count"
### BEGIN SOLUTION count = None  # a whole number
count = 3
### END SOLUTION

# %% part="count"
wb.check("count")

# %% [markdown] written="reason"
# ### BEGIN SOLUTION "*Your answer*"
# Because it is so.
# ### END SOLUTION
'''
TINY_CHECKS = """\
from workbench.checks import as_list, as_number, expect, part

double_part = part("double", title="Twice")
count_part = part("count", title="Three")


@double_part.check(points=1, hints=["What is twice 2?"])
def doubles_two(submission):
    values = as_list(submission.call("double", [2]))
    expect(values == [4], expected=[4], came=values, given=[2])


@count_part.check(points=1, hints=["It is small."])
def is_a_small_number(submission):
    count = as_number(submission.get("count"), kind="int")
    expect(0 < count < 10, expected="less than 10", came=count)
"""
TINY_HIDDEN = """\
from checks import count_part, double_part

from workbench.checks import as_list, as_number, expect


@double_part.check(points=2, hints=["And of many values?"])
def doubles_all(submission):
    values = [int(value) for value in submission.rng.integers(1, 100, size=5)]
    came = as_list(submission.call("double", values))
    expect(came == [2 * value for value in values], expected="twice each", came=came)


@count_part.check(points=1, hints=["Count again."])
def counts_to_three(submission):
    count = as_number(submission.get("count"), kind="int")
    expect(count == 3, expected=3, came=count)
"""
BROKEN = """\
# %%
import workbench as wb

# %% solution="raising"
### BEGIN SOLUTION raising = None
raising = 1
### END SOLUTION

# %% part="raising"
wb.check("raising")

# %% solution="hanging"
### BEGIN SOLUTION hanging = None
hanging = 1
### END SOLUTION

# %% part="hanging"
wb.check("hanging")

# %% solution="sound"
### BEGIN SOLUTION sound = None
sound = 1
### END SOLUTION

# %% part="sound"
wb.check("sound")
"""
BROKEN_CHECKS = """\
from workbench.checks import as_number, expect, part

raising_part = part("raising", title="Raises")
hanging_part = part("hanging", title="Hangs")
sound_part = part("sound", title="Is sound")


@raising_part.check(points=1)
def is_given(submission):
    came = submission.get("raising")
    expect(came == 1, expected=1, came=came)


@hanging_part.check(points=1)
def is_given_too(submission):
    came = submission.get("hanging")
    expect(came == 1, expected=1, came=came)


@sound_part.check(points=1)
def is_one(submission):
    came = as_number(submission.get("sound"))
    expect(came == 1, expected=1, came=came)
"""
BROKEN_HIDDEN = """\
from checks import hanging_part, raising_part


@raising_part.check(points=1)
def raises(submission):
    raise KeyError("a mistake of the author's")


@hanging_part.check(points=1)
def hangs(submission):
    while True:
        pass
"""
Cell = dict[str, Any]
Notebook = dict[str, Any]


@dataclass(frozen=True)
class SmallCourse:
    """The project at `root`, its course built in `course_dir`."""

    root: Path
    course_dir: Path
    tiny: Exercise
    broken: Exercise

    def solution(self, **cells: str) -> Notebook:
        """The solution of `tiny`, with other sources for some solution cells; `written` for the written one."""
        written = {"reason": cells.pop("written")} if "written" in cells else None
        return solution_notebook(self.tiny, cells, written)

    def released(self) -> Notebook:
        return copy.deepcopy(make_bundle(self.tiny).skeleton)

    def folder(self, learner: str, unit: str = "tiny") -> Path:
        folder = self.course_dir / "submitted" / learner / unit
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def submit(self, learner: str, notebook: Notebook | bytes, unit: str = "tiny") -> Path:
        path = self.folder(learner, unit) / f"{unit}.ipynb"
        path.write_bytes(notebook if isinstance(notebook, bytes) else json.dumps(notebook).encode())
        return path

    def solution_of_broken(self) -> Notebook:
        return solution_notebook(self.broken)

    def grade(self, watch: Callable[[Progress], None] = lambda progress: None, **settings: Any) -> Summary:
        settings = {"workers": 2} | settings
        return grade_course(self.course_dir, (self.tiny, self.broken), Settings(**settings), watch)

    def gradebook(self) -> Gradebook:
        return Gradebook(f"sqlite:///{self.course_dir / 'gradebook.db'}")

    def marks(self, unit: str = "tiny") -> dict[str, dict[str, float]]:
        """What nbgrader's gradebook says: learner → cell → score, a person's mark first."""
        with self.gradebook() as book:
            return {
                submission.student.id: {grade.name: grade.score for grade in submission.notebooks[0].grades}
                for submission in book.assignment_submissions(unit)
            }

    def number_of_submissions(self) -> int:
        with self.gradebook() as book:
            return sum(len(book.assignment_submissions(unit)) for unit in ("tiny", "broken"))

    def copy(self, into: Path) -> "SmallCourse":
        """The same project with a copy of the course directory, in an empty folder."""
        shutil.copytree(self.course_dir, into / COURSE, symlinks=True)
        return replace(self, course_dir=into / COURSE)


def make_course(root: Path) -> SmallCourse:
    """The project in an empty folder, built."""
    for unit in ("tiny", "broken"):
        folder = new_exercise(f"{COURSE}/{unit}", root)
        for path in folder.rglob("*"):
            if path.is_file():
                path.unlink()
    _write(root / f"exercises/{COURSE}/tiny", EXERCISE_YAML.replace("TITLE", "Tiny") + RUBRICS, TINY, TINY_CHECKS)
    _write(root / f"exercises/{COURSE}/broken", EXERCISE_YAML.replace("TITLE", "Broken"), BROKEN, BROKEN_CHECKS)
    (root / f"exercises/{COURSE}/tiny/hidden.py").write_text(TINY_HIDDEN)
    (root / f"exercises/{COURSE}/broken/hidden.py").write_text(BROKEN_HIDDEN)
    course_file = root / "courses" / COURSE / "course.yaml"
    course_file.parent.mkdir(parents=True)
    course_file.write_text(COURSE_YAML)
    course_dir = build_course(find_catalogue(root).course(COURSE), root / "build")
    tiny, broken = (exercise_at(root / "exercises" / COURSE / unit) for unit in ("tiny", "broken"))
    return SmallCourse(root, course_dir, tiny, broken)


def by_learner(summary: Summary, unit: str = "tiny") -> dict[str, Record]:
    return {record.learner: record for record in summary.records if record.exercise == f"{COURSE}/{unit}"}


def edited(notebook: Notebook, change: Callable[[list[Cell]], None]) -> Notebook:
    """A copy of a notebook whose list of cells was changed."""
    notebook = copy.deepcopy(notebook)
    change(notebook["cells"])
    return notebook


def make_device(path: Path) -> None:
    """A device where this user may make one, else a pipe."""
    if os.geteuid() == 0:
        os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 5))
    else:
        os.mkfifo(path)


def _write(folder: Path, yaml: str, text: str, checks: str) -> None:
    (folder / "exercise.yaml").write_text(yaml)
    (folder / "exercise.py").write_text(text)
    (folder / "checks.py").write_text(checks)
