"""The sending side of the codec."""

import datetime
import decimal
import enum
import fractions
import math
import sys
from collections.abc import Callable, ItemsView, KeysView, Mapping, ValuesView
from typing import Any

from workbench.codec.kinds import (
    BIT_DTYPES,
    MAX_BUFFERS_BYTES,
    MAX_DEPTH,
    MAX_INT_BITS,
    MAX_TEXT_CHARS,
    PLAIN_DTYPES,
    Json,
    TensorArgument,
    is_tensor_array,
    wire_dtype,
)
from workbench.errors import CodecError


class Encoder:
    """Encodes one message: `tree = encoder.encode(value)`, then send `encoder.buffers` after it.

    Args:
        special: called first with each value; returns a tagged object, or None for an ordinary value. Served
            objects cross this way.
    """

    def __init__(self, special: Callable[[Any], dict[str, Json] | None] | None = None) -> None:
        self.buffers: list[bytes] = []
        self._special = special
        self._size_bytes = 0

    def encode(self, value: Any, depth: int = 0) -> Json:
        if depth > MAX_DEPTH:
            raise CodecError("The value is nested too deeply.", expected=f"at most {MAX_DEPTH} levels")
        if value is None or value is True or value is False:
            return value
        if self._special is not None and (tag := self._special(value)) is not None:
            return tag
        for encode in (self._plain, self._container, self._numpy, self._torch, self._pandas, self._odd):
            tree = encode(value, depth)
            if tree is not None:
                return tree
        kind = type(value)
        raise CodecError(
            f"A value of type {kind.__module__}.{kind.__qualname__} cannot be handed over.",
            expected="numbers, text, lists, tuples, dicts, sets, NumPy arrays, torch tensors or pandas tables",
            mend="return plain values instead of the object",
        )

    def _plain(self, value: Any, depth: int) -> Json:
        if isinstance(value, enum.Enum):
            return self.encode(value.value, depth + 1)
        if isinstance(value, int):
            number = int(value)
            if number.bit_length() <= 53:
                return number
            if number.bit_length() > MAX_INT_BITS:
                came = f"{number.bit_length()} bits"
                raise CodecError("The integer is too large.", came=came, expected=f"≤ {MAX_INT_BITS} bits")
            return {"$": "int", "hex": hex(number)}
        if isinstance(value, float):
            number_f = float(value)
            return number_f if math.isfinite(number_f) else {"$": "float", "v": repr(number_f)}
        if isinstance(value, str):
            text = str(value)
            if len(text) > MAX_TEXT_CHARS:
                came = f"{len(text):,} characters"
                raise CodecError("The text is too long.", came=came, expected=f"≤ {MAX_TEXT_CHARS:,}")
            return text.encode("utf-8", "backslashreplace").decode()
        if isinstance(value, complex):
            return {"$": "complex", "re": self._plain(value.real, depth), "im": self._plain(value.imag, depth)}
        if isinstance(value, (bytes, bytearray, memoryview)):
            return {"$": "bytes", "buffer": self._buffer(bytes(value))}
        return None

    def _container(self, value: Any, depth: int) -> Json:
        if isinstance(value, list):
            return [self.encode(item, depth + 1) for item in value]
        if isinstance(value, tuple):  # namedtuple and torch.Size too
            return {"$": "tuple", "items": [self.encode(item, depth + 1) for item in value]}
        if isinstance(value, Mapping):  # OrderedDict, defaultdict, Counter, state_dict()
            pairs = [[self.encode(k, depth + 1), self.encode(v, depth + 1)] for k, v in value.items()]
            return {"$": "dict", "items": pairs}
        if isinstance(value, (set, frozenset)):
            return {"$": "set", "items": [self.encode(item, depth + 1) for item in value]}
        if isinstance(value, (range, KeysView, ValuesView, ItemsView)):
            return [self.encode(item, depth + 1) for item in value]
        return None

    def _numpy(self, value: Any, depth: int) -> Json:
        numpy = sys.modules.get("numpy")
        if numpy is None or not isinstance(value, (numpy.ndarray, numpy.generic)):
            return None
        if isinstance(value, numpy.ma.MaskedArray):
            raise CodecError("A masked array cannot be handed over.", mend="fill it first: array.filled(…)")
        if isinstance(value, (numpy.datetime64, numpy.timedelta64)):
            return self._text_kind("datetime" if isinstance(value, numpy.datetime64) else "timedelta", str(value))
        array = numpy.asarray(value)
        if array.dtype.kind in "OUSMmT":  # objects, text, dates: item by item; a date's tolist() may be a bare integer
            flat = array.ravel()
            values = list(flat) if array.dtype.kind in "Mm" else flat.tolist()
            items = [self.encode(item, depth + 1) for item in values]
            return {"$": "items", "shape": list(array.shape), "items": items}
        name = array.dtype.newbyteorder("=").name
        if name not in PLAIN_DTYPES:
            raise _dtype_error("An array", str(array.dtype))
        if isinstance(value, numpy.generic):
            return self.encode(value.item(), depth + 1)
        data = numpy.ascontiguousarray(array, dtype=name)
        tree = {"$": "array", "dtype": name, "shape": list(array.shape), "buffer": self._buffer(data.tobytes())}
        if not is_tensor_array(value):
            return tree
        return {**tree, "torch": True, "wire": wire_dtype(value)} if wire_dtype(value) else {**tree, "torch": True}

    def _torch(self, value: Any, depth: int) -> Json:
        torch = sys.modules.get("torch")
        if isinstance(value, TensorArgument):
            tree = dict(self.encode(value.array, depth + 1))
            return {"$": "tensor", "array": tree, "dtype": value.dtype, "requires_grad": value.requires_grad}
        if torch is None:
            return None
        if isinstance(value, torch.Tensor):
            tensor = value.detach().to("cpu").resolve_conj().resolve_neg()
            if tensor.layout is not torch.strided:
                tensor = tensor.to_dense()
            name = str(tensor.dtype).removeprefix("torch.")
            shape = list(tensor.shape)
            if name in BIT_DTYPES:
                bits = tensor.contiguous().view(getattr(torch, BIT_DTYPES[name])).numpy()
                buffer = self._buffer(bits.tobytes())
                return {"$": "bits", "dtype": name, "shape": shape, "buffer": buffer, "torch": True}
            if name not in PLAIN_DTYPES:
                raise _dtype_error("A tensor", name)
            return {**self._numpy(tensor.contiguous().numpy(), depth), "torch": True}
        if isinstance(value, (torch.dtype, torch.device)):
            return str(value)
        return None

    def _pandas(self, value: Any, depth: int) -> Json:
        pandas = sys.modules.get("pandas")
        if pandas is None:
            return None
        if value is pandas.NA or value is pandas.NaT:
            return {"$": "missing"}
        if isinstance(value, (pandas.Timestamp, pandas.Timedelta)):
            kind = "datetime" if isinstance(value, pandas.Timestamp) else "timedelta"
            return self._text_kind(kind, value.isoformat())
        if isinstance(value, (pandas.Period, pandas.Interval)):
            return str(value)
        if isinstance(value, pandas.DataFrame):
            columns = [self.encode(name, depth + 1) for name in value.columns]
            data: list[Json] = [self._column(value.iloc[:, i], depth) for i in range(value.shape[1])]
            return {"$": "frame", "columns": columns, "data": data, **self._index(value.index, depth)}
        if isinstance(value, pandas.Series):
            name, column = self.encode(value.name, depth + 1), self._column(value, depth)
            return {"$": "series", "name": name, "data": column, **self._index(value.index, depth)}
        if isinstance(value, pandas.Index):
            return self._column(value, depth)
        if isinstance(value, pandas.api.extensions.ExtensionArray):
            return self._column(pandas.Series(value), depth)
        return None

    def _index(self, index: Any, depth: int) -> dict[str, Json]:
        names = [self.encode(name, depth + 1) for name in index.names]
        return {"index": self._column(index, depth), "index_names": names}

    def _column(self, column: Any, depth: int) -> Json:
        """One column: an array where NumPy has its type, else items (text, categories, dates, missing values)."""
        if getattr(column, "nlevels", 1) == 1 and str(column.dtype) in PLAIN_DTYPES:
            return self._numpy(column.to_numpy(), depth)
        return [self.encode(item, depth + 1) for item in column.tolist()]

    def _odd(self, value: Any, depth: int) -> Json:
        if isinstance(value, datetime.timedelta):
            return {"$": "timedelta", "v": f"PT{value.total_seconds()!r}S"}
        if isinstance(value, (datetime.datetime, datetime.date)):
            return self._text_kind("datetime", value.isoformat())
        if isinstance(value, fractions.Fraction):
            return self._plain(float(value), depth)
        if isinstance(value, decimal.Decimal):
            return self._plain(float(value), depth)
        return None

    def _text_kind(self, kind: str, text: str) -> Json:
        return {"$": kind, "v": text}

    def _buffer(self, data: bytes) -> int:
        self._size_bytes += len(data)
        if self._size_bytes > MAX_BUFFERS_BYTES:
            limit = f"≤ {MAX_BUFFERS_BYTES // 2**20} MiB of arrays in one message"
            raise CodecError("The value is too large.", expected=limit)
        self.buffers.append(data)
        return len(self.buffers) - 1


def _dtype_error(what: str, came: str) -> CodecError:
    allowed = ", ".join(sorted(PLAIN_DTYPES))
    return CodecError(f"{what} of this dtype cannot be handed over.", came=came, expected=allowed)
