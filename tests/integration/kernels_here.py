"""Which processes of a grading run are kernels, and which one they are forked from; for tests that end one."""

import psutil


def warm_and_kernels(coordinator: int) -> tuple[int, list[int]]:
    """The warm process (0 where there is none) and the kernels that run submissions now, below a grading run."""
    family = [found for found in psutil.Process(coordinator).children(recursive=True) if is_kernel(found)]
    # The first process of a fork is nobody's child in here, the kernel its child, the oldest the warm process.
    parents = {found.pid: _parent_of(found) for found in family}
    return min(parents, default=0), [pid for pid, parent in parents.items() if parent in parents]


def is_kernel(process: psutil.Process) -> bool:
    """Whether it is the warm process, or below one: the probe's sandboxes end before that."""
    try:
        return any("inside/warm.py" in part for part in process.cmdline())
    except psutil.Error:
        return False


def _parent_of(process: psutil.Process) -> int:
    try:
        return int(process.ppid())
    except psutil.Error:
        return 0
