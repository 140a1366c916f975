"""A cohort that hands in everything bad at once: each ends in a mark and a sentence, and costs nobody else."""

from pathlib import Path

import pytest

from autograder.book.feedback import write_feedback
from autograder.grade.cohort import Summary
from autograder.grade.models import Record
from tests.integration.cohort_course import Cell, SmallCourse, by_learner, edited, make_course, make_device

pytestmark = [pytest.mark.slow, pytest.mark.needs_sandbox]

HONEST = ("ada", "yann", "zoe")
FULL = {"part-double": 3.0, "part-count": 2.0, "written-reason": 0.0}
COUNT_ALONE = FULL | {"part-double": 0.0}
NOTHING = {"part-double": 0.0, "part-count": 0.0, "written-reason": 0.0}
# What stands in the cell of `double`, the status it must come to, and words of the sentence; `count` is right.
CELLS = {
    "hang": ("while True:\n    pass", "timed out", "Cell 3 (solution-double) was stopped"),
    "asleep": ("import time\ntime.sleep(10_000)", "timed out", "Cell 3 (solution-double) was stopped"),
    "allocation": ("kept = bytearray(20 * 2**30)", "out of memory", "Cell 3 (solution-double) asked for more memory"),
    "exit": ("import os\nos._exit(0)", "kernel died", "The kernel ended in cell 3 (solution-double)"),
    "output": ("for _ in range(60):\n    print('x' * 1_000_000)", "too large", "more than 16 MiB of output"),
    "hang-called": ("def double(values):\n    while True:\n        pass", "timed out", "code of double took too long"),
    "exit-called": ("import os\ndef double(values):\n    os._exit(0)", "kernel died", "the code of double ended the"),
}
FILES = {
    "no-json": (b"\x89PNG\r\n\x1a\n no notebook", "notebook unreadable"),
    "no-notebook": (b'["a list"]', "notebook unreadable"),
    "deep": (b'{"cells": ' + b"[" * 100_000, "notebook unreadable"),
    "empty": (b"", "notebook unreadable"),
}
PLACES = {
    "link": "refused",
    "linked-folder": "refused",
    "device": "refused",
    "sparse": "too large",
    "missing": "notebook unreadable",
}
REFUSED_IDS = ("x%2f..%2fetc", "a\\b", "a..b", "Max", "max")
ON_STDERR = """\
import sys, warnings
warnings.warn("this is deprecated")
print("loading", file=sys.stderr)

def double(values):
    print("called", file=sys.stderr, flush=True)
    return [2 * value for value in values]
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> SmallCourse:
    return make_course(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("outside") / "private.ipynb"
    file.write_text('{"cells": [], "private": "PRIVATE-WORDS"}')
    return file


@pytest.fixture(scope="module")
def summary(course: SmallCourse, private: Path) -> Summary:
    for learner in (*HONEST, *REFUSED_IDS):
        course.submit(learner, course.solution())
    for learner, (source, *_) in CELLS.items():
        course.submit(learner, course.solution(double=source))
    for learner, (content, _) in FILES.items():
        course.submit(learner, content)
    course.submit("deleted", edited(course.solution(), _delete_double))
    course.submit("forged", edited(course.released(), _forge))
    course.submit("stderr", course.solution(double=ON_STDERR))
    course.submit("unknown", course.solution(), unit="no-such-unit")
    _submit_places(course, private)
    return course.grade()


@pytest.fixture(scope="module")
def records(summary: Summary) -> dict[str, Record]:
    return by_learner(summary)


def test_everything_that_has_a_place_in_the_gradebook_is_graded(summary: Summary) -> None:
    left = {sentence.split(":")[0].split(",")[0] for sentence in summary.not_graded}
    assert left == {ascii(learner)[1:-1] for learner in REFUSED_IDS} | {"unknown"}
    assert summary.problems == []


def test_honest_neighbours_get_their_marks(course: SmallCourse, records: dict[str, Record]) -> None:
    marks = course.marks()
    assert {learner: marks[learner] for learner in HONEST} == dict.fromkeys(HONEST, FULL)
    assert {records[learner].result.status for learner in HONEST} == {"graded"}


@pytest.mark.parametrize("learner", CELLS)
def test_a_cell_that_fails_costs_its_part_alone_and_says_so(
    learner: str, course: SmallCourse, records: dict[str, Record]
) -> None:
    _, status, words = CELLS[learner]
    result = records[learner].result
    assert (result.status, course.marks()[learner]) == (status, COUNT_ALONE)
    assert words in result.sentence


@pytest.mark.parametrize("learner", FILES)
def test_a_file_that_is_no_notebook_gets_0_and_a_sentence(
    learner: str, course: SmallCourse, records: dict[str, Record]
) -> None:
    result = records[learner].result
    assert (result.status, course.marks()[learner]) == (FILES[learner][1], NOTHING)
    assert result.sentence.endswith(".")


@pytest.mark.parametrize("learner", PLACES)
def test_what_is_no_regular_file_of_a_sensible_size_is_not_opened(
    learner: str, course: SmallCourse, records: dict[str, Record]
) -> None:
    result = records[learner].result
    assert (result.status, course.marks()[learner]) == (PLACES[learner], NOTHING)
    assert result.sentence.endswith(".")


def test_nothing_behind_a_link_is_read(course: SmallCourse, summary: Summary, private: Path) -> None:
    made = [path for top in ("autograded", "feedback") for path in (course.course_dir / top).rglob("*")]
    texts = [path.read_bytes() for path in (*made, course.course_dir / "journal.jsonl") if path.is_file()]
    assert len(texts) > len(summary.records)
    assert not any(b"PRIVATE-WORDS" in text for text in texts)
    assert private.read_text().count("PRIVATE-WORDS") == 1


def test_a_deleted_cell_costs_what_it_held_and_no_more(course: SmallCourse, records: dict[str, Record]) -> None:
    assert course.marks()["deleted"] == COUNT_ALONE
    assert "solution-double was deleted" in " ".join(records["deleted"].notes)


def test_forged_metadata_and_outputs_give_nothing(course: SmallCourse, records: dict[str, Record]) -> None:
    assert (course.marks()["forged"], records["forged"].result.max_points) == (NOTHING, 7.0)


def test_correct_work_that_prints_to_stderr_gets_full_marks(course: SmallCourse, records: dict[str, Record]) -> None:
    assert course.marks()["stderr"] == FULL


@pytest.mark.parametrize("learner", REFUSED_IDS)
def test_a_learner_id_that_is_no_plain_name_is_left_aside_with_a_sentence(
    learner: str, course: SmallCourse, summary: Summary
) -> None:
    assert any(sentence.startswith(f"{ascii(learner)[1:-1]}: ") for sentence in summary.not_graded)
    assert learner not in course.marks()
    assert not (course.course_dir / "autograded" / learner).exists()


def test_an_unknown_exercise_is_named_and_left_aside(course: SmallCourse, summary: Summary) -> None:
    (sentence,) = [sentence for sentence in summary.not_graded if sentence.startswith("unknown, ")]
    assert "no exercise named 'no-such-unit'" in sentence
    assert not (course.course_dir / "autograded" / "unknown").exists()


def test_every_submission_that_is_in_the_journal_has_a_page(course: SmallCourse, summary: Summary) -> None:
    done = write_feedback(course.course_dir)
    assert done.problems == ()
    assert {page.parts[-3] for page in done.pages} == set(by_learner(summary))
    page = (course.course_dir / "feedback/hang/tiny/tiny.html").read_text()
    assert "Cell 3 (solution-double) was stopped" in page


def test_nothing_of_it_is_graded_again(course: SmallCourse, summary: Summary) -> None:
    again = course.grade()
    assert (again.graded, again.unchanged) == (0, len(summary.records))


def _submit_places(course: SmallCourse, private: Path) -> None:
    (course.folder("link") / "tiny.ipynb").symlink_to(private)
    course.folder("linked-folder").rmdir()
    (course.course_dir / "submitted/linked-folder/tiny").symlink_to(course.folder("ada"))
    make_device(course.folder("device") / "tiny.ipynb")
    with (course.folder("sparse") / "tiny.ipynb").open("wb") as file:
        file.truncate(2**30)
    course.folder("missing")


def _delete_double(cells: list[Cell]) -> None:
    cells[:] = [cell for cell in cells if cell["id"] not in ("solution-double", "part-double")]


def _forge(cells: list[Cell]) -> None:
    """Points, grade ids, checksums and results of the learner's own."""
    for cell in cells:
        if cell["id"].startswith("part-"):
            cell["metadata"]["nbgrader"] |= {"points": 100, "grade_id": "part-mine", "checksum": "0" * 32}
            cell["source"] = "100"
            result = {"output_type": "execute_result", "execution_count": 1, "metadata": {}}
            cell["outputs"] = [result | {"data": {"text/plain": "100"}}]
