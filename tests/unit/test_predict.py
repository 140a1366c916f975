"""`wb.predict` and `wb.settle`: what is said, with and without a prediction, typed or given, early or late."""

from typing import Any

import numpy as np
import pytest

import workbench as wb
from workbench.errors import KitError
from workbench.lessons import predictions
from workbench.lessons.predictions import compared
from workbench.lessons.shown import LessonError, number_text


@pytest.fixture(autouse=True)
def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictions, "_predictions", {})


@pytest.mark.parametrize(
    ("guess", "measured", "sentence"),
    [
        (17, 64, "You said 17 tasks; measured 64 tasks: off by 47, a factor of 3.8."),
        (64, 64, "You said 64 tasks; measured 64 tasks: exactly right."),
        (60, 64, "You said 60 tasks; measured 64 tasks: close, within 6 %."),
        (0, 64, "You said 0 tasks; measured 64 tasks: off by 64."),
        (-2, 64, "You said -2 tasks; measured 64 tasks: off by 66."),
        (5, 0, "You said 5 tasks; measured 0 tasks: off by 5."),
        (64000, 64, "You said 64,000 tasks; measured 64 tasks: off by 63,936, a factor of 1,000."),
    ],
)
def test_the_sentence_names_both_numbers_and_how_far_apart_they_are(
    guess: float, measured: float, sentence: str
) -> None:
    assert compared(guess, measured, "tasks") == sentence


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (64, "64"),
        (1_000_000, "1,000,000"),
        (0.0213, "0.0213"),
        (2.0, "2"),
        (187.25, "187"),
        (1.9e11, "1.9 × 10^11"),
        (2e-7, "2 × 10^-7"),
    ],
)
def test_numbers_are_written_for_people(value: float, text: str) -> None:
    assert number_text(value) == text


def test_the_measured_number_stands_beside_the_given_one(capsys: pytest.CaptureFixture[str]) -> None:
    wb.predict("join", "How many tasks?", unit="tasks", guess=17)
    wb.settle("join", 64, why="Dask sees 4 partitions.")
    out = capsys.readouterr().out
    assert "You said 17 tasks; measured 64 tasks" in out
    assert "Dask sees 4 partitions." in out


def test_without_a_prediction_the_measured_number_alone_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    wb.predict("join", "How many tasks?", unit="tasks")
    wb.settle("join", np.int64(64))
    assert "Measured: 64 tasks. You made no prediction." in capsys.readouterr().out


def test_a_second_run_of_the_question_keeps_the_number(capsys: pytest.CaptureFixture[str]) -> None:
    wb.predict("join", "How many?", guess=17)
    wb.predict("join", "How many?")
    wb.settle("join", 64)
    assert "You said 17; measured 64" in capsys.readouterr().out


@pytest.mark.parametrize("measured", [float("nan"), "64", None, True, [64, 65], np.zeros(3)])
def test_a_measurement_that_is_no_number_is_refused(measured: Any) -> None:
    wb.predict("join", "How many?")
    with pytest.raises(KitError, match="This is no number"):
        wb.settle("join", measured)


def test_a_name_that_was_not_asked_for_is_refused_with_those_that_were() -> None:
    wb.predict("join", "How many?")
    with pytest.raises(KitError, match="'join'"):
        wb.settle("jion", 3)


def test_another_unit_is_refused() -> None:
    wb.predict("time", "How long?", unit="ms")
    with pytest.raises(KitError, match="The units differ"):
        wb.settle("time", 3, unit="s")


def test_an_error_is_shown_in_a_notebook_without_a_traceback() -> None:
    with pytest.raises(LessonError) as caught:
        wb.settle("never", 1)
    assert caught.value._render_traceback_() == [str(caught.value)]


def test_a_typed_number_is_kept_and_said_back(capsys: pytest.CaptureFixture[str]) -> None:
    wb.predict("join", "How many?", unit="tasks")
    field = predictions._field(predictions._predictions["join"])
    field.act({"text": "1,024"})
    assert "Noted: 1,024 tasks." in field.said
    wb.settle("join", 64)
    assert "You said 1,024 tasks; measured 64 tasks" in capsys.readouterr().out


@pytest.mark.parametrize("typed", ["many", "inf", "nan", "1e999", "<script>"])
def test_what_is_no_number_is_answered_and_not_kept(typed: str) -> None:
    wb.predict("join", "How many?")
    prediction = predictions._predictions["join"]
    field = predictions._field(prediction)
    field.act({"text": typed})
    assert prediction.guess is None
    assert "Please write a number" in field.said and typed not in field.said


def test_a_number_that_is_typed_after_the_measurement_changes_what_is_shown_and_says_so() -> None:
    class Handle:
        shown: dict[str, Any] | None = None

        def update(self, data: dict[str, Any], raw: bool) -> None:
            self.shown = data

    wb.predict("join", "How many?")
    prediction = predictions._predictions["join"]
    field = predictions._field(prediction)
    wb.settle("join", 64)
    prediction.shown = handle = Handle()
    field.act({"text": "60"})
    assert handle.shown is not None
    assert "You said 60; measured 64" in handle.shown["text/plain"]
    assert "saw the measurement first" in handle.shown["text/plain"]


def test_the_field_has_a_label_that_names_the_unit() -> None:
    wb.predict("join", "How many?", unit="tasks")
    field = predictions._field(predictions._predictions["join"])
    assert field.spec["label"] == "Your number of tasks:"
