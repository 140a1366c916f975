"""A cohort from submissions to marks and pages, and what a second run does."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from autograder.book.feedback import write_feedback
from autograder.errors import GradingError, JournalError, SandboxError
from autograder.grade.cohort import JOURNAL, Progress, Settings, grade_course
from autograder.grade.journal import Journal
from tests.integration.cohort_course import SmallCourse, by_learner, make_course

pytestmark = [pytest.mark.slow, pytest.mark.needs_sandbox]

FULL = {"part-double": 3.0, "part-count": 2.0, "written-reason": 0.0}
NOTHING = {"part-double": 0.0, "part-count": 0.0, "written-reason": 0.0}
WRONG = "def double(values):\n    return [4 for value in values]"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> SmallCourse:
    return make_course(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def graded(built: SmallCourse, tmp_path_factory: pytest.TempPathFactory) -> SmallCourse:
    """ada has it right, bob has a wrong `double`, cyd has handed in what was released."""
    course = built.copy(tmp_path_factory.mktemp("graded"))
    course.submit("ada", course.solution(written="Because two is even."))
    course.submit("bob", course.solution(double=WRONG))
    course.submit("cyd", course.released())
    (course.folder("bob") / "timestamp.txt").write_text("2026-11-03 17:00:00 UTC")
    summary = course.grade()
    assert (summary.graded, summary.not_graded, summary.problems) == (3, [], [])
    return course


@pytest.fixture
def course(graded: SmallCourse, tmp_path: Path) -> SmallCourse:
    """A copy of the graded course, to change."""
    return graded.copy(tmp_path)


@pytest.fixture
def fresh(built: SmallCourse, tmp_path: Path) -> SmallCourse:
    """A course with one submission, not graded."""
    course = built.copy(tmp_path)
    course.submit("ada", course.solution())
    return course


@pytest.fixture
def without_bubblewrap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *args, **kwargs: None)


def test_marks_reach_nbgraders_gradebook(graded: SmallCourse) -> None:
    assert graded.marks() == {"ada": FULL, "bob": FULL | {"part-double": 1.0}, "cyd": NOTHING}


def test_an_answered_written_part_waits_for_a_person_and_an_untouched_one_does_not(graded: SmallCourse) -> None:
    with graded.gradebook() as book:
        waiting = {
            learner: {
                grade.name
                for grade in book.find_submission_notebook("tiny", "tiny", learner).grades
                if grade.needs_manual_grade
            }
            for learner in ("ada", "cyd")
        }
    assert waiting == {"ada": {"written-reason"}, "cyd": set()}


def test_autograded_notebooks_show_the_learners_work_and_no_word_of_hidden_checks(graded: SmallCourse) -> None:
    text = (graded.course_dir / "autograded/bob/tiny/tiny.ipynb").read_text()
    assert "return [4 for value in values]" in text
    assert "Doubles all" in text
    assert "twice each" not in text  # what the hidden check expected


def test_feedback_shows_points_and_hints(graded: SmallCourse) -> None:
    write_feedback(graded.course_dir, learners=["bob"])
    page = (graded.course_dir / "feedback/bob/tiny/tiny.html").read_text()
    assert "1 of 3 points" in page
    assert "And of many values?" in page


def test_what_has_not_changed_is_not_graded_again(course: SmallCourse) -> None:
    before = (course.course_dir / JOURNAL).read_bytes()
    summary = course.grade()
    assert (summary.graded, summary.unchanged) == (0, 3)
    assert (course.course_dir / JOURNAL).read_bytes() == before


def test_what_has_not_changed_is_not_even_read_again(course: SmallCourse, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr("autograder.grade.cohort.read_submission", refuse)
    summary = course.grade()
    assert (summary.graded, summary.unchanged) == (0, 3)


def test_only_the_submission_that_changed_is_graded(course: SmallCourse) -> None:
    course.submit("bob", course.solution())
    seen: list[Progress] = []
    summary = course.grade(watch=seen.append)
    assert (summary.graded, summary.unchanged) == (1, 2)
    assert course.marks()["bob"] == FULL
    assert [(progress.done, progress.total) for progress in seen] == [(1, 3), (2, 3), (3, 3)]


def test_other_outputs_alone_change_no_mark_and_are_not_graded(course: SmallCourse) -> None:
    notebook = course.solution(double=WRONG)
    notebook["cells"][2]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "5"}]
    course.submit("bob", notebook)
    assert course.grade().graded == 0


def test_with_force_everything_is_graded_again_to_the_same_marks(course: SmallCourse) -> None:
    before = course.marks()
    assert course.grade(force=True).graded == 3
    assert course.marks() == before
    assert course.number_of_submissions() == 3


def test_one_worker_and_two_come_to_the_same_results(course: SmallCourse) -> None:
    results = []
    for workers in (1, 2):
        records = by_learner(course.grade(force=True, workers=workers))
        kept = {"key", "status", "sentence", "parts", "sealed", "versions"}
        results.append({learner: record.result.model_dump(include=kept) for learner, record in records.items()})
    assert results[0] == results[1]


def test_a_persons_mark_and_comment_survive_grading_again(course: SmallCourse) -> None:
    with course.gradebook() as book:
        grade = book.find_grade("written-reason", "tiny", "tiny", "ada")
        grade.manual_score, grade.needs_manual_grade = 1.5, False
        book.find_comment("written-reason", "tiny", "tiny", "ada").manual_comment = "Well said"
        book.db.commit()
    course.grade(force=True)
    with course.gradebook() as book:
        grade = book.find_grade("written-reason", "tiny", "tiny", "ada")
        assert (grade.score, grade.needs_manual_grade) == (1.5, False)
        assert book.find_comment("written-reason", "tiny", "tiny", "ada").comment == "Well said"


def test_a_lost_autograded_notebook_is_written_again(course: SmallCourse) -> None:
    path = course.course_dir / "autograded/ada/tiny/tiny.ipynb"
    before = path.read_bytes()
    path.unlink()
    assert course.grade().graded == 0
    assert path.read_bytes() == before


def test_the_autograded_notebook_of_a_run_that_was_ended_does_not_stay(course: SmallCourse) -> None:
    """Such a run wrote it for another submission, and had no time for the journal."""
    path = course.course_dir / "autograded/ada/tiny/tiny.ipynb"
    before = path.read_bytes()
    path.write_bytes((course.course_dir / "autograded/bob/tiny/tiny.ipynb").read_bytes())
    course.grade()
    assert path.read_bytes() == before


def test_a_check_that_raises_or_hangs_is_named_for_a_person_and_costs_no_other_part(fresh: SmallCourse) -> None:
    fresh.submit("ada", fresh.solution_of_broken(), unit="broken")
    result = by_learner(fresh.grade(), "broken")["ada"].result
    assert result.status == "check broke"
    assert "A check of raising, hanging broke; that is not your fault" in result.sentence
    assert {part.name: part.state for part in result.parts} == {
        "raising": "check broke",
        "hanging": "check broke",
        "sound": "graded",
    }
    assert fresh.marks("broken")["ada"]["part-sound"] == 1.0
    with fresh.gradebook() as book:
        grades = book.find_submission_notebook("broken", "broken", "ada").grades
        assert {grade.name for grade in grades if grade.needs_manual_grade} == {"part-raising", "part-hanging"}


def test_without_a_sandbox_strangers_are_not_graded_and_the_mend_is_named(
    fresh: SmallCourse, without_bubblewrap: None
) -> None:
    with pytest.raises(SandboxError) as refusal:
        fresh.grade()
    assert "bubblewrap" in str(refusal.value)
    assert refusal.value.mend
    assert fresh.marks() == {}


def test_trusted_learners_are_graded_without_a_sandbox_and_labelled_unsealed(
    fresh: SmallCourse, without_bubblewrap: None
) -> None:
    record = by_learner(fresh.grade(trust_learners=True))["ada"]
    assert (record.result.sealed, record.result.earned) == (False, 5.0)
    assert "unsealed" in (fresh.course_dir / "autograded/ada/tiny/tiny.ipynb").read_text()


def test_a_second_coordinator_is_refused(course: SmallCourse) -> None:
    with Journal(course.course_dir / JOURNAL), pytest.raises(JournalError, match="another process is writing"):
        course.grade()


def test_a_full_disk_keeps_what_was_graded_and_the_next_run_grades_the_rest(
    course: SmallCourse, monkeypatch: pytest.MonkeyPatch
) -> None:
    for learner in ("dan", "eva"):
        course.submit(learner, course.solution())
    written: list[int] = []

    def full_after_one(fd: int, data: bytes, offset: int, pwrite: Any = os.pwrite) -> int:
        written.append(offset)
        if len(written) > 1:
            raise OSError(28, "No space left on device")
        return int(pwrite(fd, data, offset))

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", full_after_one)
        with pytest.raises(JournalError, match="the disk is full"):
            course.grade()
    summary = course.grade()
    assert (summary.graded, summary.unchanged, summary.problems) == (1, 4, [])
    assert course.marks()["dan"] == course.marks()["eva"] == FULL
    assert [record.seq for record in Journal(course.course_dir / JOURNAL).records()] == [1, 2, 3, 4, 5]


def test_an_exercise_that_was_not_built_is_refused_before_anything_is_graded(fresh: SmallCourse) -> None:
    shutil.rmtree(fresh.course_dir / "release/tiny")
    with pytest.raises(GradingError, match="was not built") as refusal:
        fresh.grade()
    assert "autograder build small/tiny" in refusal.value.mend


def test_other_points_than_the_released_ones_are_refused(fresh: SmallCourse) -> None:
    path = fresh.course_dir / "release/tiny/tiny.ipynb"
    notebook = json.loads(path.read_text())
    notebook["cells"][3]["metadata"]["nbgrader"]["points"] = 30
    path.write_text(json.dumps(notebook))
    with pytest.raises(GradingError, match=r"part-double \(3\)") as refusal:
        fresh.grade()
    assert "part-double (30)" in refusal.value.expected


def test_other_units_submissions_are_left_alone(fresh: SmallCourse) -> None:
    fresh.submit("ada", fresh.solution_of_broken(), unit="broken")
    summary = grade_course(fresh.course_dir, (fresh.tiny,), Settings(workers=1))
    assert (summary.graded, summary.not_graded) == (1, [])
    assert fresh.marks("broken") == {}


def test_the_courses_secret_is_its_owners_alone_and_a_damaged_one_is_named(course: SmallCourse) -> None:
    path = course.course_dir / "secret"
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("short")
    with pytest.raises(GradingError, match="secret is damaged"):
        course.grade()


def test_a_course_nobody_handed_in_for_is_named(built: SmallCourse, tmp_path: Path) -> None:
    with pytest.raises(GradingError, match="no folder of submissions"):
        built.copy(tmp_path).grade()
