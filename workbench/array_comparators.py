"""Comparators of arrays: the shapes and numbers that checks look at most."""

from typing import Any

from workbench.failures import CheckFailed


def as_array(
    value: Any, *, shape: tuple[int, ...] | None = None, kind: str | None = None, name: str = "the result"
) -> Any:
    """The value as a NumPy array; fails the check when it is none, or has another shape or kind.

    kind: "float", "int" or "bool".
    """
    import numpy

    wanted = _describe_array(shape, kind)
    if isinstance(value, (str, bytes, dict, set)) or value is None:
        raise CheckFailed(f"{name} is no array", expected=wanted, came=value)
    try:
        array = numpy.asarray(value)
    except ValueError:
        raise CheckFailed(f"{name} has rows of unequal length", expected=wanted, came=value) from None
    except (OverflowError, TypeError):
        raise CheckFailed(f"{name} is no array of numbers", expected=wanted, came=value) from None
    if array.dtype.kind not in "biufc":
        raise CheckFailed(f"{name} is no array of numbers", expected=wanted, came=value)
    if shape is not None and array.shape != tuple(shape):
        raise CheckFailed(f"{name} has another shape", expected=f"shape {tuple(shape)}", came=f"shape {array.shape}")
    kinds = {"float": "f", "int": "iu", "bool": "b"}
    if kind is not None and array.dtype.kind not in kinds[kind]:
        raise CheckFailed(f"{name} has another type", expected=f"{kind} numbers", came=str(array.dtype))
    return array


def close(got: Any, want: Any, rtol: float = 1e-6, atol: float = 1e-9) -> bool:
    """Whether all numbers agree within the tolerances; other shapes or NaN where there should be none do not."""
    import numpy

    want_array = numpy.asarray(want)
    try:
        got_array = numpy.asarray(got)
    except (OverflowError, TypeError, ValueError):  # rows of unequal length, or no numbers
        return False
    if got_array.dtype.kind not in "biufc" or (got_array.size == 0 and want_array.size > 0):
        return False
    if got_array.shape != want_array.shape and want_array.ndim > 0:
        return False
    return bool(numpy.allclose(got_array, want_array, rtol=rtol, atol=atol, equal_nan=True))


def _describe_array(shape: tuple[int, ...] | None, kind: str | None) -> str:
    return f"an array of {kind or 'numbers'}" + (f" of shape {tuple(shape)}" if shape is not None else "")
