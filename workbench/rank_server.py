"""The fork server behind `wb.ranks`: a process that imports torch once and forks ranks from there.

A notebook's kernel must not be forked itself: after a backward pass a forked child hangs. Here nothing of torch has
run before the fork. This process and its ranks belong to the learner, as the kernel does: the function reaches them
by cloudpickle, and what they give back crosses by the codec.
"""

import contextlib
import faulthandler
import os
import random
import signal
import socket
import sys
import time
import traceback
from types import TracebackType
from typing import Any

from workbench.codec import Encoder, Json
from workbench.errors import CodecError, LinkError
from workbench.link import Link, LinkClosed, LinkTimeout

_POLL_S = 0.02
_LINGER_S = 1.0  # a rank that is done stays this long, so that the others can read what it last sent them
_MAX_TEXT_CHARS = 2000


def main(control_fd: int) -> None:
    """Serves one job after another until the kernel closes its end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the kernel says what becomes of its ranks
    import torch.distributed  # noqa: F401 - imported here, once, for all ranks to come

    control = socket.socket(fileno=control_fd)
    link = Link(control)
    link.send({"ready": True})
    with contextlib.suppress(LinkClosed):
        while True:
            job, buffers = link.receive()
            if "world_size" in job:  # else an order that came when its ranks had just ended
                _Job(link, control, job, buffers).run()


class _Job:
    """The ranks of one call of `wb.ranks`."""

    def __init__(self, link: Link, control: socket.socket, job: dict[str, Json], buffers: list[bytearray]) -> None:
        self._link, self._job, self._payload = link, job, bytes(buffers[0])
        self._descriptors: list[tuple[int, int]] = []
        self._control = control
        self._pids: dict[int, int] = {}

    def run(self) -> None:
        """Forks the ranks and says how each ends; kills them when the kernel says so, or is gone."""
        for _ in range(self._job["world_size"]):
            self._link.send({"next": True})  # a byte of data must not run into the descriptors' message
            _, fds, _, _ = socket.recv_fds(self._control, 1, 2)
            self._descriptors.append((fds[0], fds[1]))
        for rank in range(self._job["world_size"]):
            pid = os.fork()
            if pid == 0:
                self._become(rank)
            self._pids[pid] = rank
        for pair in self._descriptors:
            for fd in pair:
                os.close(fd)
        try:
            while self._pids:
                self._reap()
                self._obey()
        except LinkError:
            self._signal(signal.SIGKILL)
            raise
        self._link.send({"all_ended": True})

    def _reap(self) -> None:
        while self._pids:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            rank = self._pids.pop(pid, None)
            if rank is not None:
                self._link.send({"ended": rank, "code": os.waitstatus_to_exitcode(status)})

    def _obey(self) -> None:
        if not self._pids:
            return
        with contextlib.suppress(LinkTimeout):
            order, _ = self._link.receive(time.monotonic() + _POLL_S)
            self._signal(signal.SIGUSR1 if order.get("where") else signal.SIGKILL)

    def _signal(self, number: int) -> None:
        for pid in self._pids:
            with contextlib.suppress(ProcessLookupError):
                if number == signal.SIGKILL:
                    os.killpg(pid, number)
                os.kill(pid, number)

    def _become(self, rank: int) -> None:
        """The life of one rank; ends in `os._exit`, so that nothing of the server's runs in it."""
        code = 1
        try:
            os.setsid()
            self._control.close()
            own = self._descriptors[rank]
            for pair in self._descriptors:
                for fd in pair:
                    if fd not in own:
                        os.close(fd)
            os.dup2(own[1], 1)
            os.dup2(own[1], 2)
            os.close(own[1])
            faulthandler.register(signal.SIGUSR1, file=2, all_threads=False)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            _run_rank(Link(socket.socket(fileno=own[0])), rank, self._job, self._payload)
            code = 0
        finally:
            try:
                sys.stdout.flush()
                sys.stderr.flush()
            finally:  # whatever the learner's code has put in their place
                os._exit(code)


def _run_rank(link: Link, rank: int, job: dict[str, Json], payload: bytes) -> None:
    """Calls the function and sends its value, or what it raised."""
    encoder = Encoder()
    try:
        function, args = _prepare(rank, job, payload)
        value = function(rank, job["world_size"], *args)
        reply: dict[str, Json] = {"ok": True, "value": encoder.encode(value)}
        link.send(reply, encoder.buffers)
    except BaseException as error:  # noqa: BLE001 - told to the caller, who raises it
        link.send({"ok": False, "error": _describe(error), "at_s": time.monotonic()})
        return
    with contextlib.suppress(LinkError):  # the kernel closes the link when all ranks have ended
        link.receive(time.monotonic() + _LINGER_S)


def _prepare(rank: int, job: dict[str, Json], payload: bytes) -> tuple[Any, tuple[Any, ...]]:
    """Makes this process a rank: environment, process group, random state; the function and its arguments."""
    import cloudpickle
    import torch
    import torch.distributed

    sys.path[:] = job["path"]
    os.chdir(job["folder"])
    world_size = job["world_size"]
    os.environ.clear()
    os.environ.update(job["environment"])
    os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(world_size))
    os.environ.update(GLOO_SOCKET_IFNAME="lo", NCCL_SOCKET_IFNAME="lo")
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    backend = "gloo"
    if torch.cuda.is_available() and torch.cuda.device_count() >= world_size:
        backend = "nccl"
        torch.cuda.set_device(rank)
    torch.set_num_threads(max(1, len(os.sched_getaffinity(0)) // world_size))
    method = f"file://{job['store']}"
    torch.distributed.init_process_group(backend, init_method=method, rank=rank, world_size=world_size)
    if backend == "gloo":
        torch.distributed.barrier()  # else a short function may end before another rank has connected
    function, per_rank = cloudpickle.loads(payload)  # written by this learner's kernel, read by this learner's rank
    return function, tuple(per_rank[rank])


def _describe(error: BaseException) -> dict[str, Json]:
    try:
        text = error.what if isinstance(error, CodecError) else str(error)
    except BaseException:  # noqa: BLE001 - the learner's own __str__ raises
        text = ""
    frames = [(frame.filename, frame.lineno or 0, frame.name) for frame in _frames(error.__traceback__)]
    return {"type": type(error).__name__, "text": text[:_MAX_TEXT_CHARS], "frames": frames[-50:]}


def _frames(trace: TracebackType | None) -> traceback.StackSummary:
    return traceback.extract_tb(trace, limit=200)
