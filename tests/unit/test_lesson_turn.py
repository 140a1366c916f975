"""`wb.your_turn`: a step is not attempted, not yet right or correct, and stops nothing."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.checks import expect
from workbench.errors import KitError


def starter() -> int:
    raise NotImplementedError("combine: Return the sum.")


def said(capsys: pytest.CaptureFixture[str], attempt: Callable[[], Any], **options: Any) -> str:
    wb.your_turn("add", attempt, **options)
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("came", "want"),
    [
        (3, 3),
        (3.0000001, 3),
        (np.float32(3), 3),
        (np.array([1.0, 2.0]), [1, 2]),
        ((3, 9.0), (3, 9.0)),
        ({"a": np.array([1.0])}, {"a": [1.0]}),
        ("memory", "memory"),
        (pd.DataFrame({"k": [1, 2], "v": [3.0, 4.0]}), pd.DataFrame({"k": [1, 2], "v": [3.0, 4.0]})),
    ],
)
def test_a_step_that_holds_is_correct(came: Any, want: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert "✓ correct" in said(capsys, lambda: came, want=want)


@pytest.mark.parametrize(
    ("came", "want"), [(4, 3), ([1, 2], [1, 2, 3]), ({"a": 1}, {"b": 1}), ("disk", "memory"), (1, True), ("3", 3)]
)
def test_another_value_is_not_yet_right_with_expected_came_and_hints(
    came: Any, want: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    out = said(capsys, lambda: came, want=want, hints=["Which?", "This."])
    assert "✗ not yet" in out and "expected:" in out and "came:" in out
    assert out.index("Hint: Which?") < out.index("One more hint: This.")


def test_a_table_with_another_value_is_not_yet_right(capsys: pytest.CaptureFixture[str]) -> None:
    got, want = pd.DataFrame({"k": [1], "v": [3.0]}), pd.DataFrame({"k": [1], "v": [4.0]})
    assert "✗ not yet" in said(capsys, lambda: got, want=want)


@pytest.mark.parametrize("attempt", [starter, lambda: None])
def test_a_starter_is_not_attempted(attempt: Callable[[], Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert "… not attempted" in said(capsys, attempt, want=3)


def test_an_exception_of_the_step_is_told_and_stops_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert "your code raised ZeroDivisionError" in said(capsys, lambda: 1 / 0, want=3)


def test_without_a_wanted_value_the_function_is_the_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert "✓ correct" in said(capsys, lambda: expect(True, expected="even", came=2))
    out = said(capsys, lambda: expect(False, expected="even", came=3))
    assert "✗ not yet" in out and "even" in out and "3" in out


def test_in_a_solved_notebook_a_step_that_does_not_hold_is_an_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    assert "✓ correct" in said(capsys, lambda: 3, want=3)
    with pytest.raises(KitError, match="answer to this step does not hold"):
        wb.your_turn("add", starter, want=3)


@pytest.mark.parametrize(("attempt", "hints"), [(3, ()), (starter, "one text"), (starter, ["a", "b", "c"])])
def test_a_call_that_makes_no_sense_is_refused(attempt: Any, hints: Any) -> None:
    with pytest.raises(KitError):
        wb.your_turn("add", attempt, want=3, hints=hints)
