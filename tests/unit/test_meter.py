"""The meter and the watchdog, on processes without a sandbox around them."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from autograder.sandbox.limits import PlainLimits, process_limits
from autograder.sandbox.meter import Meter, Watchdog

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")

BURN = "import time\nwhile time.process_time() < 0.3: pass"


@contextmanager
def parent_of(code: str) -> Iterator[tuple[int, Any]]:
    """A process, standing for bubblewrap, whose only child runs the text; its pid and its standard streams."""
    starter = f"""if True:
        import subprocess, sys
        subprocess.run([sys.executable, "-S", "-c", {code!r}])
        sys.stdin.read()
    """
    with subprocess.Popen(
        [sys.executable, "-S", "-c", starter], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            yield process.pid, process
        finally:
            for pid in Meter(process.pid).processes():
                subprocess.run(["kill", "-9", str(pid)], check=False, stderr=subprocess.DEVNULL)
            process.kill()


def test_cpu_time_of_living_processes_and_their_children_is_summed() -> None:
    code = f"""if True:
        import subprocess, sys, time
        for _ in range(2):
            subprocess.run([sys.executable, "-S", "-c", {BURN!r}])
        print("burnt", flush=True)
        time.sleep(60)
    """
    with parent_of(code) as (pid, process):
        assert process.stdout.readline() == b"burnt\n"
        meter = Meter(pid)
        assert meter.cpu_s() >= 0.55
        assert len(meter.processes()) == 1


def test_cpu_time_of_children_that_nobody_waits_for_is_not_lost() -> None:
    code = f"""if True:
        import os, signal, sys, time
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        if os.fork() == 0:
            exec({BURN!r})
            print("burnt", flush=True)
            sys.stdout = None
            time.sleep(0.5)
            os._exit(0)
        time.sleep(60)
    """
    with parent_of(code) as (pid, process):
        assert process.stdout.readline() == b"burnt\n"
        meter = Meter(pid)
        seen_s = meter.cpu_s()
        assert seen_s >= 0.25
        child = meter.processes()[-1]
        subprocess.run(["kill", "-9", str(child)], check=True)
        while child in meter.processes():
            pass
        assert meter.cpu_s() >= seen_s


def test_memory_shared_by_a_fork_counts_once() -> None:
    code = """if True:
        import os, time
        kept = b"x" * (64 << 20)
        pid = os.fork()
        if pid:
            print("ready", flush=True)
        time.sleep(60)
    """
    with parent_of(code) as (pid, process):
        assert process.stdout.readline() == b"ready\n"
        meter = Meter(pid)
        assert 64 << 20 < meter.memory_bytes() < 100 << 20
        assert meter.memory_at_most_bytes() > 128 << 20


def test_a_process_that_has_gone_measures_as_nothing() -> None:
    gone = subprocess.Popen(["/bin/true"])
    gone.wait()
    meter = Meter(gone.pid)
    assert (meter.processes(), meter.cpu_s(), meter.memory_bytes()) == ([], 0.0, 0)


class _Fake:
    """A sandbox that uses what it is told."""

    def __init__(self, memory_bytes: int = 0, pss_bytes: int = 0, cpu_s: float = 0) -> None:
        self.ended = False
        self.meter: Any = self
        self.cpu_s = lambda: cpu_s
        self.memory_bytes = lambda: pss_bytes
        self.memory_at_most_bytes = lambda: memory_bytes

    def kill(self) -> None:
        self.ended = True

    def alive(self) -> bool:
        return not self.ended


@pytest.mark.parametrize(
    ("fake", "reason"),
    [(_Fake(memory_bytes=200, pss_bytes=101), "memory"), (_Fake(cpu_s=3.1), "cpu"), (_Fake(), "wall")],
)
def test_a_watchdog_ends_and_remembers_why(fake: _Fake, reason: str) -> None:
    told: list[str] = []
    watchdog = Watchdog(fake, memory_bytes=100, total_cpu_s=3, wall_s=0.3, poll_s=0.001, on_kill=told.append)
    watchdog.run()
    assert (watchdog.reason, told, fake.ended) == (reason, [reason], True)


def test_shared_pages_alone_end_nothing() -> None:
    fake = _Fake(memory_bytes=1000, pss_bytes=50)
    watchdog = Watchdog(fake, memory_bytes=100, total_cpu_s=3, wall_s=0.1, poll_s=0.001)
    watchdog.run()
    assert watchdog.reason == "wall"
    assert watchdog.peak_bytes == 50


def test_a_limit_taken_away_is_not_set() -> None:
    limits = PlainLimits(memory_gib=1, processes=9, disk_mib=2, total_cpu_s=10)
    every = process_limits(limits)
    assert every["RLIMIT_NPROC"] == 9
    assert every["RLIMIT_FSIZE"] == 2 << 20
    assert every["RLIMIT_CPU"] == 15
    assert set(every) - set(process_limits(limits, frozenset({"processes"}))) == {"RLIMIT_NPROC"}
