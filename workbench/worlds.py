"""Ready-made served objects. `Network`: ranks that talk, with every message and byte counted on the checker's side."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from workbench.codec import wire_bytes
from workbench.codec.kinds import wire_dtype
from workbench.served import Park, Refuse, Served, exposed


@dataclass(frozen=True)
class Message:
    """One send, or one rank's part in a collective.

    `size_bytes` and `elements` are those of the value that this rank handed over, whatever the collective then does
    with it: an all-reduce of 10 float32 numbers is 40 bytes for each rank, of 10 bf16 numbers 20, a barrier none.
    """

    kind: str
    rank: int
    peer: int | None
    size_bytes: int
    elements: int


@dataclass
class Round:
    """One collective: what each rank brought, and the results once all have come."""

    calls: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    results: dict[int, Any] = field(default_factory=dict)
    refusal: str = ""


class Network:
    """Connects `world_size` ranks. A deadlock is found by the submission, and named by what each rank waits for.

    Args:
        world_size: number of ranks.
        buffered: a send returns at once; else it waits until its message is received (rendezvous).
    """

    def __init__(self, world_size: int, *, buffered: bool = True) -> None:
        self.world_size, self.buffered = world_size, buffered
        self.log: list[Message] = []
        self._queues: dict[tuple[int, int], deque[Any]] = {}
        self._unreceived: dict[int, tuple[int, int]] = {}  # rank → (peer, how many of its messages must be received)
        self._received: dict[tuple[int, int], int] = {}
        self._sent: dict[tuple[int, int], int] = {}
        self._rounds: dict[int, Round] = {}
        self._round_of: dict[int, int] = dict.fromkeys(range(world_size), 0)

    def rank(self, rank: int) -> "Comm":
        """The communicator to serve to this rank."""
        return Comm(self, rank)

    def bytes_sent(self, rank: int | None = None, kind: str | None = "send") -> int:
        """Bytes that a rank handed over, in messages of one kind.

        An array counts with the item size that it has in the learner's code (2 bytes for bf16, 1 for fp8), a number
        with 8, text with its length, a container with its items; names, shapes and the protocol count nothing.

        Args:
            rank: None for all ranks together.
            kind: "send" counts point-to-point messages alone; or a collective's name; None for all kinds.
        """
        return sum(message.size_bytes for message in self.messages(kind, rank))

    def messages(self, kind: str | None = None, rank: int | None = None) -> list[Message]:
        """The messages of one kind (None: of all) that a rank (None: any) handed over, in order."""
        return [m for m in self.log if kind in (None, m.kind) and rank in (None, m.rank)]

    def send(self, rank: int, to: Any, value: Any) -> None:
        peer = self._peer(rank, to, "send(to=…)")
        if rank not in self._unreceived:  # not a repeated attempt of a send that waits
            self._queues.setdefault((rank, peer), deque()).append(value)
            self._sent[rank, peer] = self._sent.get((rank, peer), 0) + 1
            self.log.append(Message("send", rank, peer, *_size(value)))
            if self.buffered:
                return
            self._unreceived[rank] = (peer, self._sent[rank, peer])
        peer, needed = self._unreceived[rank]
        if self._received.get((rank, peer), 0) < needed:
            raise Park(f"rank {rank} waits in send(to={peer})")
        del self._unreceived[rank]

    def recv(self, rank: int, source: Any) -> Any:
        peer = self._peer(rank, source, "recv(source=…)")
        waiting = self._queues.get((peer, rank))
        if not waiting:
            raise Park(f"rank {rank} waits in recv(source={peer})")
        self._received[peer, rank] = self._received.get((peer, rank), 0) + 1
        return waiting.popleft()

    def collective(self, rank: int, kind: str, value: Any = None, **options: Any) -> Any:
        """One rank's part in a collective: waits until every rank has come, then gives each its result."""
        index = self._round_of[rank]
        this = self._rounds.setdefault(index, Round())
        if rank not in this.calls:
            this.calls[rank] = (kind, value, options)
            self.log.append(Message(kind, rank, None, *_size(value)))
        if len(this.calls) < self.world_size and not this.refusal:
            this.refusal = self._disagreement(this)
            if not this.refusal:
                raise Park(f"rank {rank} waits in {_describe(kind, value, options, dtype=True)}")
        if not this.results and not this.refusal:
            this.refusal = self._disagreement(this)
        if this.refusal:
            raise Refuse(this.refusal, type="ValueError")
        if not this.results:
            this.results = _combine(kind, [this.calls[r][1] for r in range(self.world_size)], options)
        self._round_of[rank] += 1
        return this.results[rank]

    def _peer(self, rank: int, peer: Any, call: str) -> int:
        if isinstance(peer, bool) or not isinstance(peer, int) or not 0 <= peer < self.world_size or peer == rank:
            text = f"rank {rank}: {call} wants another rank, 0 to {self.world_size - 1}; came {peer!r}"
            raise Refuse(text, type="ValueError")
        return peer

    def _disagreement(self, this: Round) -> str:
        """All ranks must make the same call with arrays of one shape; says who differs."""
        told = {rank: _describe(*call) for rank, call in sorted(this.calls.items())}
        if len(set(told.values())) <= 1:
            return ""
        each = "; ".join(f"rank {rank}: {text}" for rank, text in told.items())
        return "the ranks do not make the same call: " + each


