"""The writer into nbgrader's gradebook: every mark once, and what a person gave stays."""

import sqlite3
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from nbgrader.dbutil import write_alembic_ini

from autograder.book.gradebook import Writer, open_gradebook
from autograder.book.revision import newest_revision
from autograder.errors import GradingError
from autograder.grade.models import Result
from tests.integration import gradebook_helper as helper

record, UNIT = helper.record, helper.UNIT


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return (helper.make_course(tmp_path_factory.mktemp("course")) / "gradebook.db").read_bytes()


@pytest.fixture
def course(tmp_path: Path, pristine: bytes) -> Path:
    (tmp_path / "gradebook.db").write_bytes(pristine)
    return tmp_path


def grades(course: Path, learner: str = "anna") -> dict[str, tuple[float, float | None, bool]]:
    with open_gradebook(course) as book:
        notebook = book.find_submission_notebook(UNIT, UNIT, learner)
        return {g.name: (g.auto_score, g.manual_score, g.needs_manual_grade) for g in notebook.grades}


def give(course: Path, cell: str, score: float | None, comment: str = "") -> None:
    """What formgrader does when a person grades a cell."""
    with open_gradebook(course) as book:
        grade = book.find_grade(cell, UNIT, UNIT, "anna")
        grade.manual_score, grade.needs_manual_grade = score, False
        if comment:
            book.find_comment(cell, UNIT, UNIT, "anna").manual_comment = comment
        book.db.commit()


def dump(course: Path) -> list[str]:
    with sqlite3.connect(course / "gradebook.db") as db:
        return sorted(db.iterdump())


def test_marks_arrive_and_written_parts_wait_for_a_person(course: Path) -> None:
    applied = Writer(course).apply([record()])
    assert (applied.written, applied.known, applied.problems) == (1, 0, ())
    assert grades(course) == {
        "part-peak": (3, None, False),
        "part-bound": (1, None, False),
        "written-why": (0, None, True),
    }
    with open_gradebook(course) as book:
        submission = book.find_submission(UNIT, "anna")
        assert (submission.score, submission.max_score) == (4, 9)
        assert str(submission.timestamp) == "2026-03-01 13:00:00"
        assert book.find_student("anna").id == "anna"


def test_applying_twice_is_applying_once(course: Path) -> None:
    records = [record(1), record(2, learner="bert", peak=0)]
    Writer(course).apply(records)
    once = dump(course)
    again = Writer(course).apply(records)
    assert (again.written, again.known) == (0, 2)
    assert dump(course) == once


def test_only_the_last_of_several_records_counts_in_any_order(course: Path) -> None:
    Writer(course).apply([record(2, peak=3), record(1, peak=0)])
    assert grades(course)["part-peak"][0] == 3
    assert Writer(course).apply([record(1, peak=0)]).known == 1
    assert grades(course)["part-peak"][0] == 3
    Writer(course).apply([record(3, peak=1)])
    assert grades(course)["part-peak"][0] == 1


def test_a_new_journal_counts_from_one_again(course: Path) -> None:
    Writer(course).apply([record(7, peak=3)])
    Writer(course).apply([record(1, peak=1, journal="d" * 32)])
    assert grades(course)["part-peak"][0] == 1


def test_a_manual_mark_stays_settled_while_the_answer_is_the_same(course: Path) -> None:
    Writer(course).apply([record(1)])
    give(course, "written-why", 1.5, "Say which memory.")
    Writer(course).apply([record(2, notebook="e" * 64, peak=0)])
    assert grades(course)["written-why"] == (0, 1.5, False)
    with open_gradebook(course) as book:
        assert book.find_comment("written-why", UNIT, UNIT, "anna").comment == "Say which memory."


def test_a_manual_mark_is_flagged_when_the_answer_changed(course: Path) -> None:
    Writer(course).apply([record(1)])
    give(course, "written-why", 1.5, "Say which memory.")
    Writer(course).apply([record(2, answer_hash="f" * 64)])
    assert grades(course)["written-why"] == (0, 1.5, True)
    with open_gradebook(course) as book:
        assert book.find_comment("written-why", UNIT, UNIT, "anna").comment == "Say which memory."


def test_an_answer_left_as_released_gets_zero_and_needs_nobody(course: Path) -> None:
    Writer(course).apply([record(1, answer_hash="")])
    assert grades(course)["written-why"] == (0, None, False)
    with open_gradebook(course) as book:
        assert book.find_comment("written-why", UNIT, UNIT, "anna").comment == "No response."
    Writer(course).apply([record(2)])
    assert grades(course)["written-why"] == (0, None, True)
    with open_gradebook(course) as book:
        assert book.find_comment("written-why", UNIT, UNIT, "anna").comment is None


def test_a_part_whose_check_broke_waits_for_a_person_until_settled(course: Path) -> None:
    broke = {"bound": 0, "bound_state": "check broke", "status": "check broke"}
    Writer(course).apply([record(1, **broke)])
    assert grades(course)["part-bound"] == (0, None, True)
    give(course, "part-bound", 4)
    Writer(course).apply([record(2, **broke)])
    assert grades(course)["part-bound"] == (0, 4, False)
    Writer(course).apply([record(3, bound=2)])
    assert grades(course)["part-bound"] == (2, 4, True), "the check works now: a person decides which mark counts"


@pytest.mark.parametrize("status", ["notebook unreadable", "too large", "refused"])
def test_a_submission_that_was_not_run_gets_marks_of_zero_never_none(course: Path, status: str) -> None:
    result = Result.without_run("k", "anna", helper.EXERCISE, status, "Empty file.", helper.PARTS)
    Writer(course).apply([record(1, parts=result.parts, status=status, written={})])
    assert set(grades(course).values()) == {(0, None, False)}
    bare = record(2, parts=(), status=status, written={})
    Writer(course).apply([bare])
    assert set(grades(course).values()) == {(0, None, False)}


