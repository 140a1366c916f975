"""Which mechanism keeps each limit on this machine, in words."""

from dataclasses import dataclass

from autograder.sandbox.cgroup import why_none
from autograder.sandbox.limits import OPEN_FILES


@dataclass(frozen=True)
class Mechanism:
    """A limit, its key in exercise.yaml ("" for a fixed one), and what keeps it here."""

    limit: str
    key: str
    kept_by: str


def memory_mechanism() -> str:
    """What limits the memory of all processes of a submission together."""
    reason = why_none()
    if not reason:
        return "a control group of the host's kernel, and RLIMIT_AS for each process"
    return f"a watchdog on summed PSS every 50 ms, and RLIMIT_AS for each process ({reason})"


def mechanisms() -> list[Mechanism]:
    """All limits of a submission, as they are kept here."""
    return [
        Mechanism("CPU time of a cell", "cpu_s", "the runner counts all processes every 50 ms, interrupts, then ends"),
        Mechanism("CPU time in all", "total_cpu_s", "a watchdog every 50 ms; RLIMIT_CPU 5 s behind it"),
        Mechanism("CPU time of a check", "check_cpu_s", "a timer in the referee's process (ITIMER_PROF)"),
        Mechanism("wall time", "wall_factor", "the runner: wall_factor times the CPU time of a cell and 10 s"),
        Mechanism("memory", "memory_gib", memory_mechanism()),
        Mechanism("processes and threads", "processes", "RLIMIT_NPROC in a user namespace of its own"),
        Mechanism("disk", "disk_mib", "size of /work, /tmp and /dev/shm (tmpfs); RLIMIT_FSIZE for one file"),
        Mechanism("open files", "", f"RLIMIT_NOFILE: {OPEN_FILES}"),
        Mechanism("output", "output_mib", "the runner counts and drops it; a larger message is refused unread"),
        Mechanism("values sent to a check", "", "the link: 16 MiB of JSON and 256 MiB of arrays in one message"),
        Mechanism("network", "", "a network namespace with loopback alone"),
        Mechanism("what is left at the end", "", "the first process of a pid namespace ends, and all others with it"),
    ]
