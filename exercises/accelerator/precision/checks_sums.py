"""Part 3: sums that are known exactly, and what a wrong one tells."""

import math
from fractions import Fraction

import numpy as np

from workbench.checks import CheckFailed, as_number

# float32 totals that are kept number by number, the worst honest way, were off by less than 2e-5 of the sum of the
# sizes of the products on the longest input here; float16 anywhere is off by 2e-4 and more on each of these inputs.
TOLERANCE = 1e-4


def exact_dot(a_N, b_N):
    """Without any rounding."""
    return float(sum(Fraction(float(a)) * Fraction(float(b)) for a, b in zip(a_N, b_N, strict=True)))


def check_dot(submission, a_N, b_N, given):
    a_N, b_N = np.asarray(a_N, dtype=np.float16), np.asarray(b_N, dtype=np.float16)
    want = exact_dot(a_N, b_N)
    value = submission.call("dot", a_N, b_N, given=given)
    came = unlimited(value)
    scale = float(np.abs(a_N.astype(np.float64) * b_N.astype(np.float64)).sum())
    if math.isnan(came) or abs(came - want) > TOLERANCE * scale:
        why = why_not_the_sum(a_N, b_N, came, want)
        raise CheckFailed(why, expected=f"{want:.9g}", came=f"{came:.9g}", given=given)


def unlimited(value):
    """One number; infinite or NaN too, which deserve a message of their own."""
    if isinstance(value, np.ndarray) and value.size == 1 and value.dtype.kind == "f":
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return value
    return float(as_number(value, name="what dot returns"))


def why_not_the_sum(a_N, b_N, came, want):
    sizes_N = np.abs(a_N.astype(np.float64) * b_N.astype(np.float64))
    largest_product = float(sizes_N.max())
    if not math.isfinite(came) and largest_product > 65504:
        return "a product overflowed: it was computed in float16, before the total was"
    if not math.isfinite(came):
        return "the result is larger than any float16 number: was the total, or the result, float16?"
    if came == 0 and largest_product < 2.0**-24:
        return "zero came: each product was rounded to float16, or the total was, and float16 has nothing so small"
    if 0 < came < 0.9 * want and is_float16(came):
        return "the total stopped: float16 could not hold it and one more product"
    if came == float(np.float16(want)):
        return "the sum is right, but rounded to float16 at the end"
    if math.isclose(came, sizes_N.sum(), rel_tol=TOLERANCE):
        return "the products were added up without their signs"
    return "too far off for float32: is a product, the total or the result rounded to float16? Or is it another sum?"


def is_float16(value):
    return float(np.float16(value)) == value
