"""Comparators of checks: they read what an answer may honestly be, and fail with messages that help a learner."""

import math
from collections.abc import Iterable
from typing import Any

from workbench.array_comparators import as_array, close
from workbench.failures import CheckFailed, NotAttempted
from workbench.table_comparators import as_table, same_table

__all__ = ["as_array", "as_choice", "as_dict", "as_list", "as_number", "as_table", "as_text", "close", "same_table"]


def as_number(value: Any, *, kind: str | None = None, name: str = "the result") -> float:
    """The value as one finite number; fails the check otherwise. kind "int": a whole number."""
    import numpy

    if isinstance(value, numpy.ndarray) and value.size == 1 and value.dtype.kind in "fiu":
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise CheckFailed(f"{name} is no number", expected="one number", came=value)
    if abs(value) > 1e300 or not math.isfinite(value):
        raise CheckFailed(f"{name} is no finite number", expected="a finite number", came=value)
    if kind == "int" and value != int(value):
        raise CheckFailed(f"{name} is no whole number", expected="a whole number", came=value)
    return int(value) if kind == "int" else value


def as_text(value: Any, *, name: str = "the result") -> str:
    if not isinstance(value, str):
        raise CheckFailed(f"{name} is no text", expected="a text (str)", came=value)
    return value


def as_list(value: Any, *, length: int | None = None, name: str = "the result") -> list[Any]:
    """The value (list, tuple or array) as a list; fails the check for anything else or another length."""
    import numpy

    if isinstance(value, numpy.ndarray):
        value = value.tolist()
    if not isinstance(value, (list, tuple)):
        raise CheckFailed(f"{name} is no list", expected="a list", came=value)
    if length is not None and len(value) != length:
        raise CheckFailed(f"{name} has another length", expected=f"{length} items", came=f"{len(value)} items")
    return list(value)


def as_dict(value: Any, *, keys: Iterable[Any] | None = None, name: str = "the result") -> dict[Any, Any]:
    """The value as a dict that has at least these keys; fails the check otherwise."""
    if not isinstance(value, dict):
        raise CheckFailed(f"{name} is no dict", expected="a dict", came=value)
    missing = [key for key in keys or () if key not in value]
    if missing:
        raise CheckFailed(f"{name} lacks keys", expected=f"the keys {missing}", came=f"the keys {list(value)}")
    return value


def as_choice(value: Any, options: Iterable[str], *, name: str = "the answer") -> str:
    """The value as one of the options. None (nothing chosen yet) counts as not attempted."""
    if value is None:
        raise NotAttempted(f"{name} has not been chosen yet", expected=f"one of {list(options)}")
    if not isinstance(value, str) or value not in tuple(options):
        raise CheckFailed(f"{name} is none of the options", expected=f"one of {list(options)}", came=value)
    return value
