"""What a sandbox may use, and how each limit becomes something that the kernel of the host enforces."""

from dataclasses import dataclass
from typing import Protocol

MIB = 1024 * 1024
GIB = 1024 * MIB

# Address space is not memory: thread stacks, BLAS arenas and mapped libraries reserve far more than they touch.
ADDRESS_SPACE_MARGIN_BYTES = 2 * GIB
# The watchdog ends a sandbox that has used its CPU time; the kernel's own limit for one process stands this much
# behind it.
CPU_BACKSTOP_S = 5
OPEN_FILES = 1024


class SandboxLimits(Protocol):
    """The limits of an exercise, as far as the sandbox enforces them (the catalogue's `Limits` fits)."""

    @property
    def cpu_s(self) -> float:
        """CPU seconds of one cell; kept by the runner with the sandbox's meter."""

    @property
    def total_cpu_s(self) -> float:
        """CPU seconds of all processes of the sandbox together."""

    @property
    def memory_gib(self) -> float:
        """Memory of all processes together, summed PSS."""

    @property
    def processes(self) -> int:
        """Processes and threads at any one time."""

    @property
    def disk_mib(self) -> float:
        """Size of /work; /tmp and /dev/shm have the same size each. One file may not be larger either."""

    @property
    def output_mib(self) -> float:
        """Size of one message on Jupyter's channels, and of all outputs; the latter is kept by the runner."""


@dataclass(frozen=True)
class PlainLimits:
    """Limits for the probe and for kernels that no exercise started."""

    cpu_s: float = 20
    total_cpu_s: float = 120
    memory_gib: float = 2
    processes: int = 256
    disk_mib: float = 256
    output_mib: float = 16


# Names by which a probe's test takes one limit away, to see that the probe notices.
RELAXABLE = frozenset(
    {
        "address_space",
        "processes",
        "file_size",
        "cpu",
        "open_files",
        "core",
        "scratch_size",
        "root_read_only",
        "settings",
        "network",
        "user_namespaces",
        "system_calls",
        "uid_drop",
        "cpu_watchdog",
        "memory_watchdog",
        "memory_group",
    }
)


def process_limits(limits: SandboxLimits, relaxed: frozenset[str] = frozenset()) -> dict[str, int]:
    """`resource` constant's name → value, set inside the sandbox before any learner's code runs.

    RLIMIT_NPROC counts inside the sandbox's own user namespace (Linux 5.14 and later), so that sandboxes do not starve
    each other.
    """
    named = {
        "address_space": ("RLIMIT_AS", int(limits.memory_gib * GIB) + ADDRESS_SPACE_MARGIN_BYTES),
        "processes": ("RLIMIT_NPROC", limits.processes),
        "file_size": ("RLIMIT_FSIZE", int(limits.disk_mib * MIB)),
        "cpu": ("RLIMIT_CPU", int(limits.total_cpu_s) + CPU_BACKSTOP_S),
        "open_files": ("RLIMIT_NOFILE", OPEN_FILES),
        "core": ("RLIMIT_CORE", 0),
    }
    return {constant: value for name, (constant, value) in named.items() if name not in relaxed}
