"""Comparators of tables: they read pandas tables that may hold anything, and fail with messages that help a learner."""

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from workbench.array_comparators import as_array, close
from workbench.failures import CheckFailed, show

# What a cell may be beside a missing value; numbers and text of NumPy arrive as Python's.
_SCALARS = (bool, int, float, str, bytes)


def as_table(
    value: Any,
    *,
    columns: Sequence[Hashable] | None = None,
    numeric: Sequence[Hashable] = (),
    name: str = "the result",
) -> Any:
    """The value as a clean pandas table: these columns in this order (None: all), and rows numbered from 0.

    A check can compute with what it returns, whatever the learner's code sent: each column is there once, and each
    cell is a number, a text, a date or a missing value. A Series counts as a table with one column.

    Args:
        columns: the wanted columns; further ones are left out.
        numeric: of these, the ones that become arrays of whole or real numbers, with NaN for what is missing.

    Raises:
        CheckFailed: no table; a column that is missing or there twice; a cell that holds a list, a table or another
            object; complex numbers, truth values or text where numbers are wanted.
    """
    import pandas

    if isinstance(value, pandas.Series):
        value = value.to_frame()
    if not isinstance(value, pandas.DataFrame):
        raise CheckFailed(f"{name} is no table", expected="a pandas DataFrame", came=value)
    wanted = value.columns.tolist() if columns is None else list(columns)
    places = _places(value, [*wanted, *(column for column in numeric if column not in wanted)], name)
    cells = {
        column: _numbers(value.iloc[:, place], f"column {column} of {name}")
        if column in numeric
        else _plain_cells(value.iloc[:, place], f"column {column} of {name}")
        for column, place in places.items()
    }
    table = pandas.DataFrame(cells, index=pandas.RangeIndex(len(value)))
    table.columns = pandas.Index(list(places), tupleize_cols=False)
    return table


def same_table(
    got: Any,
    want: Any,
    keys: Hashable | list[Hashable],
    rtol: float = 1e-6,
    atol: float = 1e-9,
    given: Callable[[dict[Hashable, Any]], Any] | None = None,
) -> None:
    """Fails the check unless two tables hold the same rows, in any order; `keys` name the columns that identify a row.

    Dask's text has `<NA>` where pandas has NaN, and columns come as categories, text or objects: only the values count.
    Columns may also be levels of the index.

    Args:
        rtol, atol: tolerances of real numbers.
        given: what to show as the input of the row that differs, from its keys; the keys themselves, if left out.

    Raises:
        CheckFailed: its `values` hold what was expected, what came, and the keys of the row, as they are.
    """
    keys = list(keys) if isinstance(keys, list) else [keys]
    wanted = as_table(_flat(want, keys), name="what the check expects")
    columns = wanted.columns.tolist()
    got = as_table(_flat(got, columns), columns=columns)
    if len(got) != len(wanted):
        raise CheckFailed("another number of rows", expected=f"{len(wanted)} rows", came=f"{len(got)} rows")
    for row_got, row_want in zip(_rows(got, keys), _rows(wanted, keys), strict=True):
        for column, cell in row_want.items():
            if not _same_cell(row_got[column], cell, rtol, atol):
                at = {key: row_want[key] for key in keys}
                told = at if given is None else given(at)
                failure = CheckFailed(f"column {column} differs", expected=cell, came=row_got[column], given=told)
                failure.expected, failure.came = _cell_text(cell), _cell_text(row_got[column])
                raise failure


def _places(table: Any, columns: Sequence[Hashable], name: str) -> dict[Hashable, int]:
    """Where each column stands."""
    came = table.columns.tolist()
    found = {column: [i for i, known in enumerate(came) if _same_label(known, column)] for column in columns}
    for column, places in found.items():
        if len(places) == 1:
            continue
        why = f"{name} has two columns {column}" if places else f"{name} has no column {column}"
        if any(_same_label(level, column) for level in table.index.names):
            why += f": {column} is the index; reset_index() makes it a column"
        raise CheckFailed(why, expected=f"the columns {list(columns)}, each once", came=f"the columns {came}")
    return {column: places[0] for column, places in found.items()}


def _same_label(known: Any, wanted: Any) -> bool:
    return type(known) is type(wanted) and bool(known == wanted)


def _numbers(column: Any, label: str) -> Any:
    import numpy

    if isinstance(column.dtype, numpy.dtype) and column.dtype.kind in "iuf":
        return numpy.asarray(column)
    cells = [numpy.nan if _is_missing(cell) else cell for cell in column.tolist()]
    if any(isinstance(cell, (bool, complex)) for cell in cells):
        raise CheckFailed(f"{label} holds no real numbers", expected="whole or real numbers", came=column.tolist()[:8])
    return as_array(cells, shape=(len(cells),), name=label)


def _plain_cells(column: Any, label: str) -> Any:
    """The cells as objects: None where one is missing."""
    import pandas

    cells = [None if _is_missing(cell) else cell for cell in column.tolist()]
    allowed = (*_SCALARS, pandas.Timestamp, pandas.Timedelta)
    odd = next((cell for cell in cells if not (cell is None or isinstance(cell, allowed))), None)
    if odd is not None:
        why = f"a cell in {label} is no number, text or date"
        raise CheckFailed(why, expected="a number, a text or a date in each cell", came=odd)
    return pandas.Series(cells, dtype=object)


def _is_missing(cell: Any) -> bool:
    import pandas

    return cell is None or cell is pandas.NA or cell is pandas.NaT or (isinstance(cell, float) and cell != cell)


def _flat(table: Any, wanted: list[Hashable]) -> Any:
    """The table with the wanted columns as columns, where they were levels of the index."""
    import pandas

    if isinstance(table, pandas.Series):
        table = table.to_frame()
    if not isinstance(table, pandas.DataFrame):
        return table
    columns = table.columns.tolist()
    levels = [level for level in table.index.names if level in wanted and level not in columns]
    return table.reset_index(level=levels) if levels else table


def _rows(table: Any, keys: list[Hashable]) -> list[dict[Hashable, Any]]:
    columns = table.columns.tolist()
    cells = (table.iloc[:, place].tolist() for place in range(len(columns)))
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*cells, strict=True)]
    return sorted(rows, key=lambda row: tuple(_order(row[key]) for key in keys))


def _order(value: Any) -> tuple[str, Any]:
    """Numbers before texts before the rest; a number and its float side by side."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return "number", value
    return "text" if isinstance(value, str) else "value", str(value)


def _cell_text(cell: Any) -> str | None:
    """As a message shows it: what is missing, and a text without letters, would be easily overlooked."""
    return "missing" if cell is None else "'' (empty text)" if cell == "" else show(cell)


def _same_cell(got: Any, want: Any, rtol: float, atol: float) -> bool:
    if got is None or want is None:
        return got is want
    if isinstance(want, float) or isinstance(got, float):
        numbers = all(isinstance(cell, (int, float)) for cell in (got, want))
        return numbers and close(got, want, rtol=rtol, atol=atol)
    return bool(type(got) is type(want) and got == want)
