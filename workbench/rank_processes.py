"""`wb.ranks`: runs a function of a cell as several real processes with torch.distributed."""

import atexit
import contextlib
import linecache
import os
import re
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from workbench.codec import Decoder, Json
from workbench.errors import LinkError, RankError
from workbench.link import Link, LinkTimeout

MAX_WORLD_SIZE = 64
_START_S = 120.0  # for the fork server to import torch
_SETTLE_S = 0.3  # for what other ranks say after the first trouble
_IN_ORDER = "every rank has to make the same collective calls in the same order, and none may leave before the others"
_SERVE = "import sys; sys.path.insert(0, sys.argv[1]); from workbench.rank_server import main; main(int(sys.argv[2]))"


def ranks(
    fn: Callable[..., Any], world_size: int, per_rank: Sequence[Sequence[Any]] | None = None, timeout_s: float = 60
) -> list[Any]:
    """Runs `fn(rank, world_size, *per_rank[rank])` in one process for each rank, and returns the results by rank.

    torch.distributed is initialised in each: NCCL where there is a GPU for each rank, else gloo. What a rank prints is
    shown with its number.

    Args:
        fn: a function; one that is defined in a cell will do.
        world_size: number of ranks, 1 to 64.
        per_rank: one list of further arguments for each rank.
        timeout_s: wall time for all of it.

    Raises:
        RankError: a rank raised, died or did not end in time; the others have been stopped.
    """
    payload = _payload(fn, world_size, per_rank)
    folder = tempfile.mkdtemp(prefix="ranks-")
    try:
        return _Run(_fork_server(), fn, world_size, timeout_s).results(payload, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _payload(fn: Callable[..., Any], world_size: int, per_rank: Sequence[Sequence[Any]] | None) -> bytes:
    if type(world_size) is not int or not 1 <= world_size <= MAX_WORLD_SIZE:
        raise RankError("world_size is no number of ranks.", "wb.ranks", repr(world_size), f"1 to {MAX_WORLD_SIZE}")
    if not callable(fn):
        raise RankError("The first argument is no function.", "wb.ranks", type(fn).__name__, "fn(rank, world_size)")
    arguments = [()] * world_size if per_rank is None else [tuple(args) for args in per_rank]
    if len(arguments) != world_size:
        expected = f"one list of arguments for each of {world_size} ranks"
        raise RankError("per_rank does not fit world_size.", "wb.ranks", f"{len(arguments)} lists", expected)
    import cloudpickle

    try:
        return bytes(cloudpickle.dumps((fn, arguments)))
    except Exception as error:
        raise RankError(
            "The function, or something that it uses, cannot travel to another process.",
            where=f"wb.ranks({getattr(fn, '__name__', 'fn')}, …)",
            came=f"{type(error).__name__}: {error}"[:500],
            mend="make open files, locks, clients and iterators inside the function",
        ) from error


class _ForkServer:
    """The kernel's end of the fork server."""

    def __init__(self) -> None:
        self.control, theirs = socket.socketpair()
        self.link = Link(self.control)
        self._words = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the server
        environment = {**os.environ, "PYTORCH_NVML_BASED_CUDA_CHECK": "1"}
        home = str(Path(__file__).parents[1])
        self.process = subprocess.Popen(
            [sys.executable, "-c", _SERVE, home, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self._words,
            stderr=self._words,
        )
        theirs.close()
        try:
            self.link.receive(time.monotonic() + _START_S)
        except LinkError as error:
            self._words.seek(0)
            told = self._words.read().decode(errors="replace").strip()
            self.close()
            mend = "is torch installed here? wb.ranks needs it"
            raise RankError("The helper process of wb.ranks did not start.", came=told[-500:], mend=mend) from error

    def close(self) -> None:
        """Ends the server, which takes its ranks with it."""
        self.link.shut_down()
        self.link.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._words.close()


_server: _ForkServer | None = None


def _fork_server() -> _ForkServer:
    """Starts the server at the first use, and again where it has ended."""
    global _server
    if _server is not None and _server.process.poll() is not None:
        _give_up_server()
    if _server is None:
        _server = _ForkServer()
        atexit.register(_server.close)
    return _server


def _give_up_server() -> None:
    global _server
    if _server is not None:
        atexit.unregister(_server.close)
        _server.close()
        _server = None


class _Run:
    """One call: the ranks' values, words and ends as they come in."""

    def __init__(self, server: _ForkServer, fn: Callable[..., Any], world_size: int, timeout_s: float) -> None:
        self._server, self._world_size, self._timeout_s = server, world_size, timeout_s
        self._name = getattr(fn, "__name__", "the function")
        self._file = getattr(getattr(fn, "__code__", None), "co_filename", "")
        self._selector = selectors.DefaultSelector()
        self._links: list[Link] = []  # of ranks that have given their value; a rank stays while its link is open
        self._values: dict[int, Any] = {}
        self._errors: list[tuple[float, int, dict[str, Json]]] = []
        self._codes: dict[int, int] = {}
        self._words = [b""] * world_size
        self._stuck: dict[int, bytes] | None = None  # what faulthandler says of each rank, once asked
        self._all_ended = False

    def results(self, payload: bytes, folder: str) -> list[Any]:
        deadline_s = time.monotonic() + self._timeout_s
        try:
            self._start(payload, folder)
            while len(self._values) < self._world_size and time.monotonic() < deadline_s:
                self._listen(deadline_s)
                if self._in_trouble():
                    break
            if len(self._values) < self._world_size:
                self._raise()
            return [self._values[rank] for rank in range(self._world_size)]
        except LinkError as error:
            _give_up_server()
            what = "The helper process of wb.ranks has ended."
            raise RankError(what, came=error.what, mend="run it again") from error
        finally:
            self._stop()

    def _start(self, payload: bytes, folder: str) -> None:
        job = {
            "world_size": self._world_size,
            "store": os.path.join(folder, "store"),
            "folder": os.getcwd(),
            "path": sys.path,
            "environment": dict(os.environ),
        }
        self._selector.register(self._server.control, selectors.EVENT_READ, ("control", -1))
        self._server.link.send(job, [payload])
        for rank in range(self._world_size):
            self._server.link.receive(time.monotonic() + _START_S)
            ours, theirs = socket.socketpair()
            reader, writer = os.pipe()
            socket.send_fds(self._server.control, [b"."], [theirs.fileno(), writer])
            theirs.close()
            os.close(writer)
            os.set_blocking(reader, False)
            self._selector.register(Link(ours), selectors.EVENT_READ, ("value", rank))
            self._selector.register(reader, selectors.EVENT_READ, ("words", rank))

    def _listen(self, deadline_s: float) -> None:
        for key, _ in self._selector.select(max(0.0, min(0.1, deadline_s - time.monotonic()))):
            kind, rank = key.data
            if kind == "words":
                self._take_words(key.fd, rank)
            elif kind == "control":
                self._take_ends()
            else:
                self._take_value(key.fileobj, rank, deadline_s)

    def _take_ends(self) -> None:
        with contextlib.suppress(LinkTimeout):
            while True:  # several frames may have come at once, and only the first is announced
                header, _ = self._server.link.receive(time.monotonic())
                self._all_ended = self._all_ended or bool(header.get("all_ended"))
                if "ended" in header:
                    self._codes[header["ended"]] = header["code"]

    def _take_value(self, link: Any, rank: int, deadline_s: float) -> None:
        try:
            header, buffers = link.receive(deadline_s)
        except LinkError:  # closed, or out of time: the end of the rank, or the deadline, tells more
            header, buffers = {}, []
        self._selector.unregister(link)
        self._links.append(link)
        if header.get("ok"):
            self._values[rank] = Decoder(buffers, tensors=True).decode(header["value"])
        elif header:
            self._errors.append((header["at_s"], rank, header["error"]))

    def _take_words(self, fd: int, rank: int) -> None:
        try:
            data = os.read(fd, 65536)
        except BlockingIOError:
            return
        if not data:
            self._selector.unregister(fd)
            os.close(fd)
        if self._stuck is not None:
            self._stuck[rank] = self._stuck.get(rank, b"") + data
            return
        *lines, self._words[rank] = (self._words[rank] + data).split(b"\n")
        for line in lines if data or not self._words[rank] else [*lines, self._words[rank]]:
            print(f"[rank {rank}] {line.decode(errors='replace')}")
        if not data:
            self._words[rank] = b""

    def _in_trouble(self) -> bool:
        died = [rank for rank in self._codes if rank not in self._values and rank not in self._failed()]
        return bool(self._errors or died)

    def _failed(self) -> set[int]:
        return {rank for _, rank, _ in self._errors}

    def _raise(self) -> None:
        """Says what the first trouble was; the others' troubles mostly follow from it."""
        timed_out = not self._in_trouble()
        if timed_out:
            self._ask_where()
        settle_s = time.monotonic() + _SETTLE_S
        while time.monotonic() < settle_s:
            self._listen(settle_s)
        if timed_out:
            raise self._too_late()
        died = [rank for rank in sorted(self._codes) if rank not in self._values and rank not in self._failed()]
        if died:
            raise self._died(died[0])
        _, rank, error = min(self._errors, key=lambda entry: entry[:2])
        place = self._place(error["frames"])
        if any(word in error["text"] for word in ("gloo", "NCCL", "Connection closed")):
            what = f"Rank {rank} lost another rank in the middle of a collective call."
            raise RankError(what, where=place or self._name, came=error["text"][:200], mend=_IN_ORDER)
        raise RankError(f"Rank {rank} raised {error['type']}: {error['text'][:500]}", where=place or self._name)

    def _died(self, rank: int) -> RankError:
        code = self._codes[rank]
        if code < 0:
            how = f"was ended by the signal {signal.Signals(-code).name}"
            mend = "out of memory? SIGKILL often means that" if -code == signal.SIGKILL else "did compiled code crash?"
        else:
            how, mend = f"left with code {code} before it gave a result", "return from the function instead of exiting"
        return RankError(f"Rank {rank} {how}.", where=f"rank {rank} of {self._name}", mend=mend)

    def _too_late(self) -> RankError:
        missing = [rank for rank in range(self._world_size) if rank not in self._values]
        lines = [f"rank {rank} {self._stuck_place(rank)}" for rank in missing]
        what = f"No result from rank {', '.join(map(str, missing))} within {self._timeout_s:g} s."
        where = f"wb.ranks({self._name}, {self._world_size})"
        return RankError(what, where=where, came="; ".join(lines), mend=_IN_ORDER)

    def _ask_where(self) -> None:
        self._stuck = {}
        self._server.link.send({"where": True})

    def _stuck_place(self, rank: int) -> str:
        told = (self._stuck or {}).get(rank, b"").decode(errors="replace")
        frames = [(file, int(line), name) for file, line, name in re.findall(r'File "(.+)", line (\d+) in (\S+)', told)]
        place = self._place(frames[::-1])
        return f"waits or computes in {place}" if place else "does not answer"

    def _place(self, frames: list[Any]) -> str:
        """The deepest line of the learner's, "train, line 3: loss.backward()"."""
        for file, line, name in reversed(frames):
            if file == self._file or "ipykernel_" in file:
                return f"{name}, line {line}: {linecache.getline(file, line).strip()}".rstrip(": ")
        return ""

    def _stop(self) -> None:
        """Ends the ranks that are left, so that the server is free for the next call."""
        limit_s = time.monotonic() + 10
        for link in self._links:
            link.close()
        with contextlib.suppress(LinkError):
            if len(self._values) < self._world_size:
                self._server.link.send({"kill": True})
            while not self._all_ended and time.monotonic() < limit_s:
                self._listen(limit_s)
        if not self._all_ended:
            _give_up_server()
        for link in self._links:
            link.close()
        for key in list(self._selector.get_map().values()):
            kind, rank = key.data
            if kind == "words":
                self._take_words(key.fd, rank)
                with contextlib.suppress(KeyError, OSError):
                    self._selector.unregister(key.fd)
                    os.close(key.fd)
            elif kind == "value":
                key.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()
