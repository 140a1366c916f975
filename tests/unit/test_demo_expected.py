"""The demo compares each mark with what must come, and fails where they differ."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from autograder.cli import main
from autograder.demo import run
from autograder.demo.cast import Entry, Kind
from autograder.demo.expected import Expected
from autograder.demo.run import Demo, Outcome
from autograder.grade.models import OutcomeRecord, PartResult, Record, Result

FULL = Expected("full")


def record(earned: float, status: Any = "graded", state: Any = "failed") -> Record:
    """Of 3 points in a checked part, whose check is in that state; the written part counts for nothing here."""
    outcome = OutcomeRecord(check="check", title="Check", visible=False, points=1, earned=0, state=state)
    parts = (
        PartResult(name="part", earned=earned, max_points=3, state="graded", outcomes=(outcome,)),
        PartResult(name="prose", earned=0, max_points=2, state="needs a person"),
    )
    result = Result(
        key="k", learner="ada", exercise="c/u", status=status, sentence="So it is.", parts=parts, sealed=True
    )
    return Record(result=result, written_sha256={"prose": ""})


@pytest.mark.parametrize(
    ("expected", "fits", "does_not"),
    [
        (FULL, record(3), record(2.5)),
        (FULL, record(3), record(3, "timed out")),
        (Expected("full", ("kernel died",)), record(3, "kernel died"), record(3)),
        (Expected("nothing"), record(0), record(0.5)),
        (Expected("some"), record(1), record(3)),
        (Expected("some"), record(1), record(0)),
        (Expected("caught", caught_by=("part.check",)), record(1), record(1, state="skipped")),
        (Expected("caught", caught_by=("(kernel died)",)), record(0, "kernel died"), record(0)),
    ],
)
def test_a_mark_is_held_against_what_must_come(expected: Expected, fits: Record, does_not: Record) -> None:
    assert expected.problem(fits, []) == ""
    assert "So it is." in expected.problem(does_not, [])


def test_a_check_of_another_part_does_not_count_as_caught() -> None:
    assert Expected("caught", caught_by=("other.check",)).problem(record(0), []) != ""


def test_what_is_left_aside_needs_a_sentence_and_no_mark() -> None:
    aside = Expected("left aside")
    assert aside.problem(None, ["ada: There is no such exercise."]) == ""
    assert "no word about it" in aside.problem(None, [])
    assert aside.problem(record(0), ["a word"]) != ""


def test_a_mark_that_is_missing_is_a_problem() -> None:
    assert "the worker was lost" in FULL.problem(None, ["ada, c/u: the worker was lost"])


@pytest.mark.parametrize(
    ("kind", "came", "status", "words"),
    [
        ("honest", record(3), 0, "0 forgeries gained 0 points"),
        ("honest", record(2), 1, "NOT AS EXPECTED: ada, c/u (a solution): expected full"),
        ("forgery", record(3), 1, "NOT AS EXPECTED: forgeries gained 3 points"),
    ],
)
def test_the_command_fails_where_a_mark_is_not_what_it_must_be(
    kind: Kind, came: Record, status: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = Entry("ada", "c/u", "u", kind, "a solution", b"", FULL)
    made = Demo([Path("c")], [Outcome(entry, came, [])], {"grade": 1.0})
    monkeypatch.setattr(run, "run_demo", lambda *args, **kwargs: made)
    done = CliRunner().invoke(main, ["demo"])
    assert done.exit_code == status
    assert words in done.output
