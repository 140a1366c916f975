"""Groups of processes whose memory the host's kernel limits together (cgroups); root alone can make them.

Where there is one, all that a sandbox makes the kernel hold counts at once: pages of processes, files in scratch
folders, buffers of sockets. Without, a watchdog on summed PSS looks every 50 ms (`meter.Watchdog`).
Sources: Linux kernel documentation, "Control Group v2" (memory.max, memory.events, memory.peak) and "Memory Resource
Controller" (v1: memory.limit_in_bytes, memory.memsw.limit_in_bytes, memory.oom_control, memory.max_usage_in_bytes).
"""

import os
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

MOUNT = Path("/sys/fs/cgroup")
PREFIX = "autograder-"
REMOVE_WITHIN_S = 5.0


@dataclass(frozen=True)
class _Version:
    """Names of a version's files. `limits`: the first one has to be there, the others where swap is counted."""

    name: str
    limits: tuple[str, ...]
    events: str
    peak: str


_V1 = _Version(
    "v1",
    ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes"),
    "memory.oom_control",
    "memory.max_usage_in_bytes",
)
_V2 = _Version("v2", ("memory.max", "memory.swap.max"), "memory.events", "memory.peak")


class MemoryGroup:
    """One group with a limit. Make it with `make`; `add` a process before it starts others; `close` removes it."""

    def __init__(self, folder: Path, version: _Version) -> None:
        self.folder, self._version = folder, version

    @classmethod
    def make(cls, memory_bytes: int) -> "MemoryGroup | None":
        """A new group; None where none can be made here."""
        place = _place()
        if place is None:
            return None
        parent, version = place
        folder = parent / f"{PREFIX}{uuid.uuid4().hex[:16]}"
        try:
            folder.mkdir()
            (folder / version.limits[0]).write_text(str(memory_bytes), encoding="ascii")
            with suppress(OSError):  # a kernel that does not count swap
                swap = memory_bytes if version is _V1 else 0
                (folder / version.limits[1]).write_text(str(swap), encoding="ascii")
        except OSError:
            with suppress(OSError):
                folder.rmdir()
            return None
        return cls(folder, version)

    @classmethod
    def at(cls, folder: Path) -> "MemoryGroup":
        """A group that another process has made."""
        return cls(folder, _V1 if folder.parent == MOUNT / "memory" else _V2)

    @property
    def procs(self) -> Path:
        """The file that takes a process's number."""
        return self.folder / "cgroup.procs"

    def add(self, pid: int) -> None:
        """Puts a process in it; children that it starts from now on are in it as well. Raises OSError."""
        self.procs.write_text(str(pid), encoding="ascii")

    def exceeded(self) -> bool:
        """Whether the kernel has ended a process of it for lack of memory."""
        try:
            lines = (self.folder / self._version.events).read_text(encoding="ascii").splitlines()
        except OSError:
            return False
        return any(line.startswith("oom_kill ") and line.split()[1] != "0" for line in lines)

    def peak_bytes(self) -> int:
        """The most memory it held; 0 where the kernel does not say."""
        try:
            return int((self.folder / self._version.peak).read_text(encoding="ascii"))
        except (OSError, ValueError):
            return 0

    def close(self) -> None:
        """Removes it once its processes have ended; what is not buried yet is waited for."""
        deadline_s = time.monotonic() + REMOVE_WITHIN_S
        while True:
            try:
                self.folder.rmdir()
                return
            except FileNotFoundError:
                return
            except OSError:
                if time.monotonic() > deadline_s:
                    return
                time.sleep(0.01)


def why_none() -> str:
    """Why no group can be made here; "" where one can."""
    if os.geteuid() != 0:
        return "only root may make control groups"
    group = MemoryGroup.make(64 * 2**20)
    if group is None:
        return f"no memory controller below {MOUNT} that can be written"
    group.close()
    return ""


@cache
def _place() -> tuple[Path, _Version] | None:
    """The folder in which groups are made."""
    if os.geteuid() != 0:
        return None
    if (MOUNT / "memory" / _V1.limits[0]).is_file():
        return MOUNT / "memory", _V1
    if "memory" in _words(MOUNT / "cgroup.controllers"):
        parent = MOUNT / "autograder"
        with suppress(OSError):
            if "memory" not in _words(MOUNT / "cgroup.subtree_control"):
                (MOUNT / "cgroup.subtree_control").write_text("+memory", encoding="ascii")
            parent.mkdir(exist_ok=True)
            (parent / "cgroup.subtree_control").write_text("+memory", encoding="ascii")
            return parent, _V2
    return None


def _words(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").split()
    except OSError:
        return []
