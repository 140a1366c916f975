"""Parts 1 and 2: every number of a small format, one after the other; the nearest one is looked up, not computed."""

from functools import cache

import numpy as np

from workbench.checks import CheckFailed, as_array

FLOAT32_EXPONENT_BITS = 8
DOUBLED = "the spacing is double: every second number of the format is never taken. Is one bit of the fraction missing?"
FLUSHED = "zero came: below the smallest normal number there are the subnormal ones"


@cache
def numbers_of(exponent_bits, fraction_bits):
    """All numbers ≥ 0 of a format, in order, as float64; the place of a number is its pattern.

    Behind the largest stands the number that would come next: whatever is nearest to it, or beyond it, is infinity.
    """
    bias = 2 ** (exponent_bits - 1) - 1
    steps = np.arange(2**fraction_bits) / 2**fraction_bits
    rows = [steps * 2.0 ** (1 - bias)]
    rows += [(1 + steps) * 2.0 ** (exponent - bias) for exponent in range(1, 2**exponent_bits - 1)]
    return np.concatenate([*rows, [2.0 ** (2**exponent_bits - 1 - bias)]])


def neighbours(x, numbers):
    """Places of the numbers at and around |x|: (below, above); equal where |x| is one of them."""
    above = int(np.searchsorted(numbers, min(abs(float(x)), numbers[-1])))
    return (above, above) if numbers[above] == abs(float(x)) or above == 0 else (above - 1, above)


def nearest(x, numbers):
    """The nearest number, as a float with the sign of x; of two, the one with the even pattern. NaN stays NaN."""
    if np.isnan(x):
        return float(x)
    below, above = neighbours(x, numbers)
    to_below, to_above = abs(float(x)) - numbers[below], numbers[above] - abs(float(x))
    place = min((to_below, below % 2, below), (to_above, above % 2, above))[2]
    if abs(float(x)) >= numbers[-1] or place == len(numbers) - 1:
        return float(np.copysign(np.inf, x))
    return float(np.copysign(numbers[place], x))


def middles(numbers, places):
    """Numbers exactly in the middle between a number and the next one."""
    return np.array([(numbers[place] + numbers[place + 1]) / 2 for place in places], dtype=np.float32)


def same(a, b):
    return bool((np.isnan(a) and np.isnan(b)) or (a == b and np.signbit(a) == np.signbit(b)))


def is_spacing_doubled(x_N, came_N, numbers):
    """Whether each number from the smallest wrong one on is the nearest of every second number of the format."""
    pairs = list(zip(x_N, came_N, strict=True))
    wrong = [abs(x) for x, came in pairs if not same(nearest(x, numbers), came)]
    return len(wrong) > 2 and all(same(nearest(x, numbers[::2]), came) for x, came in pairs if not abs(x) < min(wrong))


# ---- part 1: patterns


def check_shorten(submission, x_N, fraction_bits):
    """Fails at the first number whose pattern is not that of the nearest number."""
    x_N = np.asarray(x_N, dtype=np.float32)
    bits_N = x_N.view(np.uint32)
    came_N = as_patterns(submission.call("shorten", bits_N, fraction_bits, given=patterns_given(bits_N)), x_N.shape)
    numbers = numbers_of(FLOAT32_EXPONENT_BITS, fraction_bits)
    dropped = 23 - fraction_bits
    doubled = is_spacing_doubled(x_N, came_N.view(np.float32), numbers)
    for x, bits, came_bits in zip(x_N, bits_N, came_N, strict=True):
        want, came = nearest(x, numbers), came_bits.view(np.float32)
        want_bits = np.float32(want).view(np.uint32)
        left_over = int(came_bits) % 2**dropped
        if same(want, came) and not left_over:
            continue
        if int(came_bits) == int(want_bits) >> dropped:
            why = "right, but moved to the right: the kept bits stay where they were, with zeros behind them"
        elif left_over:
            why = f"some of the last {dropped} bits are not zero"
        elif doubled:
            why = DOUBLED
        else:
            why = why_not_pattern(int(bits), int(came_bits), int(want_bits), dropped)
            why = why or why_not_nearest(x, came, want, numbers)
        expected = f"any pattern of NaN with {dropped} zeros at the end" if np.isnan(x) else told(want_bits)
        raise CheckFailed(
            why, expected=expected, came=told(came_bits), given=f"{told(bits)}, fraction_bits={fraction_bits}"
        )


def why_not_pattern(bits, came_bits, want_bits, dropped):
    """What the patterns tell; "" when they tell nothing."""
    is_nan, kept = bits & 0x7FFFFFFF > 0x7F800000, bits >> dropped << dropped
    if is_nan and came_bits & 0x7FFFFFFF == 0x7F800000 and kept & 0x7FFFFF:
        return "NaN became infinity: its exponent is that of infinity, but its fraction is not zeros"
    if not is_nan and came_bits != want_bits and came_bits == (bits & 0xFF800000) | (want_bits & 0x7FFFFF):
        return "the carry was lost: if all kept bits of the fraction are 1, rounding up also raises the exponent by 1"
    return ""


