"""The visible checks of accelerator/precision; what the hidden ones share with them is in checks_*.py."""

import numpy as np
from checks_formats import check_shorten, check_to_format, middles, numbers_of
from checks_sums import check_dot
from checks_training import check_master_stays, check_run, check_step, random_task

from workbench.checks import part

bits_part = part("bits", title="Drop bits, and round")
range_part = part("range", title="A format with a short range")
dot_part = part("dot", title="A sum that does not stop")
scaler_part = part("scaler", title="A loss scale that steers itself")
step_part = part("step", title="Stretch: one mixed step")

BFLOAT16 = (8, 7)
FLOAT16 = (5, 10)


def patterns(*bits):
    return np.array(bits, dtype=np.uint32).view(np.float32)


# ---- 1 · bits


@bits_part.check(
    points=1,
    title="The nearest number, above or below",
    hints=[
        "Which patterns with zeros at the end are the two neighbours? How far is each?",
        "If you added something to the pattern before you cut it, which numbers would reach the neighbour above? How "
        "much would have to be added?",
    ],
)
def nearest_number(submission):
    """Half of the numbers go up, and half down; none is a tie."""
    first_N = submission.rng.integers(0x3000, 0x4F00, 12, dtype=np.uint32)
    last_N = submission.rng.integers(1, 0x8000, 12, dtype=np.uint32) + np.uint32(0x8000) * (np.arange(12) % 2 == 0)
    last_N[last_N == 0x8000] += 1
    sign_N = np.uint32(0x80000000) * submission.rng.integers(0, 2, 12, dtype=np.uint32)
    random_N = ((first_N << 16) | last_N.astype(np.uint32) | sign_N).view(np.float32)
    check_shorten(submission, np.concatenate([patterns(0x3F80A3D7, 0x3F804000, 0x3FFFC000), random_N]), 7)


@bits_part.check(
    points=1,
    title="A tie goes to the even neighbour",
    hints=[
        "A number lies exactly in the middle. Which of its bits tells whether the neighbour below is even?",
        "What has to be added to a tie so that it goes up, and what so that it stays below? Which bit of the pattern "
        "is the difference?",
    ],
)
def ties_to_even(submission):
    numbers = numbers_of(*BFLOAT16)
    places = submission.rng.integers(0x3000, 0x4F00, 5)
    ties_N = np.concatenate([patterns(0x3F808000, 0x3F818000), middles(numbers, [*places, *places + 1])])
    check_shorten(submission, ties_N * submission.rng.choice([-1, 1], len(ties_N)).astype(np.float32), 7)


@bits_part.check(
    points=1,
    title="NaN stays NaN, infinity stays infinity",
    hints=[
        "Which bits make a pattern NaN? Are they always among those that you keep?",
        "What does your addition do with 0xFFFFFFFF? How would you find all NaN before you add anything?",
    ],
)
def nan_and_infinity(submission):
    low = int(submission.rng.integers(1, 0x7000))
    special_N = patterns(0x7F800000, 0xFF800000, 0x7FC00000, 0x7F800001, 0xFF800000 + low, 0x7FFFFFFF, 0xFFFFFFFF)
    short_N = submission.rng.choice(numbers_of(*BFLOAT16)[0x3000:0x4F00], 3).astype(np.float32)
    check_shorten(submission, np.concatenate([special_N, short_N, -short_N]), 7)


# ---- 2 · range


def between(rng, low, high, count):
    """Numbers of either sign with sizes from low to high, evenly spread over the powers of two."""
    sizes = 2 ** rng.uniform(np.log2(low), np.log2(high), count)
    return (sizes * rng.choice([-1, 1], count)).astype(np.float32)


@range_part.check(
    points=1,
    title="Normal numbers, and ties between them",
    hints=[
        "How far apart are the numbers of the format around x? How many such steps is x?",
        "Between 1 and 2 there are 2^f steps. How wide is one of them, and how wide is one between 4 and 8?",
    ],
)
def normal_numbers(submission):
    for exponent_bits, fraction_bits in (FLOAT16, (5, 2)):
        numbers = numbers_of(exponent_bits, fraction_bits)
        lowest, highest = 2**fraction_bits, len(numbers) - 3
        inside_N = between(submission.rng, numbers[lowest] * 1.01, numbers[highest] * 0.99, 10)
        ties_N = middles(numbers, submission.rng.integers(lowest, highest, 6))
        check_to_format(submission, np.concatenate([inside_N, ties_N]), exponent_bits, fraction_bits)


