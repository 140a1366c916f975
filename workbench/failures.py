"""How a check fails, and how values are shown in its message."""

from collections.abc import Iterable
from typing import Any

_NOTHING: Any = object()  # not said; None is an answer that people give


class CheckFailed(AssertionError):
    """A check's own failure.

    Args:
        why: one sentence for the learner.
        expected, came, given: what the check wanted, what the answer was, the smallest input that shows it. None as
            `expected` or `came` is shown as None, as `given` it means that there is none.

    Attributes:
        expected, came, given: as short texts, None where they were not said.
        values: those of the three that were said, by name, as they are.
    """

    def __init__(self, why: str, *, expected: Any = _NOTHING, came: Any = _NOTHING, given: Any = None) -> None:
        super().__init__(why)
        self.why = why
        said = {"expected": expected, "came": came, "given": _NOTHING if given is None else given}
        self.values = {name: value for name, value in said.items() if value is not _NOTHING}
        texts = {name: "None" if value is None else show(value) for name, value in self.values.items()}
        self.expected, self.came, self.given = (texts.get(name) for name in said)

    def add_given(self, given: Any) -> None:
        """Says for which input this happened, where that was not said yet."""
        if self.given is None and given is not None:
            self.given, self.values["given"] = show(given), given


class NotAttempted(CheckFailed):
    """The learner's starter is still there, or its cell was not run. Never passes a check."""


class LearnerError(CheckFailed):
    """The learner's code raised an exception where the check wanted a value.

    Attributes:
        type: name of the exception's type; `bases` names its base types too.
    """

    def __init__(
        self, type: str, text: str, where: str, bases: Iterable[str] = (), *, action: str = "your code"
    ) -> None:
        why = f"{action} raised {type}: {text}" if text else f"{action} raised {type}"
        super().__init__(why, came=where or _NOTHING)
        self.type, self.bases = type, tuple(bases)


class Deadlock(CheckFailed):
    """What still runs of the learner's code waits, for ever.

    Args:
        waiting: who waits for what.
        where: the lines that wait, where they are known.
    """

    def __init__(self, waiting: str, where: str) -> None:
        super().__init__(f"deadlock: {waiting}", came=where or _NOTHING)


class TimedOut(CheckFailed):
    """The learner's code used up the time of one call."""


class LearnerGone(CheckFailed):
    """The learner's process has ended, or no longer answers."""


def show(value: Any, limit: int = 400) -> str | None:
    """A value as a short text for a message; None stays None."""
    if value is None:
        return None
    try:
        text = _text(value)
    except (ArithmeticError, LookupError, MemoryError, RuntimeError, TypeError, ValueError):
        # A learner's value, nested or shaped so that it cannot be printed, must not break the check that refuses it.
        text = f"a {type(value).__name__} that cannot be shown"
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _text(value: Any) -> str:
    import numpy

    if isinstance(value, str):
        return value
    if isinstance(value, numpy.ndarray):
        return numpy.array2string(value, precision=5, threshold=20, separator=", ") + f"  (shape {value.shape})"
    return f"{value:.6g}" if isinstance(value, float) else repr(value)
