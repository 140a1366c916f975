"""Parts 1 and 2: launches on fresh numbers, and what a wrong result tells about the belief behind it."""

import numpy as np
from checks_memory import Memory, crossed_once, nothing_outside, place_of, run_kernel, written_once

from workbench.checks import CheckFailed, close, expect

NEVER_READ = "a number of x was never read: which block belongs to which program?"
READ_AGAIN = "a number was read more than once. What has been read can be kept in a variable until the program ends"


def blocks_for(n, block):
    return -(-n // block)


def hard_swish(x):
    wide = x.astype(np.float64)
    return wide * np.clip(wide + 3, 0, 6) / 6 + 0.0  # + 0.0: no one need read of a -0


def check_hard_swish(submission, n, block, *, programs=None):
    """Launches on n numbers. `programs`: fewer than n needs, so that the last blocks stay untouched."""
    x = submission.rng.uniform(-6, 6, size=n).astype(np.float32)
    memory = Memory()
    inputs = {"x_ptr": memory.place("x", x), "out_ptr": memory.empty("out", (n,)), "n": n, "block": block}
    grid = (programs or blocks_for(n, block),)
    given = f"n = {n}, BLOCK = {block}, {grid[0]} program{'s' * (grid[0] > 1)}"
    run_kernel(submission, "hard_swish", memory, grid, given, **inputs)
    nothing_outside(memory, given, lambda stray: hint_of_block(stray, n, block))
    if programs:
        done = min(n, programs * block)
        beyond = memory.writes("out")[done:].any() or memory.reads("x")[done:].any()
        why = "a program did the work of another: each program has one block, and no more"
        expected = f"{programs} programs touch {done} numbers"
        expect(not beyond, expected=expected, came="more of them", given=given, why=why)
        got, want = memory.values("out")[:done], hard_swish(x)[:done]
    else:
        missing = "Does each program take a block of its own, and is the last number in the mask?"
        written_once(memory, "out", given, missing)
        why = "two programs took the same block, or one read again what it could have kept"
        why = f"a number of x was read more than once: {why}" if (memory.reads("x") > 1).any() else NEVER_READ
        crossed_once(memory, "x", given, why)
        got, want = memory.values("out"), hard_swish(x)
    if not close(got, want, rtol=1e-5, atol=1e-5):
        at = place_of(~np.isclose(got, want, rtol=1e-5, atol=1e-5))
        i = int(at[1:-1])
        given += f"; x[{i}] = {x[i]:.4g}"
        raise CheckFailed(why_swish(got, x, block), expected=float(want[i]), came=float(got[i]) + 0.0, given=given)


def why_swish(got, x, block):
    """The belief that gives this result; a plain sentence when none is known."""
    x = x[: len(got)]
    unclamped = x * (x + 3) / 6
    if np.allclose(got, unclamped, rtol=1e-4, atol=1e-5):
        return "x · (x + 3) / 6 came: nothing was clamped"
    if np.allclose(got, x, rtol=1e-4, atol=1e-5):
        why = "x itself came, so the clamp gave 6 everywhere. Is 0 the lower bound and 6 the upper one? "
        return why + "Or was a block clamped as a whole? Python's max and min do not compare lane by lane"
    starts = range(0, len(got), block)
    blocks = [(got[i : i + block], x[i : i + block], unclamped[i : i + block]) for i in starts]
    if all(any(np.allclose(came, way, rtol=1e-4, atol=1e-5) for way in (0 * v, v, w)) for came, v, w in blocks):
        why = "a block was clamped as a whole, not number by number: "
        return why + "tl.maximum and tl.minimum compare lane by lane, Python's max and min do not"
    clamped = np.clip(x + 3, 0, 6)
    for why, way in (
        ("3 has to be added to x before it is clamped", x * np.clip(x, 0, 6) / 6),
        ("the division by 6 is missing", x * clamped),
        ("the factor x is missing: this is clamp(x + 3, 0, 6) / 6", clamped / 6),
    ):
        if np.allclose(got, way, rtol=1e-4, atol=1e-5):
            return why
    return "a value is wrong: compute the expected one by hand, step by step"


def hint_of_block(stray, n, block):
    if stray.offset == n:
        one = "This is the place right after the last number: the numbers of x are 0 to n - 1."
        return one if n % block == block - 1 else f"The last block has {n % block or block} numbers, and BLOCK lanes."
    if stray.kind == "read":
        return "A place that is not stored may still not be read: it may belong to nobody, or to somebody else."
    return "Each load and each store needs the mask: which lanes of the last block have a number?"


def softmax(x):
    e = np.exp(x.astype(np.float64) - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def check_softmax(submission, x, block, *, gaps=(0, 0), programs=None, say_x=False, once=False):
    """Launches on the table x, with so many unused numbers after each row of x and of out."""
    n_rows, n_columns = x.shape
    memory = Memory()
    strides = [n_columns + gap for gap in gaps]
    inputs = {"x_ptr": memory.place("x", x, strides=(strides[0], 1))}
    inputs["out_ptr"] = memory.empty("out", x.shape, strides=(strides[1], 1))
    inputs |= {"x_row_stride": strides[0], "out_row_stride": strides[1], "n_columns": n_columns, "block": block}
    given = f"{n_rows} row{'s' * (n_rows > 1)} of {n_columns} number{'s' * (n_columns > 1)}, BLOCK = {block}"
    given += f", x_row_stride = {strides[0]}, out_row_stride = {strides[1]}"
    grid = (programs or n_rows,)
    run_kernel(submission, "softmax", memory, grid, given, **inputs)
    nothing_outside(memory, given, lambda stray: hint_of_row(stray, strides, n_columns, memory))
    if programs:
        beyond = memory.writes("out")[programs:].any()
        why = "a program did the row of another: program r does row r, and no other"
        expect(not beyond, expected=f"{programs} rows are written", came="more rows", given=given, why=why)
        x, got = x[:programs], memory.values("out")[:programs]
    else:
        written_once(memory, "out", given, "Which program writes which row?")
        got = memory.values("out")
    want = softmax(x)
    fits = np.isclose(got, want, rtol=1e-4, atol=1e-7)
    if not fits.all():
        row = int(np.argwhere(~fits)[0][0])
        given += f"; row {row}: {np.array2string(x[row], precision=3, threshold=8)}" if say_x else f"; row {row}"
        raise CheckFailed(why_softmax(got, x, block), expected=want[row].astype(np.float32), came=got[row], given=given)
    if once:
        crossed_once(memory, "x", given, READ_AGAIN)


def hint_of_row(stray, strides, n_columns, memory):
    if stray.between:
        stride = strides[0] if stray.array == "x" else strides[1]
        row = stray.offset // stride
        moved = memory.reads("x") if stray.array == "x" else memory.writes("out")
        # Who forgets the mask begins the row in the right place; who takes a wrong stride leaves out its first number.
        if row in stray.program[:1] and moved[row, 0]:
            return "The row is shorter than the block: which lanes have a number?"
        other = "Does out have the same stride as x?" if stray.array == "out" else "Is that the number of columns?"
        return f"The next row of {stray.array} begins {stride} numbers further. {other}"
    if stray.kind == "read":
        return "What is read there belongs to another row, or to nobody: which lanes have a number of this row?"
    return "Which lanes have a number of this row, and where does the row begin?"


def why_softmax(got, x, block):
    """The belief that gives this result; a plain sentence when none is known."""
    wide = x.astype(np.float64)
    top = wide.max(axis=1, keepdims=True)
    with np.errstate(all="ignore"):
        spare = block - x.shape[1]
        with_zeros = np.exp(wide - np.maximum(top, 0 if spare else top))
        with_zeros /= with_zeros.sum(axis=1, keepdims=True) + spare * np.exp(-np.maximum(top, 0))
        after = np.exp(wide - top)
        after /= after.sum(axis=1, keepdims=True) + spare
        raw = np.exp(x)
        raw = raw / raw.sum(axis=1, keepdims=True)
        zero_in_maximum = np.exp(x - np.maximum(x.max(axis=1, keepdims=True), 0))
        zero_in_maximum /= zero_in_maximum.sum(axis=1, keepdims=True)
        logarithm = wide - top - np.log(np.exp(wide - top).sum(axis=1, keepdims=True))
        off = [x.mean(1), x.sum(1) / block, np.abs(x).max(1)]  # what people take off in place of the maximum
        others = [np.exp(x - one[:, None]) for one in off]
        others = [e / e.sum(axis=1, keepdims=True) for e in others]
        undivided = np.exp(wide - top)
    if any(same(got, other) and not same(other, softmax(x)) for other in others):
        return "exp of a large number is infinite, of a very small one 0: take the row's largest number off, no other"
    if same(got, undivided):
        return "the division is missing: the shares of a row sum to 1"
    if spare and (np.isnan(got) & ~np.isnan(raw)).any():
        return "NaN came. What do the lanes after the end of the row hold? Without `other`, they may hold anything"
    if spare and np.isnan(got).any() and same(got, zero_in_maximum):
        return "NaN came: a lane that is switched off took part in the maximum. What does it hold?"
    if same(got, raw) and not same(got, softmax(x)):
        return "exp of a large number is infinite, of a very small one 0. What can you take off the whole row first?"
    if same(got, with_zeros) or same(got, after):
        return "the lanes after the end of the row count, as if the row had zeros there. Which number has exp 0?"
    if same(got, logarithm):
        return "this is the logarithm of the softmax"
    if np.isnan(got).any():
        return "NaN came. Which of your numbers can be infinite, and is divided by, or taken off, another such number?"
    if (np.abs(got.sum(axis=1) - 1) < 1e-4).all():
        return "the row sums to 1, but its shares are wrong"
    return "the row does not sum to 1: did a lane after its end count, or a small number that was added?"


def same(got, want):
    return bool(np.allclose(got, want, rtol=1e-4, atol=1e-7, equal_nan=True))
