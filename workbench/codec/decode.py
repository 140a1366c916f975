"""The receiving side of the codec."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from workbench.codec.kinds import (
    BIT_DTYPES,
    MAX_BUFFERS_BYTES,
    MAX_CRAFTED_KEYS,
    MAX_DEPTH,
    MAX_INT_BITS,
    MAX_LEVELS,
    MAX_NODES,
    PLAIN_DTYPES,
    Json,
    tensor_array_type,
    widen,
)
from workbench.errors import CodecError

# Not Exception: the referee's own "this check computes too long" has to pass.
_WHAT_A_HOSTILE_TREE_RAISES = (
    *(ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, RuntimeError, TypeError, ValueError),
)


class Decoder:
    """Reads what an Encoder wrote; every size, name and depth is checked, since the other side may be hostile.

    Args:
        buffers: the message's raw buffers.
        tensors: turn ``tensor`` tags into torch tensors (the learner's side); else into NumPy arrays.
        special: called with each tagged object of an unknown kind; returns its value or raises CodecError.
    """

    def __init__(
        self,
        buffers: Sequence[bytes | bytearray],
        *,
        tensors: bool = False,
        special: Callable[[dict[str, Json]], Any] | None = None,
    ) -> None:
        self._buffers = buffers
        self._tensors = tensors
        self._special = special
        self._nodes = 0
        self._crafted_keys = 0

    def decode(self, tree: Json) -> Any:
        """The value of a tree.

        Raises:
            CodecError: it is none, or larger than allowed.
        """
        try:
            return self._value(tree, 0)
        except _WHAT_A_HOSTILE_TREE_RAISES as error:
            came = f"{type(error).__name__}: {error}"[:300]
            raise CodecError("Bytes that are no value arrived.", came=came) from error

    def _value(self, tree: Json, depth: int) -> Any:
        self._nodes += 1
        if depth > 4 * MAX_DEPTH or self._nodes > MAX_NODES:
            limit = f"≤ {MAX_NODES:,} values, ≤ {4 * MAX_DEPTH} levels"
            raise CodecError("The value has too many parts.", expected=limit)
        if tree is None or isinstance(tree, (bool, int, float, str)):
            return tree
        if isinstance(tree, list):
            return [self._value(item, depth + 1) for item in tree]
        kind = tree.get("$") if isinstance(tree, dict) else None
        read = getattr(self, f"_read_{kind}", None) if isinstance(kind, str) and kind.isidentifier() else None
        if read is not None:
            return read(tree, depth)
        if self._special is not None:
            return self._special(tree)
        raise CodecError("Bytes that are no value arrived.", came=f"kind {str(kind)[:40]!r}")

    def _read_int(self, tree: dict[str, Json], depth: int) -> int:
        text = tree["hex"]
        if not isinstance(text, str) or len(text) > MAX_INT_BITS // 4 + 4:
            raise ValueError("an integer of this length is not allowed")
        return int(text, 16)

    def _read_float(self, tree: dict[str, Json], depth: int) -> float:
        return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[tree["v"]]

    def _read_complex(self, tree: dict[str, Json], depth: int) -> complex:
        return complex(float(self._value(tree["re"], depth + 1)), float(self._value(tree["im"], depth + 1)))

    def _read_bytes(self, tree: dict[str, Json], depth: int) -> bytes:
        return bytes(self._take(tree))

    def _read_tuple(self, tree: dict[str, Json], depth: int) -> tuple[Any, ...]:
        return tuple(self._items(tree, depth))

    def _read_set(self, tree: dict[str, Json], depth: int) -> set[Any]:
        items = self._items(tree, depth)
        self._count_keys(items)
        return set(items)

    def _read_dict(self, tree: dict[str, Json], depth: int) -> dict[Any, Any]:
        if not isinstance(tree["items"], list):
            raise TypeError("items is a list")
        pairs = [(self._value(k, depth + 1), self._value(v, depth + 1)) for k, v in tree["items"]]
        self._count_keys([key for key, _ in pairs])
        return dict(pairs)

    def _read_array(self, tree: dict[str, Json], depth: int) -> Any:
        dtype = tree["dtype"]
        if dtype not in PLAIN_DTYPES:
            raise ValueError(f"dtype {str(dtype)[:40]!r} is not allowed")
        return self._marked(tree, self._array(tree, dtype))

    def _read_bits(self, tree: dict[str, Json], depth: int) -> Any:
        name = tree["dtype"]
        array = widen(self._array(tree, BIT_DTYPES[name]), name)
        return self._marked({**tree, "wire": name}, array, name)

    def _marked(self, tree: dict[str, Json], array: Any, wire_dtype: str = "") -> Any:
        """What was a torch tensor is one again on the learner's side, and is remembered as one on the checker's.

        Only bits are remembered as such: an array that came with 4 bytes for each number counts as 4 bytes.
        """
        if tree.get("torch") is not True:
            return array
        if not self._tensors:
            return array.view(tensor_array_type(wire_dtype))
        import torch

        tensor = torch.from_numpy(array)
        return tensor.to(getattr(torch, tree["wire"])) if tree.get("wire") in BIT_DTYPES else tensor

    def _read_items(self, tree: dict[str, Json], depth: int) -> Any:
        import numpy

        shape, items = self._shape(tree), self._items(tree, depth)
        if math.prod(shape) != len(items):
            raise ValueError("the number of items is not that of the shape")
        array = numpy.empty(len(items), dtype=object)
        for i, item in enumerate(items):
            array[i] = item
        return array.reshape(shape)

    def _read_tensor(self, tree: dict[str, Json], depth: int) -> Any:
        import numpy

        array = self._value(tree["array"], depth + 1)
        if not isinstance(array, numpy.ndarray):
            raise TypeError("a tensor is made of an array")
        if not self._tensors:
            return array
        import torch

        tensor = torch.from_numpy(array)
        if tree["dtype"] is not None:
            tensor = tensor.to(getattr(torch, tree["dtype"]))
        return tensor.requires_grad_(True) if tree["requires_grad"] else tensor

    def _read_missing(self, tree: dict[str, Json], depth: int) -> Any:
        import pandas

        return pandas.NA

    def _read_datetime(self, tree: dict[str, Json], depth: int) -> Any:
        return self._pandas_scalar("Timestamp", tree)

    def _read_timedelta(self, tree: dict[str, Json], depth: int) -> Any:
        return self._pandas_scalar("Timedelta", tree)

    def _read_series(self, tree: dict[str, Json], depth: int) -> Any:
        import pandas

        data, index = self._column(tree["data"], depth), self._index(tree, depth)
        return pandas.Series(data, index=index, name=self._value(tree["name"], depth + 1))

    def _read_frame(self, tree: dict[str, Json], depth: int) -> Any:
        import pandas

        columns = self._value(tree["columns"], depth + 1)
        index = self._index(tree, depth)
        data = [pandas.Series(self._column(column, depth), index=index) for column in tree["data"]]
        if len(data) != len(columns) or any(len(column) != len(index) for column in data):
            raise ValueError("the columns of the table do not fit its names or its index")
        frame = pandas.concat(data, axis=1) if data else pandas.DataFrame(index=index)
        frame.columns = pandas.Index(columns)
        _check_labels(columns)
        return frame

    def _index(self, tree: dict[str, Json], depth: int) -> Any:
        """The rows' labels, with the name of each level."""
        import pandas

        labels = self._column(tree["index"], depth)
        _check_labels(labels)
        names = [self._value(name, depth + 1) for name in tree.get("index_names", [None])]
        if not 1 <= len(names) <= MAX_LEVELS:
            raise ValueError("an index has a few levels")
        if len(names) == 1:
            return pandas.Index(labels, name=names[0], tupleize_cols=False)
        if not len(labels):
            return pandas.MultiIndex.from_arrays([[] for _ in names], names=names)
        return pandas.MultiIndex.from_tuples(labels, names=names)

    def _column(self, tree: Json, depth: int) -> Any:
        import numpy

        column = self._value(tree, depth + 1)
        # No Series: one without rows would be filled up to the length of any index.
        if not isinstance(column, list) and not (isinstance(column, numpy.ndarray) and column.ndim == 1):
            raise ValueError("a column is a list or an array of one dimension")
        return column

    def _pandas_scalar(self, kind: str, tree: dict[str, Json]) -> Any:
        import pandas

        text = tree["v"]
        if not isinstance(text, str) or len(text) > 64:
            raise ValueError("a date is a short text")
        return getattr(pandas, kind)(text)

    def _items(self, tree: dict[str, Json], depth: int) -> list[Any]:
        if not isinstance(tree["items"], list):
            raise TypeError("items is a list")
        return [self._value(item, depth + 1) for item in tree["items"]]

    def _count_keys(self, keys: list[Any]) -> None:
        """Text hashes by a secret seed, and short numbers spread; tuples and long integers can be made to collide."""
        self._crafted_keys += sum(not isinstance(key, (str, bytes)) and not _is_short_number(key) for key in keys)
        if self._crafted_keys > MAX_CRAFTED_KEYS:
            raise CodecError("A dict or set has too many keys of this type.", expected=f"≤ {MAX_CRAFTED_KEYS:,}")

    def _shape(self, tree: dict[str, Json]) -> tuple[int, ...]:
        shape = tree["shape"]
        if not isinstance(shape, list) or len(shape) > 32 or not all(type(n) is int and 0 <= n < 2**40 for n in shape):
            raise ValueError("a shape is a list of at most 32 sizes")
        if math.prod(max(size, 1) for size in shape) > MAX_BUFFERS_BYTES:
            raise ValueError("an array without items, whose other sides are longer than any array may be")
        return tuple(shape)

    def _array(self, tree: dict[str, Json], dtype: str) -> Any:
        import numpy

        shape, data = self._shape(tree), self._take(tree)
        if math.prod(shape) * numpy.dtype(dtype).itemsize != len(data):
            raise ValueError("the buffer's size is not that of the shape")
        if not isinstance(data, bytearray):
            data = bytearray(data)  # makes the array writable
        return numpy.frombuffer(data, dtype=dtype).reshape(shape)

    def _take(self, tree: dict[str, Json]) -> bytes | bytearray:
        index = tree["buffer"]
        if type(index) is not int or not 0 <= index < len(self._buffers):
            raise ValueError("there is no such buffer")
        return self._buffers[index]


def _check_labels(labels: Any) -> None:
    """Raises TypeError for a label, as a list, that pandas would raise for only later, in the hands of a check."""
    if isinstance(labels, list) or labels.dtype == object:
        hash(tuple(labels))


def _is_short_number(key: Any) -> bool:
    return isinstance(key, (int, float)) and -(2**60) < key < 2**60
