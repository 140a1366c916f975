"""Kinds, dtypes and limits that both ends of the codec share."""

import sys
from dataclasses import dataclass
from functools import cache
from typing import Any

MAX_DEPTH = 64
MAX_NODES = 1_000_000
MAX_TEXT_CHARS = 4_000_000
MAX_INT_BITS = 4096
MAX_LEVELS = 32  # of a table's index
MAX_BUFFERS_BYTES = 256 * 2**20
# Keys of dicts and sets whose hashes can be made to collide: each then costs a comparison with all earlier ones.
MAX_CRAFTED_KEYS = 10_000
PLAIN_DTYPES = frozenset(
    (
        *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
        *("float16", "float32", "float64", "complex64", "complex128"),
    )
)
# dtypes that NumPy lacks: sent as their bits, read as the float32 values they stand for (exact).
BIT_DTYPES = {"bfloat16": "uint16", "float8_e4m3fn": "uint8", "float8_e5m2": "uint8"}

Json = Any


@dataclass(frozen=True)
class TensorArgument:
    """An array that shall arrive as a torch tensor on the learner's side; made by `workbench.checks.tensor`."""

    array: Any
    dtype: str | None = None
    requires_grad: bool = False


def tensor_array_type(wire_dtype: str = "") -> Any:
    """The type of NumPy arrays that were torch tensors on the learner's side, and become tensors again when sent back.

    So a served network hands tensors on as tensors, and the checker's side needs no torch. `wire_dtype`: one of
    BIT_DTYPES that NumPy lacks; the array holds the float32 values, and goes back as a tensor of that dtype.
    """
    return _tensor_array_type(wire_dtype)


@cache
def _tensor_array_type(wire_dtype: str) -> Any:
    import numpy

    base = _tensor_array_type("") if wire_dtype else numpy.ndarray
    return type(f"TensorArray_{wire_dtype}".rstrip("_"), (base,), {"wire_dtype": wire_dtype})


def is_tensor_array(value: Any) -> bool:
    return "numpy" in sys.modules and isinstance(value, tensor_array_type())


def wire_dtype(value: Any) -> str:
    """The dtype that NumPy lacks and that an array had on the learner's side, as "bfloat16"; "" for any other value."""
    return str(type(value).wire_dtype) if is_tensor_array(value) and value.dtype == "float32" else ""


def wire_bytes(array: Any) -> int:
    """Bytes that an array's numbers have on the learner's side: 2 for each of bf16, 1 for each of fp8."""
    if wire_dtype(array):
        return int(array.size) * (2 if wire_dtype(array) == "bfloat16" else 1)
    return int(array.nbytes)


def widen(bits: Any, dtype: str) -> Any:
    """The float32 values that an array of bf16 or fp8 bits stands for; exact.

    Formats: OCP 8-bit Floating Point Specification (OFP8), 2023, section 5.
    """
    import numpy

    if dtype == "bfloat16":
        return (bits.astype(numpy.uint32) << 16).view(numpy.float32)
    exponent_bits, mantissa_bits, bias = (4, 3, 7) if dtype == "float8_e4m3fn" else (5, 2, 15)
    wide = bits.astype(numpy.int64)
    sign = numpy.where(wide >> 7, -1.0, 1.0)
    exponent = (wide >> mantissa_bits) & ((1 << exponent_bits) - 1)
    mantissa = wide & ((1 << mantissa_bits) - 1)
    fraction = mantissa / (1 << mantissa_bits)
    values = numpy.where(exponent == 0, fraction * 2.0 ** (1 - bias), (1 + fraction) * 2.0 ** (exponent - bias))
    if dtype == "float8_e4m3fn":
        values = numpy.where((exponent == 15) & (mantissa == 7), numpy.nan, values)
    else:
        values = numpy.where(exponent == 31, numpy.where(mantissa == 0, numpy.inf, numpy.nan), values)
    return (sign * values).astype(numpy.float32)
