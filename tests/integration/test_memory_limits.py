"""Memory is limited by a control group where one can be had, and by the watchdog elsewhere; each by itself."""

import os
import sys
from pathlib import Path

import pytest

from autograder.sandbox.cgroup import MemoryGroup, why_none
from autograder.sandbox.launch import start
from autograder.sandbox.limits import PlainLimits
from autograder.sandbox.spec import SandboxSpec

pytestmark = [
    pytest.mark.needs_sandbox,
    pytest.mark.skipif(not Path("/usr/bin/bwrap").exists(), reason="bubblewrap is not installed"),
]
needs_group = pytest.mark.skipif(bool(why_none()), reason=f"no control group: {why_none()}")
LIMITS = PlainLimits(memory_gib=0.125)
# Each fills far more than the limit, and would wait then.
FILL = {
    "its own pages": "kept = [bytearray(b'x') * (1 << 20) for _ in range(400)]",
    "children": (
        "import os\nfor _ in range(8):\n    if os.fork() == 0:\n        x = bytearray(b'x') * (50 << 20)\n        break"
    ),
    "a file in memory": "open('/dev/shm/x', 'wb').write(bytes(200 << 20))",
}
WAIT = "\nimport time; time.sleep(60)"


def fill(code: str, relaxed: frozenset[str]) -> tuple[str, int]:
    """Why the sandbox was ended, and the most memory it held."""
    spec = SandboxSpec(limits=LIMITS, relaxed=relaxed)
    with start(spec, [sys.executable, "-I", "-S", "-c", code + WAIT]) as sandbox:
        assert sandbox.watchdog is not None
        sandbox.watchdog.join(30)
        assert not sandbox.alive()
    return sandbox.watchdog.reason, sandbox.watchdog.peak_bytes


@pytest.mark.parametrize("what", sorted(FILL))
@needs_group
def test_a_control_group_ends_what_takes_too_much(what: str) -> None:
    reason, peak_bytes = fill(FILL[what], frozenset({"scratch_size"}))
    assert reason == "memory"
    assert peak_bytes <= LIMITS.memory_gib * 2**30  # not a page more than allowed


@pytest.mark.parametrize("what", ["children", "its own pages"])
def test_without_a_group_the_watchdog_does(what: str) -> None:
    assert fill(FILL[what], frozenset({"memory_group"}))[0] == "memory"


@needs_group
def test_no_group_stays_behind() -> None:
    with start(SandboxSpec(limits=LIMITS), [sys.executable, "-I", "-S", "-c", "pass"]) as sandbox:
        assert sandbox.group is not None
        assert sandbox.group.folder.is_dir()
        sandbox.wait(30)
    assert not sandbox.group.folder.exists()


@needs_group
def test_a_group_says_how_much_was_held() -> None:
    group = MemoryGroup.make(2**30)
    assert group is not None
    try:
        assert not group.exceeded()
        assert group.peak_bytes() == 0
    finally:
        group.close()


@pytest.mark.skipif(os.geteuid() == 0, reason="started as root")
def test_an_ordinary_user_is_told_why_there_is_none() -> None:
    assert "root" in why_none()
    assert MemoryGroup.make(2**30) is None