def as_patterns(value, shape):
    """The learner's patterns as uint32; signed and wider whole numbers too, if they have 32 bits."""
    array = as_array(value, shape=shape, kind="int", name="what shorten returns")
    if ((array < -(2**31)) | (array >= 2**32)).any():
        wide = next(int(v) for v in array if not -(2**31) <= v < 2**32)
        why = "a pattern has more than 32 bits: did a sum run over?"
        raise CheckFailed(why, expected="patterns of 32 bits", came=hex(wide))
    return array.astype(np.int64).astype(np.uint32) if array.dtype != np.uint32 else array


def told(bits):
    return f"0x{int(bits):08X} ({np.uint32(bits).view(np.float32):.9g})"


def patterns_given(bits_N):
    return ", ".join(told(bits) for bits in bits_N[:3]) + (", …" if len(bits_N) > 3 else "")


# ---- part 2: numbers


def check_to_format(submission, x_N, exponent_bits, fraction_bits):
    """Fails at the first number that is not the nearest one of the format."""
    x_N = np.asarray(x_N, dtype=np.float32)
    name = f"to_format(…, {exponent_bits}, {fraction_bits})"
    shown = ", ".join(f"{x:.9g}" for x in x_N[:3]) + ", …"
    value = submission.call("to_format", x_N, exponent_bits, fraction_bits, given=f"{shown}, in {name}")
    came_N = as_array(value, shape=x_N.shape, kind="float", name="what to_format returns").astype(np.float64)
    numbers = numbers_of(exponent_bits, fraction_bits)
    doubled = DOUBLED if is_spacing_doubled(x_N, came_N, numbers) else ""
    no_subnormals = not ((came_N != 0) & (np.abs(came_N) < numbers[2**fraction_bits])).any()
    for x, came in zip(x_N, came_N, strict=True):
        want = nearest(x, numbers)
        if not same(want, came):
            flushed = FLUSHED if no_subnormals and came == 0 and 0 < abs(want) < numbers[2**fraction_bits] else ""
            why = doubled or flushed or why_not_in_format(x, came, want, numbers, fraction_bits)
            why = why or why_not_nearest(x, came, want, numbers)
            given = f"{x:.9g}, in {name}"
            raise CheckFailed(why, expected=f"{want:.9g}", came=f"{came:.9g}", given=given)


def why_not_in_format(x, came, want, numbers, fraction_bits):
    """What the ends of the format tell; "" when they tell nothing."""
    smallest_normal, largest = numbers[2**fraction_bits], numbers[-2]
    if np.isnan(x) and np.isinf(came):
        return "NaN became infinity: it is not too large, it is no number. A comparison does not find it, np.isnan does"
    if np.isnan(x) or np.isnan(came) or abs(came) == abs(want):
        return ""
    if came == float(np.float16(np.clip(x, -65504, 65504))) and abs(came) not in numbers:
        return f"this is a float16 number: the format has {fraction_bits} bits of fraction"
    if np.isinf(want) and abs(came) == largest:
        return "the largest number came: what is too large becomes infinity, or nobody would notice"
    if np.isinf(want) and abs(came) > largest:
        return f"the format ends at {largest:g}: there is no such number"
    if np.isinf(came) and np.isfinite(x):
        return f"infinity came too early: {abs(x):.9g} is nearer to {abs(want):.9g} than to what would come next"
    if abs(x) < smallest_normal and abs(came) not in numbers:
        return f"too fine: below {smallest_normal:.6g} the spacing stays {numbers[1]:.6g}"
    if abs(x) < smallest_normal and same(nearest(to_fraction(x, fraction_bits), numbers), came):
        return "perhaps rounded twice, first to the bits of the fraction and then to the subnormals: round once"
    return ""


def to_fraction(x, fraction_bits):
    """Rounded to the bits of the fraction alone, as if there were no subnormal numbers."""
    m, k = np.frexp(float(x))
    return float(np.ldexp(np.rint(np.ldexp(m, fraction_bits + 1)), k - fraction_bits - 1))


def is_tie(x, numbers):
    below, above = neighbours(x, numbers)
    return above > below and abs(float(x)) - numbers[below] == numbers[above] - abs(float(x))


def why_not_nearest(x, came, want, numbers):
    """The belief that gives this number instead of the nearest; "" when none is known."""
    if np.isnan(x):
        if np.isinf(came):
            return "NaN became infinity: what made it NaN was in the bits that were cut off"
        return "NaN became an ordinary number: perhaps something was added to its pattern"
    if np.isinf(x):
        return "infinity has to stay infinity, with its sign"
    if np.isnan(came):
        return "NaN came for an ordinary number"
    if np.signbit(came) != np.signbit(x):
        return "the sign is another one" + (": zero has a sign too" if want == 0 else "")
    below, above = neighbours(x, numbers)
    near = {float(numbers[below]): "below", float(numbers[above]): "above"}
    if above == len(numbers) - 1:
        near[float("inf")] = "above"
    side = near.get(abs(float(came)))
    if side is None:
        return "neither of the two neighbours came" if abs(float(came)) in numbers else "the format has no such number"
    if is_tie(x, numbers):
        return f"a tie: the neighbour {side} came, and its last kept bit is 1. Take the even one, above or below"
    if side == "below":
        return "rounded towards zero, as if the bits were cut off: the other neighbour is nearer"
    return "rounded away from zero: the other neighbour is nearer"
