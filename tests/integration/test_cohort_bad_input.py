"""One cohort in which everything bad is handed in at once: each ends in a mark and a sentence, and costs nobody else."""

import os
from pathlib import Path

import pytest

from autograder.grade.cohort import Summary
from autograder.grade.models import Record
from tests.integration.cohort_course import Notebook, SmallCourse, by_learner, edited, make_course, make_device

pytestmark = [pytest.mark.slow, pytest.mark.needs_sandbox]

HONEST = ("ada", "yann", "zoe")
FULL = {"part-double": 3.0, "part-count": 2.0, "written-reason": 0.0}
NOTHING = {"part-double": 0.0, "part-count": 0.0, "written-reason": 0.0}
GIB = 2**30
# What is put into the cell of `double`, the status it must come to, and words of the sentence. `count` is right.
CELLS = {
    "hang": ("while True:\n    pass", "timed out", "Cell 3 (solution-double) was stopped"),
    "sleep-forever": ("import time\ntime.sleep(10_000)", "timed out", "Cell 3 (solution-double) was stopped"),
    "allocation": ("kept = bytearray(20 * 2**30)", "out of memory", "more memory than there is"),
    "exit": ("import os\nos._exit(0)", "kernel died", "The kernel ended in cell 3"),
    "output": ("for _ in range(200):\n    print('x' * 1_000_000)", "too large", "more than 16 MiB of output"),
}
CALLED = {
    "hang-called": ("def double(values):\n    while True:\n        pass", "timed out"),
    "exit-called": ("import os\ndef double(values):\n    os._exit(0)", "kernel died"),
}
FILES = {
    "no-json": (b"\x89PNG\r\n\x1a\n no notebook", "notebook unreadable"),
    "no-notebook": (b'["a list"]', "notebook unreadable"),
    "deep": (b'{"cells": ' + b"[" * 100_000, "notebook unreadable"),
    "empty": (b"", "notebook unreadable"),
}
UNREADABLE = {*FILES, "link", "linked-folder", "device", "huge", "missing"}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> SmallCourse:
    return make_course(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("outside") / "private.ipynb"
    file.write_text('{"cells": [], "private": "PRIVATE-WORDS"}')
    return file


@pytest.fixture(scope="module")
def summary(course: SmallCourse, outside: Path) -> Summary:
    for learner in HONEST:
        course.submit(learner, course.solution())
    for learner, (source, *_) in (CELLS | CALLED).items():
        course.submit(learner, course.solution(double=source))
    for learner, (content, _) in FILES.items():
        course.submit(learner, content)
    course.submit("deleted", edited(course.solution(), _delete_double))
    course.submit("forged", edited(course.released(), _forge))
    course.submit("on-stderr", course.solution(double=ON_STDERR))
    (course.folder("link") / "tiny.ipynb").symlink_to(outside)
    (course.folder("linked-folder").parent / "tiny").rmdir()
    (course.folder("linked-folder").parent / "tiny").rmdir()
    (course.folder("linked-folder").parent / "tiny").rmdir() if False else None
    (course.course_dir / "submitted/linked-folder/tiny").symlink_to(course.folder("ada"))
    make_device(course.folder("device") / "tiny.ipynb")
    with (course.folder("huge") / "tiny.ipynb").open("wb") as file:
        file.truncate(GIB)
    course.folder("missing")
    course.submit("unknown", course.solution(), unit="no-such-unit")
    for name in ("..%2f..%2fetc", "a\\b", "..ada", "Zoe"):
        course.submit(name, course.solution())
    return course.grade()


@pytest.fixture(scope="module")
def records(summary: Summary) -> dict[str, Record]:
    return by_learner(summary)
