"""How a check fails, and how values are shown in its message."""

from collections.abc import Iterable
from typing import Any


class CheckFailed(AssertionError):
    """A check's own failure.

    Args:
        why: one sentence for the learner.
        expected, came, given: what the check wanted, what the answer was, the smallest input that shows it.
    """

    def __init__(self, why: str, *, expected: Any = None, came: Any = None, given: Any = None) -> None:
        super().__init__(why)
        self.why = why
        self.expected, self.came, self.given = show(expected), show(came), show(given)


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
        super().__init__(f"{action} raised {type}: {text}" if text else f"{action} raised {type}", came=where or None)
        self.type, self.bases = type, tuple(bases)


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
