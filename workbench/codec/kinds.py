"""Kinds, dtypes and limits that both ends of the codec share."""

import sys
from dataclasses import dataclass
from functools import cache
from typing import Any

MAX_DEPTH = 64
MAX_NODES = 1_000_000
MAX_TEXT_CHARS = 4_000_000
MAX_INT_BITS = 4096
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


@cache
def tensor_array_type() -> Any:
    """A NumPy array that was a torch tensor on the learner's side, and becomes one again when it is sent back.

    So a served network hands tensors on as tensors, and the checker's side needs no torch.
    """
    import numpy

    class TensorArray(numpy.ndarray):
        pass

    return TensorArray


def is_tensor_array(value: Any) -> bool:
    return "numpy" in sys.modules and isinstance(value, tensor_array_type())


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
