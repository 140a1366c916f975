"""Measures a sandbox from outside, and ends it when it has used what it may."""

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from autograder.sandbox.cgroup import MemoryGroup

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
# The cheap sum of resident sizes counts shared pages several times, so it is never below the summed PSS, but for the
# kernel's rounding; only when it comes near the limit is the PSS worth its price (the kernel walks every page table).
_NEAR = 0.9
# Memory of the host's kernel that a sandbox makes it hold belongs to no process. What it holds at most for a file of a
# scratch folder (inode, name, first page), and for a socket (a full buffer, net.core.wmem_default, with its reader's).
# So many sockets cost nothing, since no honest use fills their buffers.
_FILE_BYTES, _SOCKET_BYTES, _FREE_SOCKETS = 4096, 2 * 212_992, 256
_SCRATCH = ("work", "tmp", "dev/shm")


class Meter:
    """CPU time and memory of all processes below one.

    Args:
        pid: bubblewrap's process on the host; it is not itself counted. Whatever a learner detaches stays below it,
            since the first process of the sandbox's pid namespace inherits all orphans.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._lock = threading.Lock()
        self._own_cpu_s: dict[tuple[int, str], float] = {}
        self._highest_cpu_s = 0.0

    def processes(self) -> list[int]:
        """Host pids of the living processes, the sandbox's first process first."""
        found: list[int] = []
        waiting = children_of(self.pid)
        while waiting:
            pid = waiting.pop(0)
            found.append(pid)
            waiting.extend(children_of(pid))
        return found

    def cpu_s(self) -> float:
        """CPU seconds used so far by all processes, dead ones included; never falls, also after the sandbox has ended.

        Two counts, of which the larger holds: times of the living with those of the children they have waited for; and
        the last seen own time of every process that ever was. The second is for programs that ignore SIGCHLD, whose
        children leave no trace in the first.
        """
        with self._lock:
            living = 0.0
            for pid in self.processes():
                fields = _stat(pid)
                if fields is None:
                    continue
                own_s = (int(fields[11]) + int(fields[12])) / _TICKS_PER_S
                waited_s = (int(fields[13]) + int(fields[14])) / _TICKS_PER_S
                self._own_cpu_s[pid, fields[19]] = own_s
                living += own_s + waited_s
            self._highest_cpu_s = max(self._highest_cpu_s, living, sum(self._own_cpu_s.values()))
            return self._highest_cpu_s

    def memory_bytes(self) -> int:
        """Summed PSS of all processes: a page that n processes share counts 1/n in each. RSS where the PSS may not be
        read."""
        return sum(_pss_bytes(pid) for pid in self.processes())

    def memory_at_most_bytes(self) -> int:
        """Summed RSS: an upper bound of `memory_bytes` that costs microseconds."""
        return sum(_rss_bytes(pid) for pid in self.processes())

    def resident_bytes(self) -> list[tuple[int, int]]:
        """Each process with its RSS, the sandbox's first process first."""
        return [(pid, _rss_bytes(pid)) for pid in self.processes()]

    def held_outside_bytes(self, scratch_bytes: int) -> int:
        """An upper bound of what the host's kernel holds for its files and sockets; costs microseconds.

        Args:
            scratch_bytes: size of each scratch folder, by which they are told from the host's while it is being made.
        """
        first = next(iter(self.processes()), None)
        if first is None:
            return 0
        files = sum(_files(f"/proc/{first}/root/{folder}", scratch_bytes) for folder in _SCRATCH)
        return files * _FILE_BYTES + max(0, _sockets(first) - _FREE_SOCKETS) * _SOCKET_BYTES


class Ends(Protocol):
    """What a watchdog watches: something with a meter that can be ended."""

    @property
    def meter(self) -> Meter: ...
    def kill(self) -> None: ...
    def alive(self) -> bool: ...


