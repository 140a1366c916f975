"""Runs a part's visible checks in a learner's own process, over the same link as the grader's.

The learner's functions run on the calling thread, so that they may be interrupted; the checks run on a thread beside
it.
"""

import hashlib
import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any

from workbench.channel import DID_NOT_STOP
from workbench.checks import Check, Part
from workbench.learner_code import stop_threads
from workbench.link import Link
from workbench.loading import load_probes
from workbench.running import Outcome, run_part
from workbench.serve import Server
from workbench.submission import Channel, Submission

# Said by the checks' own thread: the learner's code holds the other one, and nothing but its end lets go of it.
STUCK = (
    "Your code did not stop when its time was up, and still runs. Should this cell not end soon, choose Restart Kernel "
    "in the menu Kernel: what is written in the notebook stays; then run its cells again from the top."
)


def run_local(part: Part, namespace: dict[str, Any], folder: Path) -> list[Outcome]:
    """The outcomes of the part's visible checks against these names.

    Random inputs are the same each time, so that a failure that was shown is still there to be mended.

    Raises:
        KeyboardInterrupt: the user stopped it.
    """
    learner_end, checker_end = socket.socketpair()
    interrupts = _Interrupts()
    server = Server(Link(learner_end), namespace, by_check=interrupts.take)
    checker_link = Link(checker_end)
    channel = Channel(checker_link, time.process_time, interrupts.send)
    probes = load_probes(folder)
    outcomes: list[Outcome] = []
    failures: list[BaseException] = []

    def submission_for(check: Check) -> Submission:
        import numpy

        seed = int.from_bytes(hashlib.sha256(f"{part.name}/{check.name}".encode()).digest()[:8], "big")
        return Submission(channel, numpy.random.default_rng(seed), probes)

    def check_all() -> None:
        try:
            outcomes.extend(run_part(part, submission_for, hidden=False))
        except BaseException as error:  # noqa: BLE001 - raised again on the calling thread
            failures.append(error)
        finally:
            if channel.gone == DID_NOT_STOP:
                print(STUCK, flush=True)
            channel.close()
            checker_link.shut_down()  # ends the server even where the channel was given up
            checker_link.close()

    checker = threading.Thread(target=check_all, daemon=True, name="workbench-checks")
    checker.start()
    try:
        server.run()
        checker.join()
    finally:
        server.close()
    if failures:
        raise failures[0]
    return outcomes


class _Interrupts:
    """Tells the check's own interrupts, when a call's time is up, from those of the user."""

    def __init__(self) -> None:
        self._sent = 0
        self._thread = threading.current_thread()

    def send(self) -> None:
        self._sent += 1
        if self._thread is threading.main_thread():
            # A true signal: it ends a sleep too, which `_thread.interrupt_main` does not.
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        else:
            stop_threads([self._thread])

    def take(self) -> bool:
        """Whether the interrupt that has just come was the check's."""
        ours = self._sent > 0
        self._sent -= ours
        return ours
