"""Further checks of the same parts: other widths, edges, random runs. Never released."""

import numpy as np
from checks import between, bits_part, dot_part, patterns, range_part, scaler_part, step_part
from checks_formats import FLOAT32_EXPONENT_BITS, check_shorten, check_to_format, middles, numbers_of
from checks_sums import check_dot
from checks_training import GOOD, check_run, check_step, random_task


@bits_part.check(
    points=1,
    title="Other widths: TF32, and formats of fewer bits",
    hints=["Which numbers in your code belong to bfloat16 alone?", "How many bits are dropped if 10 are kept?"],
)
def other_widths(submission):
    for fraction_bits in (10, 2, 1, int(submission.rng.integers(3, 7)), 9):
        numbers = numbers_of(FLOAT32_EXPONENT_BITS, fraction_bits)
        ties_N = middles(numbers, submission.rng.integers(len(numbers) // 4, len(numbers) * 3 // 4, 6))
        random_N = between(submission.rng, 1e-30, 1e30, 20)
        check_shorten(submission, np.concatenate([ties_N, random_N, patterns(0xFFFFFFFF, 0x7F800001)]), fraction_bits)


@bits_part.check(
    points=1,
    title="The largest and the smallest numbers",
    hints=["Which pattern follows the largest number?", "Do zeros keep their sign?"],
)
def largest_and_smallest(submission):
    large_N = patterns(0x7F7FFFFF, 0xFF7FFFFF, 0x7F7F0000, 0x7F7F8000, 0x7F7F7FFF)
    zeros_N = patterns(0, 0x80000000, 1, 0x80008000, 0x18000)
    small_N = submission.rng.integers(1, 0x800000, 10, dtype=np.uint32).view(np.float32)
    check_shorten(submission, np.concatenate([large_N, zeros_N, small_N]), 7)


@range_part.check(
    points=2,
    title="Any format, from end to end",
    hints=["Does your function use the numbers of float16 anywhere?", "What is −0 in the format?"],
)
def any_format(submission):
    for exponent_bits, fraction_bits in ((4, 3), (8, 7), (2, 4), (6, 5), (3, 10), (8, 10), (5, 1)):
        numbers = numbers_of(exponent_bits, fraction_bits)
        largest = min(float(numbers[-2]), 1e38)
        ties_N = middles(numbers, [0, 1, 2, 3, *submission.rng.integers(0, len(numbers) - 2, 8)])
        spread_N = between(submission.rng, max(float(numbers[1]) / 4, 1e-45), largest, 30)
        fine_N = between(submission.rng, float(numbers[1]), float(numbers[2**fraction_bits]), 10)
        still_largest = numbers[-2] + 0.3 * (numbers[-2] - numbers[-3])
        next_N = np.float32([np.inf, -np.inf, np.nan, 0.0, -0.0, numbers[-2], -numbers[-2], still_largest])
        over_N = np.float32([numbers[-1], -2 * numbers[-1]]) if exponent_bits < 8 else np.float32([3.4028235e38])
        # Just above a tie of the subnormals: who rounds to the fraction first meets the tie, and rounds it down.
        place = 2 * int(submission.rng.integers(0, max(1, 2**fraction_bits // 4)))
        twice_N = middles(numbers, [place]) * np.float32(1 + 2.0**-22)
        all_N = np.concatenate([ties_N, -ties_N, spread_N, fine_N, next_N, over_N, twice_N])
        check_to_format(submission, all_N, exponent_bits, fraction_bits)


@dot_part.check(
    points=1,
    title="Rounding that always goes the same way, and a large result",
    hints=["Which of products, total and result are float16 somewhere in your code?"],
)
def rounding_adds_up(submission):
    """Each product has bits that float16 does not keep, all on the same side."""
    value = np.float16(1 + 2.0**-6 + 2.0**-10 * submission.rng.integers(1, 4))
    length = int(submission.rng.integers(2_000, 4_000))
    check_dot(submission, np.full(length, value), np.full(length, value), f"{length} times {value} · {value}")
    check_dot(submission, np.full(900, 300.0), np.ones(900), "900 times 300 · 1")


@dot_part.check(
    points=1,
    title="Random products of either sign",
    hints=["Is the result exact to four digits if large products cancel?"],
)
def random_products(submission):
    for length in (1, 7, 1000):
        a_N, b_N = (submission.rng.normal(0, 30, length) for _ in range(2))
        check_dot(submission, [2000, *a_N, 2000], [40, *b_N, -40], f"{length + 2} random products")


def right_scales(events, scale, growth_interval):
    scales, good = [scale], 0
    for event in events:
        good = good + 1 if event in GOOD else 0
        if event not in GOOD:
            scale /= 2
        elif good == growth_interval:
            scale, good = scale * 2, 0
        scales.append(scale)
    return scales


@scaler_part.check(
    points=2,
    title="Long random runs",
    hints=["Is your counter right after each of: a growth, a skipped step, two skipped steps in a row?"],
)
def long_random_runs(submission):
    for growth_interval in (2, 3, 5):
        events = "".join(submission.rng.choice(list("ggggggbbonm"), 60))
        start = float(2.0 ** submission.rng.integers(4, 14))
        check_run(submission, events, right_scales(events, start, growth_interval), growth_interval)


@scaler_part.check(
    points=1,
    title="What the last step decides",
    hints=["Which scale does a run need that goes on after yours?"],
)
def last_step_decides(submission):
    for events, growth_interval in (("ggg", 3), ("ggo", 3), ("g", 1), ("nn", 1), ("ggg", 1), ("b" * 7, 4)):
        check_run(submission, events, right_scales(events, 1024.0, growth_interval), growth_interval)


@step_part.check(
    points=1,
    title="Any scale, the same step",
    hints=["Which of your six pieces of work may see a gradient that still has the scale in it?"],
)
def any_scale(submission):
    max_norms = submission.rng.permutation([0.3, 2.0, 50.0] * 2)  # the last one is longer than any gradient here
    for power, max_norm in zip(range(-2, 10, 2), max_norms, strict=True):
        net, master = random_task(submission.rng)
        check_step(submission, net, master, 2.0**power, float(max_norm), 0.01)


@step_part.check(
    points=1,
    title="Skips a gradient that is not finite",
    hints=["What is the norm of a gradient with an inf in it, and what would clipping make of it?"],
)
def skips_overflow(submission):
    net, master = random_task(submission.rng)
    check_step(submission, net, master, 8.0, 1.0, 0.1)
    net, master = random_task(submission.rng, size=100.0)
    check_step(submission, net, master, 2.0**20, 1.0, 0.1)
    overflowed = any(not np.isfinite(g).all() for g in net.calls[0][2].values())
    assert overflowed, "a gradient that overflows was wanted here"
