"""A device's memory on the checker's side: each read and write of a kernel crosses to it, and is counted there.

No number of it lies in the learner's process. So what a kernel read, how often, what it wrote and whether it left its
arrays are facts that nobody in that process can change, and a kernel without a mask harms nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.served import Refuse, Served, exposed

if TYPE_CHECKING:
    import numpy
    import pandas

FIRST_ADDRESS, SPACING = 2**40, 2**32  # so far apart that an address says which array was meant
MOST_LANES = 2**20  # of one read or write
MOST_STRAYS = 10_000  # that are remembered one by one
DTYPES = ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8")


@dataclass(frozen=True)
class Pointer:
    """Where an array begins, as a kernel gets it."""

    address: int
    dtype: str

    def data_ptr(self) -> int:
        """What Triton asks a tensor for."""
        return self.address

    def __add__(self, numbers: int) -> "Pointer":
        """The pointer to a number further on, as that of `x[numbers:]`."""
        import numpy

        return Pointer(self.address + numbers * numpy.dtype(self.dtype).itemsize, self.dtype)

    def plain(self) -> dict[str, Any]:
        """As a value that crosses to the learner's side; `workbench.kernels.launch` takes it for the pointer again."""
        return {"address": self.address, "dtype": self.dtype}


@dataclass(frozen=True)
class Stray:
    """One read or write outside of the arrays.

    Attributes:
        kind: "read" or "write".
        array: the array that was nearest; "" where none was near.
        offset: in numbers, from the first one of that array: negative is before it.
        between: whether the place is a gap between two rows.
        program: which program did it, as it said itself: good enough for a message.
    """

    kind: str
    array: str
    offset: int
    between: bool
    program: tuple[int, ...]


@dataclass(frozen=True)
class Access:
    """One instruction of one program: the places that it read or wrote, as offsets in numbers from an array's start."""

    kind: str
    array: str
    offsets: "numpy.ndarray[Any, Any]"
    program: tuple[int, ...]


@dataclass
class Placed:
    """One array in memory. `cells`: all numbers from first to last, gaps included; `places`: where those of it are."""

    name: str
    address: int
    cells: Any
    places: Any
    reads: Any = field(init=False)
    writes: Any = field(init=False)
    counts: Any = field(init=False)

    def __post_init__(self) -> None:
        import numpy

        self.reads, self.writes = (numpy.zeros(len(self.cells), dtype=numpy.int64) for _ in range(2))
        self.counts = numpy.zeros(len(self.cells), dtype=bool)
        self.counts[self.places.ravel()] = True