def test_a_part_that_the_gradebook_does_not_know_is_reported_and_the_rest_is_written(course: Path) -> None:
    part = record().result.parts[0].model_copy(update={"name": "forged"})
    applied = Writer(course).apply([record(parts=(*record().result.parts, part))])
    assert applied.written == 1
    assert "'forged'" in applied.problems[0]
    assert grades(course)["part-peak"][0] == 3


def test_an_unknown_exercise_and_a_missing_gradebook_say_what_to_do(course: Path, tmp_path: Path) -> None:
    unknown = record().model_copy(update={"result": record().result.model_copy(update={"exercise": "a/other"})})
    with pytest.raises(GradingError, match="knows no exercise 'other'"):
        Writer(course).apply([record(learner="bert"), unknown])
    with open_gradebook(course) as book:
        assert book.students == [], "one transaction: all or nothing"
    (course / "gradebook.db").unlink()
    with pytest.raises(GradingError, match="build the course first"):
        Writer(course).apply([record()])


def test_a_gradebook_that_stays_locked_is_a_clear_error_and_nothing_is_lost(course: Path) -> None:
    other = sqlite3.connect(course / "gradebook.db")
    other.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(GradingError, match="locked by another program"):
            Writer(course, wait_s=0.1).apply([record()])
    finally:
        other.rollback()
        other.close()
    assert Writer(course).apply([record()]).written == 1


def test_a_crash_in_the_middle_leaves_the_gradebook_as_it_was(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Writer(course).apply([record(1)])
    before = dump(course)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("autograder.book.gradebook._Batch._remember", crash)
        with pytest.raises(KeyboardInterrupt):
            Writer(course).apply([record(2, peak=0)])
    assert dump(course) == before
    Writer(course).apply([record(2, peak=0)])
    assert grades(course)["part-peak"][0] == 0


def test_a_new_gradebook_is_made_although_path_lacks_alembic(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from autograder.book.gradebook import open_gradebook; "
        "open_gradebook(Path(sys.argv[1])).close()"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=root,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    with sqlite3.connect(tmp_path / "gradebook.db") as db:
        assert db.execute("select version_num from alembic_version").fetchall() == [(newest_revision(),)]


def test_a_new_gradebooks_revision_is_what_the_program_alembic_prints(tmp_path: Path) -> None:
    write_alembic_ini(str(tmp_path / "alembic.ini"))
    alembic = [sys.executable, "-m", "alembic.config", "-c", str(tmp_path / "alembic.ini"), "heads"]
    printed = subprocess.run(alembic, capture_output=True, text=True, check=True, timeout=120).stdout
    assert printed.split()[0] == newest_revision()


def test_nbgraders_own_reading_of_the_gradebook_still_works(course: Path) -> None:
    Writer(course).apply([record(1), record(2, learner="bert")])
    with open_gradebook(course) as book:
        assert {row["student"] for row in book.submission_dicts(UNIT)} == {"anna", "bert"}
        assert book.average_assignment_score(UNIT) == 4
        assert {row["needs_manual_grade"] for row in book.notebook_submission_dicts(UNIT, UNIT)} == {True}


def test_a_late_submission_gets_the_penalty_of_nbgraders_plugin(course: Path) -> None:
    (course / "nbgrader_config.py").write_text("c = get_config()\nc.LateSubmissionPlugin.penalty_method = 'zero'\n")
    with open_gradebook(course) as book:
        book.find_assignment(UNIT).duedate = datetime(2026, 2, 1)
        book.db.commit()

    def penalty() -> float | None:
        with open_gradebook(course) as book:
            return book.find_submission_notebook(UNIT, UNIT, "anna").late_submission_penalty

    Writer(course).apply([record(1)])
    assert penalty() == 4
    Writer(course).apply([record(1)])
    assert penalty() == 4
    with open_gradebook(course) as book:
        book.find_assignment(UNIT).duedate = datetime(2026, 4, 1)
        book.db.commit()
    Writer(course).apply([record(2)])
    assert penalty() is None


# nbgrader adds the parts of a new submission before the submission itself.
@pytest.mark.filterwarnings("ignore:Object of type <:sqlalchemy.exc.SAWarning")
def test_a_penalty_counts_from_the_end_of_the_learners_extension(course: Path) -> None:
    (course / "nbgrader_config.py").write_text("c = get_config()\nc.LateSubmissionPlugin.penalty_method = 'zero'\n")
    with open_gradebook(course) as book:
        book.find_assignment(UNIT).duedate = datetime(2026, 2, 1)
        book.update_or_create_student("anna")
        book.update_or_create_submission(UNIT, "anna").extension = timedelta(days=60)  # before anything is graded
        book.db.commit()

    def extend(extension: timedelta | None) -> float | None:
        with open_gradebook(course) as book:
            book.find_submission(UNIT, "anna").extension = extension
            book.db.commit()
        Writer(course).apply([record(1)])
        with open_gradebook(course) as book:
            return book.find_submission_notebook(UNIT, UNIT, "anna").late_submission_penalty

    Writer(course).apply([record(1)])
    marks = grades(course)
    assert [extend(timedelta(days=60)), extend(timedelta(days=1)), extend(None)] == [None, 4, 4]
    assert extend(timedelta(days=60)) is None
    assert grades(course) == marks
    assert marks["part-peak"][0] == 3
