"""Memory of a server where the host's kernel has no group for it: the largest of its processes is ended."""

from autograder.sandbox.meter import Meter

SPARED = 2  # the first process of the namespace, and the server itself


def largest_to_end(meter: Meter, limit_bytes: float) -> int | None:
    """The process to end where all together hold more than they may; None where they do not.

    The cheap sum, in which shared pages count several times, decides whether the dear one is asked.
    """
    if meter.memory_at_most_bytes() <= limit_bytes or meter.memory_bytes() <= limit_bytes:
        return None
    sizes = meter.resident_bytes()
    return max(sizes[SPARED:] or sizes, key=lambda each: each[1])[0]
