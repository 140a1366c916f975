"""Comparators of checks: they read what an answer may honestly be, and fail with messages that help a learner."""

import math
from collections.abc import Iterable
from typing import Any

from workbench.failures import CheckFailed, NotAttempted


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
    if array.dtype.kind not in "biufc":
        raise CheckFailed(f"{name} is no array of numbers", expected=wanted, came=value)
    if shape is not None and array.shape != tuple(shape):
        raise CheckFailed(f"{name} has another shape", expected=f"shape {tuple(shape)}", came=f"shape {array.shape}")
    kinds = {"float": "f", "int": "iu", "bool": "b"}
    if kind is not None and array.dtype.kind not in kinds[kind]:
        raise CheckFailed(f"{name} has another type", expected=f"{kind} numbers", came=str(array.dtype))
    return array


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


def close(got: Any, want: Any, rtol: float = 1e-6, atol: float = 1e-9) -> bool:
    """Whether all numbers agree within the tolerances; other shapes or NaN where there should be none do not."""
    import numpy

    want_array = numpy.asarray(want)
    try:
        got_array = numpy.asarray(got)
    except ValueError:  # rows of unequal length
        return False
    if got_array.dtype.kind not in "biufc" or (got_array.size == 0 and want_array.size > 0):
        return False
    if got_array.shape != want_array.shape and want_array.ndim > 0:
        return False
    return bool(numpy.allclose(got_array, want_array, rtol=rtol, atol=atol, equal_nan=True))


def same_table(got: Any, want: Any, keys: str | list[str], rtol: float = 1e-6) -> None:
    """Fails the check unless two tables hold the same rows, in any order; `keys` name the columns that identify a row.

    Dask's text has `<NA>` where pandas has NaN, and columns come as categories, text or objects: only the values count.
    """
    import pandas

    keys = [keys] if isinstance(keys, str) else list(keys)
    if isinstance(got, pandas.Series):
        got = got.to_frame()
    if not isinstance(got, pandas.DataFrame):
        raise CheckFailed("the result is no table", expected="a pandas DataFrame", came=got)
    if not got.columns.is_unique:
        raise CheckFailed("two columns have one name", expected="one column of each name", came=list(got.columns))
    got, want = _flat(got, keys), _flat(want, keys)
    if any(name not in got.columns for name in want.columns):
        raise CheckFailed("columns are missing", expected=f"the columns {list(want.columns)}", came=list(got.columns))
    if len(got) != len(want):
        raise CheckFailed("another number of rows", expected=f"{len(want)} rows", came=f"{len(got)} rows")
    rows_got, rows_want = (_rows(table, list(want.columns), keys) for table in (got, want))
    for row_got, row_want in zip(rows_got, rows_want, strict=True):
        for name in want.columns:
            if not _same_cell(row_got[name], row_want[name], rtol):
                at = {key: row_want[key] for key in keys}
                raise CheckFailed(f"column {name} differs", expected=row_want[name], came=row_got[name], given=at)


def _describe_array(shape: tuple[int, ...] | None, kind: str | None) -> str:
    return f"an array of {kind or 'numbers'}" + (f" of shape {tuple(shape)}" if shape is not None else "")


def _flat(table: Any, keys: list[str]) -> Any:
    """The table with its keys as columns, whether they were columns or the index."""
    if all(key in table.columns for key in keys):
        return table
    try:
        return table.reset_index()
    except ValueError:  # a level of the index has the name of a column: the caller names the column that is missing
        return table


def _rows(table: Any, columns: list[str], keys: list[str]) -> list[dict[str, Any]]:
    values = (table[name].tolist() for name in columns)
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*values, strict=True)]
    return sorted(rows, key=lambda row: tuple(str(_number_or_text(row[key])) for key in keys))


def _number_or_text(value: Any) -> Any:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def _same_cell(got: Any, want: Any, rtol: float) -> bool:
    import pandas

    if pandas.api.types.is_scalar(got) and pandas.isna(got):
        return bool(pandas.api.types.is_scalar(want) and pandas.isna(want))
    if isinstance(want, float) or isinstance(got, float):
        return isinstance(got, (int, float)) and isinstance(want, (int, float)) and close(got, want, rtol=rtol)
    return bool(type(got) is type(want) and got == want)
