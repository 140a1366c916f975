"""What the checks say about a memory after a launch: what was touched outside, how often each number crossed."""

import numpy as np

from workbench.checks import CheckFailed
from workbench.memory import Memory

__all__ = ["Memory", "crossed_once", "nothing_outside", "run_kernel", "written_once"]


def run_kernel(submission, probe, memory, grid, given, **inputs):
    """Launches the learner's kernel by this probe; pointers cross as plain values."""
    plain = {name: value.plain() if hasattr(value, "plain") else value for name, value in inputs.items()}
    submission.run(probe, returns=["done"], serve={"memory": memory}, given=given, grid=list(grid), **plain)


def nothing_outside(memory, given, hint):
    """Fails when a kernel read or wrote a place that is no number of an array; writes are named first."""
    if not memory.stray_count:
        return
    stray = min(memory.strays, key=lambda stray: stray.kind != "write")
    same = sum(other.kind == stray.kind and other.array == stray.array for other in memory.strays)
    did = "wrote to" if stray.kind == "write" else "read"
    who = f"program {', '.join(map(str, stray.program[:1]))}" if stray.program else "a program"
    if not stray.array:
        came = f"{who} {did} an address that is far away from every array"
    else:
        came = f"{who} {did} {stray.array}[{stray.offset}], {where(stray)}"
        came += f" ({same} such {'place' if same == 1 else 'places'} in all)"
    did = "wrote to" if stray.kind == "write" else "read from"
    why = f"your kernel {did} memory outside of the array. {hint(stray)}"
    raise CheckFailed(why, expected="no place outside of the arrays", came=came, given=given)


def where(stray):
    if stray.between:
        return "which is a gap between two rows"
    return "which is before its start" if stray.offset < 0 else "which is after its end"


def written_once(memory, name, given, why_missing=""):
    """Fails when a number of the result was never written, or more than once."""
    writes = memory.writes(name)
    if not writes.any():
        why = f"nothing was written to {name}: the kernel needs a tl.store"
        raise CheckFailed(why, expected=f"each number of {name} is written", came="none is", given=given)
    if (writes == 0).any():
        place = place_of(writes == 0)
        why = f"{int((writes == 0).sum())} of {writes.size} numbers of {name} were never written. {why_missing}".strip()
        raise CheckFailed(why, expected=f"{name}{place} is written", came="it is not", given=given)
    if (writes > 1).any():
        place = place_of(writes > 1)
        why = "a number of the result was written more than once: two programs took the same block, or one stored twice"
        raise CheckFailed(why, expected=f"{name}{place} is written once", came=f"{writes.max()} times", given=given)


def crossed_once(memory, name, given, why):
    """Fails when a number of an input was read more or less than once."""
    reads = memory.reads(name)
    if (reads != 1).any():
        place = place_of(reads != 1)
        came = f"{name}{place} was read {times(reads[reads != 1].flat[0])}"
        came += f"; {memory.bytes_read(name)} bytes of {name} were read in all"
        expected = f"each number of {name} is read once: {reads.size * memory.values(name).itemsize} bytes"
        raise CheckFailed(why, expected=expected, came=came, given=given)


def times(count):
    return {0: "never", 1: "once", 2: "twice"}.get(int(count), f"{count} times")


def place_of(wrong):
    """The first place where this is true, as text: [3] or [1, 2]."""
    return str([int(i) for i in np.argwhere(wrong)[0]])