@range_part.check(
    points=1,
    title="Small numbers: the subnormal ones",
    hints=[
        "Which numbers does float16 have between zero and 2^−14? How far apart are they?",
        "Your spacing is halved from one power of two to the next smaller one. At which power does this have to stop?",
    ],
)
def small_numbers(submission):
    for exponent_bits, fraction_bits in (FLOAT16, (4, 3)):
        numbers = numbers_of(exponent_bits, fraction_bits)
        smallest, smallest_normal = numbers[1], numbers[2**fraction_bits]
        small_N = between(submission.rng, 1.6 * smallest, smallest_normal, 10)
        edges_N = np.float32([0.4 * smallest, 0.6 * smallest, -0.5 * smallest, 1.5 * smallest, -smallest])
        # A little above a tie: who rounds to the bits of the fraction first meets the tie itself, and rounds it down.
        near_tie_N = middles(numbers, [2**fraction_bits // 2]) * np.float32(1 + 2.0**-13)
        check_to_format(submission, np.concatenate([edges_N, small_N, near_tie_N]), exponent_bits, fraction_bits)


@range_part.check(
    points=1,
    title="Large numbers, infinity and NaN",
    hints=[
        "To which number does 65,519 round, and to which 65,521? Does the second one exist in float16?",
        "Do you look whether a number is too large before you round it, or afterwards?",
    ],
)
def large_numbers(submission):
    edges_N = np.float32([65504, -65519, 65520, -65521, 65536, 1e6, -3e38, np.inf, -np.inf, np.nan, 60000.7])
    check_to_format(submission, edges_N, *FLOAT16)


# ---- 3 · dot


@dot_part.check(
    points=1,
    title="Many products, one long sum",
    hints=[
        "At which total is 1 just half the spacing of float16? To which neighbour does the next sum go?",
        "In which format is your total while the loop, or NumPy, is adding?",
    ],
)
def long_sum(submission):
    length, power = int(submission.rng.integers(5_000, 10_000)), float(2.0 ** submission.rng.integers(-4, 3))
    check_dot(submission, np.full(length, power), np.ones(length), f"{length} times {power:g} · 1")


@dot_part.check(
    points=1,
    title="Products that float16 does not have",
    hints=[
        "What is 400 · 400, and what is the largest number of float16?",
        "In which format are your products, before they are added?",
    ],
)
def products_out_of_range(submission):
    small = np.float16(submission.rng.uniform(1e-5, 9e-5))
    check_dot(submission, np.full(3000, small), np.full(3000, small), f"3000 times {small:.3g} · {small:.3g}")
    large = np.float16(submission.rng.uniform(300, 500))
    check_dot(submission, [large, large, 1], [large, -large, 1], f"{large} · {large} − {large} · {large} + 1 · 1")


# ---- 4 · scaler


@scaler_part.check(
    points=1,
    title="The gradient in its true size, small numbers too",
    hints=[
        "Which factor is in the gradient that backward returns? In which format is it?",
        "0.001 has a place in float16. Has 0.001 / 65,536 one? When would you leave float16?",
    ],
)
def unscales_in_float32(submission):
    check_run(submission, "ggg", [2.0**16] * 4, growth_interval=100)


@scaler_part.check(
    points=1,
    title="Skips what is not finite, and halves the scale",
    hints=[
        "What happens to the weights if one number of a gradient is inf? And if it is nan?",
        "Suppose that the scale was too high. What will the next batch give with the same scale?",
    ],
)
def skips_and_lowers(submission):
    scales = [4096.0, 4096.0, 2048.0, 2048.0, 1024.0, 512.0, 512.0, 512.0, 256.0]
    check_run(submission, "gognmgba", scales, growth_interval=100)


@scaler_part.check(
    points=1,
    title="Grows after enough good steps in a row",
    hints=[
        "Follow your counter through: good, good, skipped, good. What should it be at the end?",
        "The scale has just doubled. What is your counter now? After how many good steps does the scale double again?",
    ],
)
def grows_after_good_steps(submission):
    scales = [64.0, 64.0, 64.0, 128.0, 128.0, 64.0, 64.0, 64.0, 128.0, 128.0, 128.0, 256.0]
    check_run(submission, "ggggoggbggg", scales, growth_interval=3)


# ---- 5 · step


@step_part.check(
    points=1,
    title="The step of float32, where nothing is clipped",
    hints=[
        "Which copy of the weights does the net get, and from which one do you subtract?",
        "A step is 0.00001, a weight is 0.7. Which format can hold the difference?",
    ],
)
def step_of_float32(submission):
    for learning_rate in (0.1, 1e-5):
        net, master = random_task(submission.rng)
        check_step(submission, net, master, 256.0, 1e6, learning_rate)


@step_part.check(
    points=1,
    title="Clipped by its true norm, over all arrays",
    hints=[
        "How large is the norm while the scale is still in the gradient? To which size should it be compared?",
        "How many norms has the whole gradient? Does clipping change its direction?",
    ],
)
def clipped_by_true_norm(submission):
    for max_norm, scale in ((0.5, 1.0), (1.0, 256.0), (100.0, 512.0)):
        net, master = random_task(submission.rng)
        check_step(submission, net, master, scale, max_norm, 0.1)


@step_part.check(
    points=1,
    title="Small gradients count, and the old master weights stay",
    hints=[
        "In which format is the gradient when the scale is taken out of it?",
        "Somebody compares the weights before and after your step. Are the ones before still there?",
    ],
)
def small_gradients_and_old_weights(submission):
    net, master = random_task(submission.rng, factor=2.0**-20)
    check_step(submission, net, master, 2.0**14, 1e6, 100.0)
    net, master = random_task(submission.rng)
    check_master_stays(submission, net, master, 256.0, 1.0, 0.1)
