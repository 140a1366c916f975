"""What a proof says of results: made by hand here, without a sandbox."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autograder.build.authored import read_exercise
from autograder.catalogue.find import find_catalogue
from autograder.grade.models import Bundle, Limits, OutcomeRecord, PartResult, PartSpec, Result
from autograder.verify.judge import Row, judge
from autograder.verify.trials import Caught, FullMarks, Nothing, Trial, trials_of

ROOT = Path(__file__).parents[2]
NOT_CAUGHT = "a wrong answer is not caught by the check that it names"

SPECS = tuple(PartSpec(name=name, cell_id=f"part-{name}", max_points=2) for name in ("a", "b"))


def trial(expected: Any, again: bool = False) -> Trial:
    bundle = Bundle(exercise="c/u", files={}, skeleton={}, parts=SPECS, limits=Limits(), digest="")
    return Trial("name", "exercises/c/u", "wrong/x.py", {"cells": []}, bundle, "smoke", expected, 3, again)


def part(name: str, state: str = "passed", points: tuple[float, ...] | None = None, *, message: str = "") -> PartResult:
    """A part of two points with one check `check`."""
    earned = 2.0 if state == "passed" else 0.0
    rounds = (earned,) * 3 if points is None else points
    outcome = OutcomeRecord(
        check="check", title="", visible=True, points=2, earned=earned, state=state, message=message
    )
    lowest = min(rounds, default=0.0)
    return PartResult(name=name, max_points=2, earned=lowest, state="graded", outcomes=(outcome,), rounds=rounds)


def result(*parts: PartResult, status: str = "graded") -> Result:
    return Result(
        key="k", learner="l", exercise="c/u", status=status, sentence="Cell 3 ended it.", parts=parts, sealed=True
    )


def whats(row: Row) -> list[str]:
    return [problem.what for problem in row.problems]


def test_full_marks_with_every_seed_prove_a_right_answer():
    assert judge(trial(FullMarks()), [result(part("a"), part("b"))]).ok


def test_a_right_answer_that_loses_points_is_told_with_part_and_check():
    row = judge(trial(FullMarks()), [result(part("a"), part("b", "failed", message="rows differ"))])
    (problem,) = row.problems
    assert problem.where == "exercises/c/u/wrong/x.py, part b"
    assert "b.check failed (rows differ)" in problem.came and problem.mend


def test_a_right_answer_whose_status_is_a_fault_is_refused_even_with_full_marks():
    row = judge(trial(FullMarks()), [result(part("a"), part("b"), status="kernel died")])
    assert whats(row) == ["a right answer did not run through"] and "Cell 3" in row.problems[0].came


def test_a_written_part_is_no_part_of_the_proof():
    written = PartResult(name="b", earned=0, max_points=2, state="needs a person")
    assert judge(trial(FullMarks()), [result(part("a"), written)]).ok


def test_points_with_one_seed_only_are_points_of_a_forger():
    row = judge(trial(Nothing()), [result(part("a", "failed", points=(0, 2, 0)), part("b", "failed"))])
    assert "the name earns points without an answer" in whats(row)


def test_marks_that_change_with_the_seed_are_chance():
    row = judge(trial(FullMarks()), [result(part("a", "failed", points=(2, 0, 2)), part("b"))])
    assert "the marks depend on chance" in whats(row) and "2, 0, 2 points" in row.problems[0].came


def test_marks_that_change_in_a_new_process_are_chance():
    first, again = result(part("a"), part("b")), result(part("a"), part("b", "failed", points=(0,)))
    row = judge(trial(FullMarks(), again=True), [first, again])
    assert "the marks depend on chance" in whats(row)


def test_a_wrong_answer_that_its_check_catches_is_as_it_should_be():
    row = judge(trial(Caught(("a.check",), frozenset())), [result(part("a", "failed"), part("b"))])
    assert row.ok and row.came == "a.check"


@pytest.mark.parametrize("state", ["passed", "skipped"])
def test_a_named_check_that_passes_or_is_not_run_catches_nothing(state):
    row = judge(trial(Caught(("a.check",), frozenset())), [result(part("a", state), part("b"))])
    assert whats(row) == ["a wrong answer is not caught by the check that it names"]


def test_a_wrong_answer_that_passes_with_one_seed_is_told():
    row = judge(trial(Caught(("a.check",), frozenset())), [result(part("a", "failed", points=(0, 2, 0)), part("b"))])
    assert whats(row) == ["a wrong answer is caught with some seeds only"]


def test_other_checks_of_a_caught_part_may_pass_by_luck():
    outcomes = tuple(
        OutcomeRecord(check=name, title="", visible=True, points=1, earned=0, state="failed") for name in ("one", "two")
    )
    lucky = PartResult(name="a", earned=0, max_points=2, state="graded", outcomes=outcomes, rounds=(0, 1, 0))
    assert judge(trial(Caught(("a.one",), frozenset())), [result(lucky, part("b"))]).ok


def test_a_wrong_answer_keeps_full_marks_on_parts_that_it_does_not_name():
    row = judge(trial(Caught(("a.check",), frozenset())), [result(part("a", "failed"), part("b", "failed"))])
    assert whats(row) == ["a part that is right lost points"] and row.came == "a.check; also b.check"


def test_a_fault_is_caught_by_its_name_and_touches_the_part_of_the_replaced_cell():
    died = part("a", "not_attempted")
    row = judge(trial(Caught(("(kernel died)",), frozenset({"a"}))), [result(died, part("b"), status="kernel died")])
    assert row.ok


def test_a_fault_that_did_not_happen_is_told():
    row = judge(trial(Caught(("(timed out)",), frozenset({"a"}))), [result(part("a", "failed"), part("b"))])
    assert whats(row) == ["a wrong answer is not caught by the check that it names"]


def test_a_check_that_breaks_is_told_with_its_line_whatever_was_expected():
    broken = part("a", "broke", message="TypeError: no (check, line 12)")
    row = judge(trial(Nothing()), [result(broken, part("b", "failed"), status="check broke")])
    (problem,) = row.problems
    assert problem.where == "exercises/c/u/checks.py, a.check" and "line 12" in problem.came


def test_a_check_that_breaks_with_one_seed_only_is_told():
    broken = part("a").model_copy(update={"state": "check broke"})
    row = judge(trial(FullMarks()), [result(broken, part("b"))])
    assert [problem.where for problem in row.problems] == ["exercises/c/u/checks.py or hidden.py, part a"]


@pytest.mark.parametrize(("of_a", "problems"), [("failed", []), ("passed", [NOT_CAUGHT])])
def test_of_parts_that_were_left_out_nothing_is_said(of_a: str, problems: list[str]):
    left_out = PartResult(name="b", earned=0, max_points=2, state="not reached")
    quick = replace(trial(Caught(("a.check",), frozenset({"a"}))), only_parts=("a",))
    assert whats(judge(quick, [result(part("a", of_a), left_out)])) == problems


def test_a_quick_proof_checks_each_wrong_answer_where_it_must_be_caught_and_runs_all_the_others():
    authored = read_exercise(find_catalogue(ROOT).exercise("accelerator/memory"))
    whole, quick = ({one.name: one for one in trials_of(authored, "smoke", 1, quick=quick)} for quick in (False, True))
    assert set(whole) - set(quick) == {"solution in profile smoke"} and not set(quick) - set(whole)
    wrong = {variant.name: variant for variant in authored.variants if variant.kind == "wrong"}
    for name, variant in wrong.items():
        parts = {check.split(".")[0] for check in variant.caught_by}
        assert set(quick[f"wrong/{name}"].only_parts) == parts and whole[f"wrong/{name}"].only_parts == ()
        assert {job.only_parts for job in quick[f"wrong/{name}"].jobs()} == {quick[f"wrong/{name}"].only_parts}
    assert {one.name for one in quick.values() if one.only_parts} == {f"wrong/{name}" for name in wrong}
    assert len(quick["solution"].jobs()) == 2