class Memory(Served):
    """Memory for a kernel that `workbench.kernels.launch` runs.

    Args:
        trace: whether `log` keeps each access.

    Attributes:
        strays: reads and writes outside of the arrays, the first 10,000 of them; such a read gives NaN (whole
            numbers: 0), such a write goes nowhere.
        stray_count: how many there were.
        log: each access in order, if `trace`.
    """

    def __init__(self, *, trace: bool = False) -> None:
        self._arrays: dict[str, Placed] = {}
        self._trace = trace
        self.strays: list[Stray] = []
        self.stray_count = 0
        self.log: list[Access] = []

    def place(self, name: str, values: Any, *, strides: Sequence[int] | None = None) -> Pointer:
        """Puts an array into memory.

        Args:
            strides: for each axis, by how many numbers a step along it moves in memory; None: no gaps. What lies
                between holds NaN (whole numbers: 0), and is no part of the array.

        Raises:
            ValueError: a name that is there already, another dtype than one of DTYPES, or strides that do not fit.
        """
        import numpy

        array = numpy.asarray(values)
        steps = [step // array.itemsize for step in numpy.ascontiguousarray(array).strides]
        steps = steps if strides is None else list(strides)
        if name in self._arrays or str(array.dtype) not in DTYPES or len(steps) != array.ndim or array.size == 0:
            raise ValueError(f"place: {name!r}, {array.dtype} of shape {array.shape} with strides {steps}")
        places = numpy.zeros(array.shape, dtype=numpy.int64)
        for axis, step in enumerate(steps):
            along = numpy.arange(array.shape[axis]) * step
            places += along.reshape([-1 if a == axis else 1 for a in range(array.ndim)])
        if places.min() < 0 or len(numpy.unique(places)) != array.size:
            raise ValueError(f"place: strides {steps} put two numbers of shape {array.shape} in one place")
        cells = poison(int(places.max()) + 1, array.dtype)
        cells[places] = array
        address = FIRST_ADDRESS + SPACING * (len(self._arrays) + 1)
        self._arrays[name] = Placed(name, address, cells, places)
        return Pointer(address, str(array.dtype))

    def empty(
        self, name: str, shape: Sequence[int], dtype: str = "float32", *, strides: Sequence[int] | None = None
    ) -> Pointer:
        """An array that holds NaN (whole numbers: 0) until somebody writes it."""
        import math

        return self.place(name, poison(math.prod(shape), dtype).reshape(tuple(shape)), strides=strides)

    def values(self, name: str) -> "numpy.ndarray[Any, Any]":
        """What the array holds now."""
        found = self._arrays[name]
        values: numpy.ndarray[Any, Any] = found.cells[found.places]
        return values

    def reads(self, name: str) -> "numpy.ndarray[Any, Any]":
        """How often each number of the array was read, in the array's shape."""
        found = self._arrays[name]
        counts: numpy.ndarray[Any, Any] = found.reads[found.places]
        return counts

    def writes(self, name: str) -> "numpy.ndarray[Any, Any]":
        """How often each number of the array was written, in the array's shape."""
        found = self._arrays[name]
        counts: numpy.ndarray[Any, Any] = found.writes[found.places]
        return counts

    def bytes_read(self, name: str | None = None) -> int:
        """Bytes that crossed from memory: of one array, or of all. What was masked off did not cross."""
        return sum(int(a.reads.sum()) * a.cells.itemsize for a in self._chosen(name))

    def bytes_written(self, name: str | None = None) -> int:
        """Bytes that crossed to memory: of one array, or of all."""
        return sum(int(a.writes.sum()) * a.cells.itemsize for a in self._chosen(name))

    def table(self) -> "pandas.DataFrame":
        """What crossed, array by array."""
        import pandas

        rows = {
            a.name: {
                "numbers": a.places.size,
                "read": int(a.reads[a.counts].sum()),
                "written": int(a.writes[a.counts].sum()),
                "bytes moved": self.bytes_read(a.name) + self.bytes_written(a.name),
                "outside": sum(stray.array == a.name for stray in self.strays),
            }
            for a in self._arrays.values()
        }
        return pandas.DataFrame.from_dict(rows, orient="index").rename_axis("array")

    @exposed
    def load(self, addresses: Any, dtype: Any, program: Any = ()) -> Any:
        """The numbers at these addresses, a flat array of uint64, of one dtype."""
        import numpy

        addresses = _lanes(addresses, "load")
        if dtype not in DTYPES:
            raise Refuse(f"load: this memory holds {', '.join(DTYPES)}; came {dtype!r}"[:300], type="TypeError")
        values = poison(len(addresses), dtype)
        for array, lanes, offsets in self._find(addresses, "read", program, numpy.dtype(dtype).itemsize):
            _same_dtype(array, dtype, "read")
            numpy.add.at(array.reads, offsets, 1)
            values[lanes] = array.cells[offsets]
        return values

    @exposed
    def store(self, addresses: Any, values: Any, program: Any = ()) -> None:
        """Puts numbers to these addresses, two flat arrays of one length; of two at one address the last one stays."""
        import numpy

        addresses = _lanes(addresses, "store")
        if not isinstance(values, numpy.ndarray) or values.shape != addresses.shape or str(values.dtype) not in DTYPES:
            raise Refuse("store: as many numbers as addresses are needed", type="TypeError")
        for array, lanes, offsets in self._find(addresses, "write", program, values.itemsize):
            _same_dtype(array, str(values.dtype), "written")
            numpy.add.at(array.writes, offsets, 1)
            array.cells[offsets] = values[lanes]

    def _chosen(self, name: str | None) -> list[Placed]:
        return list(self._arrays.values()) if name is None else [self._arrays[name]]

    def _find(self, addresses: Any, kind: str, program: Any, width: int) -> list[tuple[Placed, Any, Any]]:
        """For each array that was met: which lanes met it, and at which cells. What met none becomes strays."""
        import numpy

        program = tuple(program) if isinstance(program, (list, tuple)) and len(program) <= 3 else ()
        signed = addresses.astype(numpy.int64)
        nearest = (signed - FIRST_ADDRESS + SPACING // 2) // SPACING - 1
        met = []
        arrays = list(self._arrays.values())
        for number in numpy.unique(nearest).tolist():
            lanes = numpy.flatnonzero(nearest == number)
            if not 0 <= number < len(arrays):
                self._remember([Stray(kind, "", int(signed[lane]), False, program) for lane in lanes[:MOST_STRAYS]])
                continue
            array = arrays[number]
            distances = signed[lanes] - array.address
            if (distances % width).any():
                raise Refuse(f"an address lies inside of a number of {array.name}", type="ValueError")
            offsets = distances // width
            inside = (offsets >= 0) & (offsets < len(array.cells))
            inside[inside] = array.counts[offsets[inside]]
            outside = offsets[~inside].tolist()
            self._remember([Stray(kind, array.name, at, 0 <= at < len(array.cells), program) for at in outside])
            if inside.any():
                met.append((array, lanes[inside], offsets[inside]))
            if self._trace:
                self.log.append(Access(kind, array.name, offsets, program))
        return met

    def _remember(self, strays: list[Stray]) -> None:
        self.stray_count += len(strays)
        self.strays += strays[: MOST_STRAYS - len(self.strays)]


def poison(size: int, dtype: Any) -> Any:
    """Numbers that nobody put there: NaN, or 0 of whole numbers, which have no NaN."""
    import numpy

    return numpy.full(size, numpy.nan if numpy.dtype(dtype).kind == "f" else 0, dtype=dtype)


def masked_off(size: int, dtype: Any) -> Any:
    """What lanes hold that are masked off and were given no `other`: NaN and infinity in turn.

    A maximum passes over NaN, and a sum of exp(-x) over infinity: neither hides both.
    """
    values = poison(size, dtype)
    if values.dtype.kind == "f":
        values[1::2] = float("inf")
    return values


def _lanes(addresses: Any, what: str) -> Any:
    import numpy

    fits = isinstance(addresses, numpy.ndarray) and addresses.dtype == numpy.uint64 and addresses.ndim == 1
    if not fits or addresses.size > MOST_LANES or (addresses >= 2**62).any():
        raise Refuse(f"{what}: a flat array of at most 2**20 addresses is needed", type="TypeError")
    return addresses


def _same_dtype(array: Placed, dtype: str, what: str) -> None:
    if str(array.cells.dtype) != dtype:
        raise Refuse(f"{array.name} holds {array.cells.dtype}, and was {what} as {dtype}", type="TypeError")
