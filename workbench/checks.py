"""What checks.py and hidden.py import: parts, checks, and comparators whose messages help a learner.

A check is a function of a `Submission`. It fails by raising CheckFailed, which the comparators do, or by a plain
`assert` with a text.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from workbench.codec import TensorArgument
from workbench.comparators import (
    as_array,
    as_choice,
    as_dict,
    as_list,
    as_number,
    as_table,
    as_text,
    close,
    same_table,
)
from workbench.errors import KitError
from workbench.failures import CheckFailed, LearnerError, LearnerGone, NotAttempted, TimedOut, show

__all__ = [
    "Check",
    "CheckFailed",
    "LearnerError",
    "LearnerGone",
    "NotAttempted",
    "Part",
    "TimedOut",
    "as_array",
    "as_choice",
    "as_dict",
    "as_list",
    "as_number",
    "as_table",
    "as_text",
    "close",
    "expect",
    "part",
    "same_table",
    "show",
    "tensor",
]

CheckFunction = Callable[[Any], None]


@dataclass(frozen=True)
class Check:
    """One check of a part. `points` is earned when `function` returns."""

    name: str
    title: str
    points: float
    hints: tuple[str, ...]
    visible: bool
    function: CheckFunction = field(repr=False)


@dataclass
class Part:
    """A graded part: its points are the sum of its checks' points."""

    name: str
    title: str
    checks: list[Check] = field(default_factory=list)

    @property
    def points(self) -> float:
        return sum(check.points for check in self.checks)

    def check(
        self, *, points: float, title: str = "", hints: Iterable[str] = ()
    ) -> Callable[[CheckFunction], CheckFunction]:
        """Decorator: makes a function a check of this part; visible in checks.py, hidden in hidden.py."""

        def add(function: CheckFunction) -> CheckFunction:
            where = f"check {self.name}.{function.__name__}"
            if not (math.isfinite(points) and points > 0):
                raise KitError("A check is worth no points.", where=where, came=repr(points), expected="points above 0")
            if len(tuple(hints)) > 2 or isinstance(hints, str):
                raise KitError("A check has at most two hints.", where=where, expected='hints=["first", "second"]')
            if any(known.name == function.__name__ for known in self.checks):
                raise KitError("Two checks of a part have one name.", where=where, mend="rename one of them")
            name = function.__name__
            text = title or name.replace("_", " ").capitalize()
            visible = not _loading_hidden
            self.checks.append(Check(name, text, float(points), tuple(hints), visible, function))
            return function

        return add


# Filled while workbench.loading loads a checks.py; hidden.py adds checks to the same parts.
_loading_parts: dict[str, Part] = {}
_loading_hidden = False


def part(name: str, title: str) -> Part:
    """Declares a graded part; `wb.check(name)` runs its visible checks."""
    if not name.replace("-", "_").isidentifier():
        what = "A part's name must be letters, digits, - and _."
        raise KitError(what, where=f"part {name!r}", expected="softmax-rows")
    if name in _loading_parts:
        raise KitError("Two parts have one name.", where=f"part {name!r}", mend="rename one of them")
    _loading_parts[name] = Part(name, title)
    return _loading_parts[name]


def tensor(array: Any, dtype: str | None = None, requires_grad: bool = False) -> TensorArgument:
    """Marks an array to arrive as a torch tensor in the learner's function.

    dtype: a torch dtype's name, as "bfloat16".
    """
    import numpy

    return TensorArgument(numpy.asarray(array), dtype, requires_grad)


def expect(condition: Any, *, expected: Any, came: Any, given: Any = None, why: str = "") -> None:
    """Fails the check unless the condition holds; the message says what was expected, what came, and for which input.

    Values are shown short; a text is shown as it is. None as `expected` or `came` is shown as None.
    """
    if not bool(condition):
        raise CheckFailed(why, expected=expected, came=came, given=given)
