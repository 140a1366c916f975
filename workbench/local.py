"""Runs a part's visible checks in a learner's own process, over the same link as the grader's.

The learner's functions run on the calling thread, so that they may be interrupted; the checks run on a thread beside it.
"""

import _thread
import hashlib
import socket
import threading
import time
from pathlib import Path
from typing import Any

from workbench.checks import Check, Part
from workbench.link import Link
from workbench.loading import load_probes
from workbench.running import Outcome, run_part
from workbench.serve import Server
from workbench.submission import Channel, Submission


def run_local(part: Part, namespace: dict[str, Any], folder: Path) -> list[Outcome]:
    """The outcomes of the part's visible checks against these names.

    Random inputs are the same each time, so that a failure that was shown is still there to be mended.
    """
    learner_end, checker_end = socket.socketpair()
    server = Server(Link(learner_end), namespace)
    channel = Channel(Link(checker_end), time.process_time, _thread.interrupt_main)
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
        except BaseException as error:
            failures.append(error)
        finally:
            channel.close()

    checker = threading.Thread(target=check_all, daemon=True, name="workbench-checks")
    checker.start()
    try:
        server.run()
        checker.join()
    finally:
        learner_end.shutdown(socket.SHUT_RDWR)
    if failures:
        raise failures[0]
    return outcomes
