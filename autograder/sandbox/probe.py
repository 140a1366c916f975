"""Proves, before any stranger's code runs, that a sandbox holds here: each limit bites, and nothing is seen that must
not be."""

import json
import os
import platform
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from autograder.errors import SandboxError
from autograder.sandbox.launch import Sandbox, start
from autograder.sandbox.limits import (
    ADDRESS_SPACE_MARGIN_BYTES,
    GIB,
    OPEN_FILES,
    PlainLimits,
    SandboxLimits,
    process_limits,
)
from autograder.sandbox.meter import Meter
from autograder.sandbox.options import environment
from autograder.sandbox.spec import KIT, REPOSITORY, SandboxSpec, read_only_folders
from autograder.sandbox.warm import WarmFork, WarmSandbox, start_warm_probe

# Small, so that reaching each takes no time.
PROBE_LIMITS = PlainLimits(total_cpu_s=30, memory_gib=0.5, processes=24, disk_mib=4)
LIBRARIES = ("ipykernel", "ipython", "pyzmq", "numpy", "torch", "pandas", "dask", "distributed")
ANSWER_TIMEOUT_S = 60
END_WITHIN_S = 1.0
WARM = "warm fork: "
# Set by the shell or the C library, whatever the environment was.
_HARMLESS_ENV = frozenset({"PWD", "OLDPWD", "SHLVL", "_", "LC_CTYPE"})
_BURN = "while True: pass"
_FILL = "import time; kept = [bytearray(b'x') * (1 << 20) for _ in range(256)]; time.sleep(60)"


@dataclass(frozen=True)
class ProbeCheck:
    """One thing that was tried: what was expected, what came."""

    name: str
    passed: bool
    expected: str
    came: str


@dataclass
class ProbeReport:
    """All that was tried. `no_warm`: why each kernel starts cold here; "" where a warm process can be had."""

    checks: list[ProbeCheck] = field(default_factory=list)
    no_warm: str = ""
    wall_s: float = 0.0

    @property
    def failures(self) -> list[ProbeCheck]:
        return [check for check in self.checks if not check.passed]

    @property
    def ok(self) -> bool:
        return bool(self.checks) and not self.failures

    def add(self, name: str, passed: bool, expected: str, came: Any) -> None:
        self.checks.append(ProbeCheck(name, passed, expected, str(came)))


def require_sandbox(
    limits: SandboxLimits | None = None, relaxed: frozenset[str] = frozenset(), binds: tuple[str, ...] = ()
) -> ProbeReport:
    """Probes, and refuses where a limit does not bite.

    Raises:
        SandboxError: no sandbox can be had, or it does not hold; says which limit, what came and what to do.
    """
    report = probe(limits, relaxed, binds)
    if not report.ok:
        first = report.failures[0]
        raise SandboxError(
            f"The sandbox does not hold on this machine: {', '.join(check.name for check in report.failures)}.",
            where=f"{platform.node()}, Linux {platform.release()}",
            came=first.came,
            expected=first.expected,
            mend="Use Linux 5.14 or later and bubblewrap 0.8 or later, outside of containers that share the host's "
            "namespaces. "
            "For your own work alone, use --trust-learners.",
        )
    return report