class Watchdog(threading.Thread):
    """Ends a sandbox that uses more than it may, and remembers why.

    Args:
        scratch_bytes: size of each scratch folder; None where it has no folders and network of its own.
        group: where the host's kernel limits its memory; then only what the group does not count is looked at.
    """

    def __init__(
        self,
        sandbox: Ends,
        *,
        memory_bytes: float,
        total_cpu_s: float,
        wall_s: float | None = None,
        scratch_bytes: int | None = None,
        group: MemoryGroup | None = None,
        poll_s: float = 0.05,
        on_kill: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__(name="sandbox-watchdog", daemon=True)
        self.sandbox, self.memory_bytes, self.total_cpu_s, self.wall_s = sandbox, memory_bytes, total_cpu_s, wall_s
        self.scratch_bytes, self.poll_s, self.on_kill = scratch_bytes, poll_s, on_kill
        self._group = group
        self._reason = ""
        self._peak_bytes = 0
        self._stop_now = threading.Event()

    @property
    def reason(self) -> str:
        """ "" while it lives, or ended by itself; else "memory", "cpu" or "wall"."""
        if not self._reason and self._group is not None and self._group.exceeded():
            self._reason = "memory"
        return self._reason

    @property
    def peak_bytes(self) -> int:
        """The largest memory seen."""
        if self._group is not None:
            self._peak_bytes = max(self._peak_bytes, self._group.peak_bytes())
        return self._peak_bytes

    def run(self) -> None:
        started = time.monotonic()
        while not self._stop_now.wait(self.poll_s) and self.sandbox.alive():
            reason = self._exceeded(time.monotonic() - started)
            if reason:
                self._reason = reason
                self.sandbox.kill()
                if self.on_kill is not None:
                    self.on_kill(reason)
                return

    def stop(self) -> None:
        """Stops watching. The sandbox goes on; of one that has ended, `reason` and `peak_bytes` stay."""
        self._stop_now.set()
        _ = self.reason, self.peak_bytes

    def _exceeded(self, wall_s: float) -> str:
        meter = self.sandbox.meter
        held_bytes = 0 if self.scratch_bytes is None else meter.held_outside_bytes(self.scratch_bytes)
        if self._group is not None:
            if self._group.exceeded():
                return "memory"
            memory_bytes = held_bytes
        else:
            memory_bytes = meter.memory_at_most_bytes() + held_bytes
            if memory_bytes > _NEAR * self.memory_bytes:
                memory_bytes = meter.memory_bytes() + held_bytes
        self._peak_bytes = max(self._peak_bytes, memory_bytes)
        if memory_bytes > self.memory_bytes:
            return "memory"
        if meter.cpu_s() > self.total_cpu_s:
            return "cpu"
        if self.wall_s is not None and wall_s > self.wall_s:
            return "wall"
        return ""


def children_of(pid: int) -> list[int]:
    """Children of all threads of a process. Empty when it has gone."""
    found: list[int] = []
    with suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with suppress(OSError), open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as stream:
                found.extend(int(child) for child in stream.read().split())
    return found


def started_at(pid: int) -> str:
    """When a living process started, in ticks since the host did; "" where there is none. With it, a number that was
    given to another process is told apart."""
    fields = _stat(pid)
    return fields[19] if fields is not None and fields[0] not in "ZX" else ""


def _stat(pid: int) -> list[str] | None:
    """Fields of /proc/PID/stat from the third on (the second is a name that may hold spaces and brackets)."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stream:
            return stream.read().rpartition(")")[2].split()
    except OSError:
        return None


def _pss_bytes(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as stream:
            for line in stream:
                if line.startswith("Pss:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return _rss_bytes(pid)


def _rss_bytes(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as stream:
            return int(stream.read().split()[1]) * _PAGE_BYTES
    except OSError:
        return 0


def _files(folder: str, size_bytes: int) -> int:
    """Files in a file system of this size; 0 where it has another, or is gone."""
    try:
        about = os.statvfs(folder)
    except OSError:
        return 0
    whole_pages = -(-size_bytes // about.f_frsize)
    return about.f_files - about.f_ffree if about.f_blocks == whole_pages else 0


def _sockets(pid: int) -> int:
    """Sockets of a process's network namespace."""
    try:
        with open(f"/proc/{pid}/net/sockstat", encoding="ascii") as stream:
            return int(stream.readline().split()[2])
    except (OSError, IndexError, ValueError):
        return 0
