"""The referee's process: loads the checks, and runs a part's when the runner says that its cell has been reached.

It talks to the runner over a pipe in JSON, and to the learner's process over the link. Only its word on the pipe makes
a mark.
"""

import hashlib
import hmac
import json
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any

import numpy

from autograder.sandbox.meter import Meter
from workbench.checks import Check
from workbench.errors import KitError
from workbench.link import Link
from workbench.loading import load_parts, load_probes
from workbench.running import Outcome, run_part
from workbench.submission import Channel, Submission

MEMORY_BYTES = 4 * 2**30
HUNG_AGAIN_S = 5.0  # a check that catches everything is stopped again


@dataclass(frozen=True)
class Assignment:
    """What one referee judges.

    Args:
        folder: holds checks.py, hidden.py, probes/, data/; only the trusted side can read it.
        seed_hex: secret of the course; learner, exercise, notebook_sha256: mixed into each check's seed.
        meter_pid: the sandbox's process, whose CPU time limits calls.
        check_cpu_s: of the referee itself: a check that computes longer is broken.
        send_timeout_s: how long the learner's process may read nothing of what it is sent.
    """

    folder: str
    seed_hex: str
    learner: str
    exercise: str
    notebook_sha256: str
    meter_pid: int
    check_cpu_s: float = 60.0
    send_timeout_s: int = 60


class CheckHung(Exception):
    """A check used too much CPU time of the referee's own."""


def main(fds: list[int], request: bytes) -> None:
    """Judges for the Assignment in `request` (JSON), until `{"end"}` or the end of the pipe.

    Takes `{"part", "round", "hidden", "last"}`; answers `{"outcomes", "gone", "cpu_s"}` or `{"error"}`, and may ask for
    an `{"interrupt"}` of the learner's code before that. `cpu_s`: of all checks until then.
    """
    start_cpu_s = time.process_time()
    control, link = Connection(fds[0]), socket.socket(fileno=fds[1])
    assignment = Assignment(**json.loads(request))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPROF, _hung)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    meter = Meter(assignment.meter_pid)
    channel = Channel(Link(link, assignment.send_timeout_s), meter.cpu_s, lambda: _tell(control, {"interrupt": True}))
    try:
        parts = load_parts(Path(assignment.folder))
        probes = load_probes(Path(assignment.folder))
    except KitError as error:
        _tell(control, {"error": str(error)})
        return
    forbid_unpickling()
    while True:
        wanted = json.loads(control.recv_bytes())
        if wanted.get("end"):
            return
        submission_for = _factory(channel, probes, assignment, wanted)
        outcomes = run_part(parts[wanted["part"]], submission_for, hidden=wanted["hidden"])
        signal.setitimer(signal.ITIMER_PROF, 0)
        if wanted["last"]:
            channel.close()
        plain = [_plain(outcome) for outcome in outcomes]
        _tell(control, {"outcomes": plain, "gone": channel.gone, "cpu_s": time.process_time() - start_cpu_s})


def forbid_unpickling() -> None:
    """From here on, nothing in this process can be unpickled: what arrives was written by strangers."""

    def refuse(event: str, args: tuple[Any, ...]) -> None:
        if event == "pickle.find_class":
            raise RuntimeError("the referee never unpickles")

    sys.addaudithook(refuse)


def check_seed(assignment: Assignment, part: str, check: str, round_number: int) -> int:
    """The seed of one check: fresh for each learner, notebook, part, check and round; the same when graded again."""
    facts = [assignment.learner, assignment.exercise, assignment.notebook_sha256, part, check, round_number]
    digest = hmac.digest(bytes.fromhex(assignment.seed_hex), json.dumps(facts).encode(), hashlib.sha256)
    return int.from_bytes(digest[:16], "big")


def _factory(
    channel: Channel, probes: dict[str, str], assignment: Assignment, request: dict[str, Any]
) -> Callable[[Check], Submission]:
    def submission_for(check: Check) -> Submission:
        signal.setitimer(signal.ITIMER_PROF, assignment.check_cpu_s, HUNG_AGAIN_S)
        seed = check_seed(assignment, request["part"], check.name, request["round"])
        return Submission(channel, numpy.random.default_rng(seed), probes)

    return submission_for


def _hung(number: int, frame: FrameType | None) -> None:
    raise CheckHung("the check computed for longer than check_cpu_s allows, and was stopped")


def _tell(control: Connection, message: dict[str, Any]) -> None:
    control.send_bytes(json.dumps(message).encode())


def _plain(outcome: Outcome) -> dict[str, Any]:
    """Texts cut to what people read; a surrogate in a learner's text cannot be written anywhere later."""
    plain = outcome.as_dict()
    for key in ("message", "expected", "came", "given"):
        text = plain[key]
        plain[key] = None if text is None else text.encode("utf-8", "replace").decode()[:4000]
    return plain