def probe(
    limits: SandboxLimits | None = None, relaxed: frozenset[str] = frozenset(), binds: tuple[str, ...] = ()
) -> ProbeReport:
    """Runs four sandboxes at once: one that tries all doors, a fork of a warm process that does the same, one that
    burns CPU time, one that fills memory.

    Args:
        limits: of the first two; small ones if not given.
        relaxed: limits to leave out (`limits.RELAXABLE`), to see that the probe notices.
        binds: further folders of libraries (`SandboxSpec.binds`).

    Raises:
        SandboxError: no sandbox can be had at all.
    """
    started = time.monotonic()
    report = ProbeReport()
    spec = SandboxSpec(limits=limits or PROBE_LIMITS, relaxed=relaxed, binds=binds)
    burn = SandboxSpec(limits=PlainLimits(total_cpu_s=0.3), relaxed=relaxed)
    fill = SandboxSpec(limits=PlainLimits(memory_gib=0.125), relaxed=relaxed)
    with (
        tempfile.TemporaryDirectory(prefix="canary-") as folder,
        start(burn, [sys.executable, "-I", "-S", "-c", _BURN], watch="cpu_watchdog" not in relaxed) as burning,
        start(fill, [sys.executable, "-I", "-S", "-c", _FILL], watch="memory_watchdog" not in relaxed) as filling,
        start(spec, [sys.executable, f"{KIT}/inside/probe.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as tried,
    ):
        # Readable by everybody: only that it is not there may keep it from being read.
        os.chmod(folder, 0o755)  # noqa: S103
        canary = Path(folder, "canary")
        canary.write_text("canary", encoding="ascii")
        answer = _ask(tried, _request(spec, canary))
        _judge_from_outside(report, tried.meter)
        _judge(report, spec, answer)
        _try_warm(report, spec, canary)
        _judge_watchdog(report, burning, "cpu")
        _judge_watchdog(report, filling, "memory")
        _judge_end(report, tried)
    report.wall_s = time.monotonic() - started
    return report


def _request(spec: SandboxSpec, canary: Path) -> dict[str, Any]:
    return {
        "libraries": LIBRARIES,
        "too_many_bytes": int(spec.limits.memory_gib * GIB) + ADDRESS_SPACE_MARGIN_BYTES,
        "processes": spec.limits.processes,
        "disk_mib": spec.limits.disk_mib,
        "open_files": OPEN_FILES,
        "hidden": [
            str(canary),
            str(Path.home()),
            str(REPOSITORY / "exercises"),
            str(REPOSITORY / "autograder"),
            "/etc/shadow",
            "/var",
            "/home",
            "/root",
            "/run",
        ],
    }


def _ask(tried: Sandbox, request: dict[str, Any]) -> dict[str, Any]:
    if tried.stdin is None or tried.stdout is None:
        raise AssertionError("the probe's sandbox was started without pipes")
    tried.stdin.write(json.dumps(request).encode() + b"\n")
    tried.stdin.flush()
    ready, _, _ = select.select([tried.stdout], [], [], ANSWER_TIMEOUT_S)
    line = tried.stdout.readline() if ready else b""
    if not line:
        reason = tried.watchdog.reason if tried.watchdog is not None else ""
        tried.kill()
        raise SandboxError(
            "The probe in the sandbox did not answer.",
            came=tried.error_text() or reason or "nothing",
            mend="An environment that only its owner may read cannot be used by the sandbox: chmod -R go+rX it.",
        )
    answer: dict[str, Any] = json.loads(line)
    return answer


def _try_warm(report: ProbeReport, spec: SandboxSpec, canary: Path) -> None:
    """The same on a fork of a warm process, as most kernels are."""
    with ExitStack() as stack:
        try:
            warm = stack.enter_context(closing(WarmSandbox((), spec.env, spec.binds)))
        except SandboxError as error:
            report.no_warm = str(error)
            return
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        stack.enter_context(ours)
        fork = stack.enter_context(closing(start_warm_probe(warm.asking, spec, link_fd=theirs.fileno())))
        theirs.close()
        ours.settimeout(ANSWER_TIMEOUT_S)
        line = b""
        with suppress(OSError), ours.makefile("rb") as answers:
            ours.sendall(json.dumps(_request(spec, canary)).encode() + b"\n")
            line = answers.readline()
        if not line:
            reason = fork.error_text() or (fork.watchdog.reason if fork.watchdog else "") or "nothing"
            report.add(f"{WARM}answer", passed=False, expected="what came of each attempt", came=reason)
            return
        _judge_from_outside(report, fork.meter, WARM)
        _judge(report, spec, json.loads(line), WARM)
        _judge_end(report, fork, WARM)


def _judge_end(report: ProbeReport, tried: Sandbox | WarmFork, prefix: str = "") -> None:
    """What has ended stays in /proc until its parent has buried it: that may take a moment."""
    processes = tried.meter.processes()
    tried.kill()
    deadline_s = time.monotonic() + END_WITHIN_S
    while (left := [pid for pid in processes if Path(f"/proc/{pid}").exists()]) and time.monotonic() < deadline_s:
        time.sleep(0.01)
    report.add(f"{prefix}nothing is left", not left, "no process after the end", left)


def _judge_from_outside(report: ProbeReport, meter: Meter, prefix: str = "") -> None:
    uids = {}
    for pid in meter.processes():
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
        uids[pid] = next(line.split()[1:] for line in status.splitlines() if line.startswith("Uid:"))
    good = len(uids) >= 2 and all("0" not in numbers for numbers in uids.values())
    report.add(f"{prefix}not root on the host", good, "no process inside is host uid 0", uids)
    memory_bytes = meter.memory_bytes()
    report.add(f"{prefix}memory is measured", memory_bytes > 2**20, "summed PSS above 1 MiB", memory_bytes)


def _judge(report: ProbeReport, spec: SandboxSpec, answer: dict[str, Any], prefix: str = "") -> None:
    """What came inside against what must come, in the order of `inside/probe.py`."""
    limits = spec.limits
    wanted_limits = process_limits(limits)
    own_versions = {"python": platform.python_version(), **{name: _version(name) for name in LIBRARIES}}
    names = {*environment(spec), *_HARMLESS_ENV}
    expectations: dict[str, tuple[str, Callable[[Any], bool]]] = {
        "descriptors": ("only the standard three", lambda came: came == []),
        "pids": ("its own processes only", lambda came: len(came) <= 3 and came[:1] == [1]),
        "writable_settings": ("none", lambda came: came == []),
        "versions": (f"the same as outside: {own_versions}", lambda came: came == own_versions),
        "interfaces": ("lo alone", lambda came: came == ["lo"]),
        "loopback": ("works", lambda came: came == "works"),
        "user_namespace": ("refused", lambda came: came != "made"),
        "hidden_memory": ("refused", lambda came: came != "made"),
        "status": ("no capability, no_new_privs, a filter", _no_privileges),
        "address_space": ("refused", lambda came: came in ("ENOMEM", "MemoryError")),
        "processes": (f"fewer than {limits.processes}", lambda came: isinstance(came, int) and came < limits.processes),
        "scratch": ("each is full", lambda came: set(came.values()) == {"full"}),
        "other_writable": ("none", lambda came: came == []),
        "file_size": ("EFBIG", lambda came: came == "EFBIG"),
        "open_files": (f"fewer than {OPEN_FILES}", lambda came: isinstance(came, int) and came < OPEN_FILES),
        "limits": (
            f"as in {wanted_limits}",
            lambda came: all(0 <= value <= wanted_limits[name] for name, value in came.items()),
        ),
        "environment": ("only the made environment", lambda came: set(came) <= names),
        "visible": ("nothing but ways to libraries", lambda came: _only_ways(came, spec)),
    }
    for name, (expected, good) in expectations.items():
        report.add(prefix + name.replace("_", " "), good(answer[name]), expected, answer[name])


def _judge_watchdog(report: ProbeReport, sandbox: Sandbox, reason: str) -> None:
    came = "not ended"
    if sandbox.watchdog is not None:
        sandbox.watchdog.join(ANSWER_TIMEOUT_S)
        came = sandbox.watchdog.reason or f"ended by itself: {sandbox.error_text()}"
    report.add(f"{reason} watchdog", came == reason, f"ended for its {reason}", came)


def _no_privileges(came: dict[str, str]) -> bool:
    capabilities = [value for name, value in came.items() if name.startswith("Cap")]
    return (
        len(capabilities) == 5
        and not any(int(c, 16) for c in capabilities)
        and came["NoNewPrivs"] == "1"
        and came["Seccomp"] == "2"
    )


def _only_ways(came: dict[str, Any], spec: SandboxSpec) -> bool:
    """A folder that must not be seen may be there as the way to a library that lies below it, with nothing else in
    it."""
    shown = list(read_only_folders(spec))
    for path, entries in came.items():
        if entries == "ENOENT":
            continue
        below = {Path(place).relative_to(path).parts[0] for place in shown if Path(path) in Path(place).parents}
        if not isinstance(entries, list) or not set(entries) <= below:
            return False
    return True


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "absent"
