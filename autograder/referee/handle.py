"""The runner's handle on a referee's process."""

import asyncio
import contextlib
import json
import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from autograder.errors import GradingError
from autograder.nursery import Nursery
from autograder.referee.process import Assignment

PART_WALL_S = 900.0  # backstop for a check that sleeps; each call to the learner has a limit of its own


class RefereeBroke(GradingError):
    """The referee's process ended, or took too long: the fault is the check's, or this machine's."""


class Referee:
    """A referee for one kernel.

    Args:
        nursery: where its process comes from.
        link: the trusted end of the link to that kernel; closed here once the referee has it.

    Attributes:
        cpu_s: CPU seconds that its checks have taken until its last answer.
    """

    def __init__(self, nursery: Nursery, link: socket.socket, assignment: Assignment) -> None:
        self.cpu_s = 0.0
        self._control, other = multiprocessing.Pipe()
        try:
            fds = [other.fileno(), link.fileno()]
            self._pid = nursery.start(fds, json.dumps(asdict(assignment)).encode())
        finally:
            other.close()
            link.close()

    async def judge(
        self, part: str, round_number: int, *, hidden: bool, last: bool, interrupt: Callable[[], Any]
    ) -> tuple[list[dict[str, Any]], str]:
        """The outcomes of a part's checks, and why the learner's process is gone ("" if it is not).

        Args:
            hidden: run the hidden checks too.
            last: the cell may end afterwards; else it waits for another round.
            interrupt: called when the referee wants the learner's code interrupted.

        Raises:
            RefereeBroke: the checks do not load, the process ended, or the part took more than `PART_WALL_S`.
        """
        request = {"part": part, "round": round_number, "hidden": hidden, "last": last}
        with contextlib.suppress(OSError):  # it may have ended; why can still be read
            self._control.send_bytes(json.dumps(request).encode())
        deadline_s = time.monotonic() + PART_WALL_S
        while True:
            answer = await asyncio.to_thread(self._next, deadline_s)
            if "interrupt" in answer:
                await interrupt()
            elif "error" in answer:
                raise RefereeBroke("The checks do not load.", where=f"part {part}", came=str(answer["error"]))
            else:
                self.cpu_s = float(answer["cpu_s"])
                return answer["outcomes"], answer["gone"]

    def close(self) -> None:
        with contextlib.suppress(OSError):  # it may have ended already
            self._control.send_bytes(b'{"end": true}')
            if not self._control.poll(0.5):
                self._kill()
        self._control.close()

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)

    def _next(self, deadline_s: float) -> dict[str, Any]:
        try:
            if not self._control.poll(max(0.0, deadline_s - time.monotonic())):
                self._kill()
                raise RefereeBroke("A check did not come to its end.", came=f"nothing for {PART_WALL_S:g} s")
            answer: dict[str, Any] = json.loads(self._control.recv_bytes())
            return answer
        except (EOFError, OSError) as error:
            raise RefereeBroke("The referee's process ended.", came=str(error) or "end of its pipe") from error
