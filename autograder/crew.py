"""Processes of trust that do one job each, for a process that has threads or an event loop and must not fork itself.

They are forked by one nursery, which is started at the first job and has imported everything once. A job and what
belongs to it go over a pipe; its answer comes back, or the end of the process does, which is an answer too.
"""

import atexit
import contextlib
import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Sequence
from multiprocessing.connection import Connection
from typing import Any

from autograder.errors import GradingError, SandboxError
from autograder.nursery import Nursery


class JobEndedError(GradingError):
    """The process of a job ended without an answer, or gave none in time."""


class Crew:
    """Asks for jobs to be done. Safe from several threads.

    Args:
        module: where `work(fds, request)` is, which calls `answer`, and `prepare(request)` where there is one.
        unended, ended: what is said of a job that does not end, and of a process that ended without an answer.
    """

    def __init__(self, module: str, *, unended: str, ended: str, prepare: str = "") -> None:
        self._module, self._unended, self._ended, self._prepare = module, unended, ended, prepare
        self._lock = threading.Lock()
        self._nursery: Nursery | None = None
        self._running: set[int] = set()
        atexit.register(self._close)

    def get_ready(self) -> None:
        """Starts the nursery and does not wait for it: it imports meanwhile."""
        with self._lock:
            self._made()

    def do(
        self,
        pieces: Iterable[bytes],
        fds: Sequence[int] = (),
        *,
        wall_s: float,
        where: str = "",
        request: bytes = b"-",
    ) -> Any:
        """What `answer`'s function gave back for these pieces.

        Args:
            fds: descriptors that the job gets copies of.
            request: for the nursery's `prepare`.

        Raises:
            JobEndedError: the process ended without an answer.
            GradingError: it broke, or none could be started: a fault of this machine or of the kit, never a mark.
            SandboxError: no sandbox can be had here.
        """
        ours, theirs = multiprocessing.Pipe()
        pid = self._start([theirs.fileno(), *fds], request)
        theirs.close()
        self._running.add(pid)
        try:
            for piece in pieces:
                ours.send_bytes(piece)
            if not ours.poll(wall_s):
                os.kill(pid, signal.SIGKILL)
                raise JobEndedError(self._unended, where=where, came=f"nothing for {wall_s:.0f} s")
            said = json.loads(ours.recv_bytes())
        except (EOFError, OSError) as error:
            raise JobEndedError(self._ended, where=where, came=repr(error)) from error
        finally:
            self._running.discard(pid)
            ours.close()
        if "error" in said:
            kind = SandboxError if said["kind"] == "SandboxError" else GradingError
            raise kind(*said["error"])
        return said["value"]

    def end_jobs(self) -> None:
        """Ends the jobs that are done now; each `do` raises a GradingError."""
        for pid in list(self._running):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _start(self, fds: list[int], request: bytes) -> int:
        with self._lock:
            try:
                return self._made().start(fds, request)
            except GradingError:
                self._nursery = None  # the next try makes a new one
                raise

    def _made(self) -> Nursery:
        if self._nursery is None:
            self._nursery = Nursery.spawn(self._module, "work", self._prepare)
        return self._nursery

    def _close(self) -> None:
        if self._nursery is not None:
            self._nursery.close()


def answer(fds: list[int], do: Callable[[Connection, list[int]], Any]) -> None:
    """The worker's side of a job: what `do(pipe, fds)` gives back, as JSON, or its fault, goes back over the pipe."""
    pipe = Connection(fds[0])
    try:
        message: dict[str, Any] = {"value": do(pipe, fds[1:])}
    except (GradingError, SandboxError) as error:
        message = {"kind": type(error).__name__, "error": list(error.args)}
    with contextlib.suppress(BrokenPipeError):  # who asked has ended: nobody waits for the answer
        pipe.send_bytes(json.dumps(message).encode())
