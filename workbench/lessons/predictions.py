"""`wb.predict` and `wb.settle`: a number that the reader believes, beside the one that was measured."""

from dataclasses import dataclass
from typing import Any

from workbench import notes
from workbench.lessons.controls import controls
from workbench.lessons.shown import LessonError, as_number, as_sentence, bundle, number_text, prose, show

CLOSE = 0.1  # within a tenth counts as close


@dataclass
class _Prediction:
    name: str
    question: str
    unit: str
    guess: float | None = None
    late: bool = False  # given when the measurement was already to be seen
    settled: tuple[float, str] | None = None  # the measurement and its explanation
    shown: Any = None  # the handle of the settled output


_predictions: dict[str, _Prediction] = {}


def predict(name: str, question: str, unit: str = "", guess: float | None = None) -> None:
    """Asks for a number before it is measured. Nothing waits for it: a notebook runs on without an answer.

    Args:
        name: what `settle` calls it.
        question: the question, a sentence or two.
        unit: of the number, for example "tasks" or "GB".
        guess: the number, for readers without widgets.

    Raises:
        LessonError: an empty name or question, or a guess that is no number.
    """
    where = f"wb.predict({name!r})"
    as_sentence(name, "The prediction's name", where)
    question = as_sentence(question, "The question", where)
    before = _predictions.get(name)
    kept = before.guess if before and guess is None else guess
    known = None if kept is None else as_number(kept, where)
    _predictions[name] = prediction = _Prediction(name, question, unit, known)
    said = f"You said {number_text(known, unit)}." if known is not None else ""
    how = f"Your number{f' of {unit}' if unit else ''}: write guess=… into this call and run the cell again."
    show(
        "\n".join([f"Predict: {question}", said or how]),
        f"<p><strong>Predict:</strong> {prose(question)}</p><p>{prose(said or how)}</p>",
        widget=lambda: _field(prediction),
    )


def settle(name: str, measured: Any, unit: str = "", why: str = "") -> None:
    """Shows the measured number beside the reader's, and says how far apart they are.

    Args:
        name: of the prediction.
        measured: one finite number.
        unit: as in `predict`, which need not be repeated.
        why: explains the difference; shown under it.

    Raises:
        LessonError: `measured` is no number, no prediction of that name was asked for, or it had another unit.
    """
    where = f"wb.settle({name!r})"
    value = as_number(measured, where)
    prediction = _predictions.get(name)
    if prediction is None:
        raise LessonError(
            "No prediction of this name was asked for.",
            where=where,
            came=repr(name),
            expected=" or ".join(map(repr, _predictions)) or f"a cell with wb.predict({name!r}, …) that has run",
            mend="run the cell that asks for the prediction first, or correct the name",
        )
    if unit and prediction.unit and unit != prediction.unit:
        raise LessonError("The units differ.", where=where, came=unit, expected=f"{prediction.unit}, as in wb.predict")
    prediction.unit = prediction.unit or unit
    prediction.settled, prediction.late = (value, why.strip()), False
    _record(prediction)
    prediction.shown = show(*_verdict(prediction))


def compared(guess: float, measured: float, unit: str = "") -> str:
    """The sentence: "You said 17 tasks; measured 64 tasks: off by 47, a factor of 3.8."."""
    start = f"You said {number_text(guess, unit)}; measured {number_text(measured, unit)}"
    if guess == measured:
        return f"{start}: exactly right."
    off = abs(measured - guess)
    if measured and off <= CLOSE * abs(measured):
        share = off / abs(measured)
        return f"{start}: close, within {'1' if share < 0.01 else f'{100 * share:.0f}'} %."
    factor = max(guess / measured, measured / guess) if guess > 0 and measured > 0 else 0
    return f"{start}: off by {number_text(off)}" + (f", a factor of {_factor(factor)}." if factor else ".")


def _factor(factor: float) -> str:
    return f"{factor:.1f}".removesuffix(".0") if factor < 10 else number_text(float(f"{factor:.2g}"))


def _verdict(prediction: _Prediction) -> tuple[str, str]:
    """What `settle` shows: text and HTML."""
    assert prediction.settled is not None
    measured, why = prediction.settled
    if prediction.guess is None:
        sentence = f"Measured: {number_text(measured, prediction.unit)}. You made no prediction."
    else:
        sentence = compared(prediction.guess, measured, prediction.unit)
        sentence += " (You saw the measurement first.)" if prediction.late else ""
    page = f"<p><strong>{prose(sentence)}</strong></p>" + (f"<p>{prose(why)}</p>" if why else "")
    return "\n".join(filter(None, [sentence, why])), page


def _field(prediction: _Prediction) -> Any:
    """A field for the number, and a line that says what was understood."""

    def answer(action: dict[str, Any]) -> str:
        prediction.guess, said = _read(action["text"], prediction.unit)
        prediction.late = prediction.settled is not None and prediction.guess is not None
        if prediction.settled is not None and prediction.shown is not None:
            prediction.shown.update(bundle(*_verdict(prediction)), raw=True)
        _record(prediction)
        return said

    spec = {
        "kind": "text",
        "question": f"<strong>Predict:</strong> {prose(prediction.question)}",
        "label": f"Your number{f' of {prediction.unit}' if prediction.unit else ''}:",
        "value": "" if prediction.guess is None else number_text(prediction.guess).replace(",", ""),
        "placeholder": "a number, then run on",
    }
    return controls(spec, answer)


def _record(prediction: _Prediction) -> None:
    """Into the learner's own records; a guess that came after the measurement is none."""
    if prediction.guess is not None and not prediction.late:
        measured = prediction.settled[0] if prediction.settled else None
        notes.prediction(prediction.name, prediction.guess, measured)


def _read(text: str, unit: str) -> tuple[float | None, str]:
    """The number that somebody typed, and the answer to it; 1,000 and 2e9 are numbers."""
    if not text.strip():
        return None, ""
    try:
        value = as_number(float(text.replace(",", "").replace("_", "").strip()), "")
    except (ValueError, LessonError):
        return None, "<p>Please write a number, as 17 or 2.5.</p>"
    return value, f"<p>Noted: {number_text(value, prose(unit))}.</p>"