class Comm(Served):
    """One rank's view of a Network; the learner's code gets a proxy of it, with `rank` and `world_size`."""

    def __init__(self, network: Network, rank: int) -> None:
        self._network, self._rank = network, rank
        self.constants = {"rank": rank, "world_size": network.world_size}  # type: ignore[misc]

    @exposed
    def send(self, to: Any, value: Any) -> None:
        self._network.send(self._rank, to, value)

    @exposed
    def recv(self, source: Any) -> Any:
        return self._network.recv(self._rank, source)

    @exposed
    def all_reduce(self, array: Any, op: Any = "sum") -> Any:
        array = _array(array, "all_reduce")
        return self._network.collective(self._rank, "all_reduce", array, op=_op(op, array, "all_reduce"))

    @exposed
    def all_gather(self, array: Any) -> Any:
        return self._network.collective(self._rank, "all_gather", _array(array, "all_gather"))

    @exposed
    def reduce_scatter(self, array: Any, op: Any = "sum") -> Any:
        array = _array(array, "reduce_scatter")
        if array.ndim != 1 or array.size % self._network.world_size:
            text = f"reduce_scatter wants a flat array whose length the {self._network.world_size} ranks divide; "
            raise Refuse(text + f"came shape {array.shape}", type="ValueError")
        return self._network.collective(self._rank, "reduce_scatter", array, op=_op(op, array, "reduce_scatter"))

    @exposed
    def broadcast(self, array: Any, source: Any) -> Any:
        if isinstance(source, bool) or not isinstance(source, int) or not 0 <= source < self._network.world_size:
            raise Refuse(f"broadcast wants a rank as source; came {source!r}", type="ValueError")
        return self._network.collective(self._rank, "broadcast", _array(array, "broadcast"), source=source)

    @exposed
    def barrier(self) -> None:
        self._network.collective(self._rank, "barrier")


def _array(value: Any, call: str) -> Any:
    import numpy

    if isinstance(value, numpy.ndarray) and value.dtype.kind in "fiub":
        return value
    raise Refuse(f"comm.{call} takes a tensor of numbers, or a NumPy array; {_what_came(value)}", type="TypeError")


def _what_came(value: Any) -> str:
    if isinstance(value, (int, float)):
        return f"a Python {type(value).__name__} came: write torch.tensor([n])"
    if hasattr(value, "dtype"):
        return f"{value.dtype} came"
    return "None came" if value is None else f"a {type(value).__name__} came"


def _op(op: Any, array: Any, call: str) -> str:
    if not isinstance(op, str) or op not in ("sum", "mean", "max", "min"):
        raise Refuse(f"op is one of sum, mean, max, min; came {op!r}", type="ValueError")
    if op == "mean" and array.dtype.kind != "f":  # it would have to be rounded
        text = f"comm.{call} does not give the mean of whole numbers: send a float tensor, or take the sum; "
        raise Refuse(text + f"{array.dtype} came", type="TypeError")
    return str(op)


def _describe(kind: str, value: Any, options: dict[str, Any], *, dtype: bool = False) -> str:
    array = value is not None and hasattr(value, "shape")
    shape = f" of shape {value.shape}" if array else ""
    numbers = f", {wire_dtype(value) or value.dtype}" if array and dtype else ""
    return kind + shape + numbers + "".join(f", {name} {text}" for name, text in options.items())


def _size(value: Any) -> tuple[int, int]:
    """Bytes and elements of a value: an array's own, 8 bytes for a number, text by length, lists by their items."""
    if hasattr(value, "nbytes"):
        return wire_bytes(value), int(value.size)
    if isinstance(value, (str, bytes)):
        return len(value), 1
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, (list, tuple, set)):
        sizes = [_size(item) for item in value]
        return sum(size for size, _ in sizes), sum(count for _, count in sizes)
    return (0, 0) if value is None else (8, 1)


def _combine(kind: str, values: list[Any], options: dict[str, Any]) -> dict[int, Any]:
    """Each rank's result, of the type that rank 0 brought.

    Sums run in rank order, so that they are the same each time.
    """
    import numpy

    ranks = range(len(values))
    if kind == "barrier":
        return dict.fromkeys(ranks)
    like = type(values[0])
    if kind == "broadcast":
        return {rank: values[options["source"]].copy() for rank in ranks}
    if kind == "all_gather":
        return {rank: [value.copy() for value in values] for rank in ranks}
    stacked = numpy.stack(values)
    total = getattr(numpy, options["op"])(stacked, axis=0)  # a bare number where the arrays have no dimension
    total = numpy.asarray(total).astype(stacked.dtype).view(like)
    if kind == "reduce_scatter":
        return {rank: chunk.copy() for rank, chunk in enumerate(numpy.split(total, len(values)))}
    return {rank: total.copy() for rank in ranks}
