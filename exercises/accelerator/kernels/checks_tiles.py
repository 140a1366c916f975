"""Part 4: a product of float16 tables, with strides, on the checker's memory."""

import numpy as np
from checks_memory import Memory, nothing_outside, run_kernel, times, written_once

from workbench.checks import CheckFailed

# In units of |A| · |B|. A sum of K products in float32 is off by at most K * 2**-24, here 3.1e-5 (N. J. Higham,
# Accuracy and Stability of Numerical Algorithms, 2002, section 3.1): a right answer never fails. A result that went
# through float16 is off by up to 4.9e-4.
TOLERANCE = 1e-4


def tables(rng, m, n, k):
    """Two tables whose numbers are positive, so that long sums grow."""
    return [rng.uniform(0.25, 1.75, size=size).astype(np.float16) for size in ((m, k), (k, n))]


def check_matmul(submission, sizes, tile, *, by_columns=(False, False, False), gap=0, hint="", tiles=False):
    """Launches on tables A, B, C of sizes (M, N, K). `by_columns`: stored column by column; `gap`: after each row."""
    m, n, k = sizes
    a, b = tables(submission.rng, m, n, k)
    memory = Memory()
    shapes = {"a": (m, k), "b": (k, n), "c": (m, n)}
    strides = {
        name: (1, shape[0] + gap) if turned else (shape[1] + gap, 1)
        for (name, shape), turned in zip(shapes.items(), by_columns, strict=True)
    }
    pointers = {
        "a_ptr": memory.place("A", a, strides=strides["a"]),
        "b_ptr": memory.place("B", b, strides=strides["b"]),
        "c_ptr": memory.empty("C", (m, n), strides=strides["c"]),
    }
    grid = (-(-m // tile[0]), -(-n // tile[1]))
    flat = [step for name in "abc" for step in strides[name]]
    given = f"M, N, K = {m}, {n}, {k}, tiles {tile}, strides A {strides['a']}, B {strides['b']}, C {strides['c']}"
    inputs = {"sizes": list(sizes), "strides": flat, "tile": list(tile)}
    run_kernel(submission, "matmul", memory, grid, given, **pointers, **inputs)
    nothing_outside(memory, given, hint_of_tile)
    written_once(memory, "C", given, "Which tile belongs to program (i, j)?")
    compare(memory.values("C"), a, b, given, hint, tile)
    if tiles:
        read_by_tiles(memory, grid, given)


def compare(got, a, b, given, hint, tile):
    wide_a, wide_b = a.astype(np.float64), b.astype(np.float64)
    want, scale = wide_a @ wide_b, np.abs(wide_a) @ np.abs(wide_b)
    wrong = ~(np.abs(got - want) <= TOLERANCE * scale)
    if wrong.any():
        i, j = (int(x) for x in np.argwhere(wrong)[0])
        why = why_product(got, a, b, tile) or hint or "a sum is wrong"
        raise CheckFailed(why, expected=f"C[{i}, {j}] = {want[i, j]:.6g}", came=f"{got[i, j]:.6g}", given=given)


def why_product(got, a, b, tile):
    """The belief that gives this product; "" when none is known."""
    wide_a, wide_b = a.astype(np.float64), b.astype(np.float64)
    want, step = wide_a @ wide_b, tile[2]
    whole = a.shape[1] // step * step
    if not np.isfinite(got).all():
        return "NaN or infinity came: what do lanes after the end of K hold? Without `other`, they may hold anything"
    if whole < a.shape[1] and np.allclose(got, wide_a[:, :whole] @ wide_b[:whole], rtol=1e-4):
        return f"the last {a.shape[1] - whole} of {a.shape[1]} terms are missing: K is no multiple of BLOCK_K"
    if np.allclose(got, wide_a[:, -step:] @ wide_b[-step:], rtol=1e-4) and step < a.shape[1]:
        return "only the last step along K is in the result: is the product added to what was there?"
    if np.allclose(got, want, rtol=0.02):
        return "nearly right: these are the rounding errors of float16. Sums and result are float32: where is it left?"
    if tile[0] == tile[1] == tile[2] == a.shape[1] and np.allclose(got, wide_a * wide_b, rtol=1e-3):
        return "this is the product number by number: `tl.dot` multiplies tiles"
    steps = range(0, whole, step)
    if steps and np.allclose(got, len(steps) * (wide_a[:, :step] @ wide_b[:step]), rtol=1e-3) and len(steps) > 1:
        return "each step took the first tile along K: where does a tile begin in the next step?"
    return ""


def hint_of_tile(stray):
    if stray.between:
        return f"A place between two rows of {stray.array}: which of its strides belongs to which index?"
    if stray.kind == "read":
        end = f"A tile of {stray.array} may end before the block does, along both of its axes, K too: "
        return end + "`&` joins two masks (`and` does not). Or was an index taken times the other one's stride?"
    return "A tile of C may end before the block does, along both axes: `&` joins two masks (`and` does not)."


def read_by_tiles(memory, grid, given):
    """Each number of A crosses once for each tile along N, each of B once for each tile along M."""
    for name, most in (("A", grid[1]), ("B", grid[0])):
        reads = memory.reads(name)
        if (reads > most).any():
            why = f"a number of {name} was read more often than there are tiles of C that need it"
            expected = f"each number of {name} is read {times(most)}"
            raise CheckFailed(why, expected=expected, came=f"{name} was read {times(reads.max())}", given=given)
