"""Further checks of the same parts: large sizes, edges, devices with every quirk. Never released."""

from checks import benchmark_part, decide_part, matmul_part, roofline_part, row_part
from checks_costs import flops_and_bytes
from checks_machine import bound_named
from checks_stopwatch import (
    LEAST_TIMED,
    MOST_COLD_LAUNCHES,
    NOISE,
    OUTLIER_SHARE,
    WatchedDevice,
    measure,
    only_asked,
    random_device,
)

from workbench.checks import as_choice, as_number, close, expect
from workbench.devices import Quirks

RIDGE_MARGIN = 0.01


def exact(submission, name, sizes, want):
    got = flops_and_bytes(submission, name, *sizes)
    expect(got == want, expected=want, came=got, given=sizes)


def large_tables(rng):
    """(rows, columns, bytes per number): one row, one column, and large ones."""
    large = [(int(rng.integers(1000, 60_000)), int(rng.integers(1000, 60_000)), width) for width in (1, 2, 4, 8)]
    return [(1, int(rng.integers(2, 9000)), 4), (int(rng.integers(2, 9000)), 1, 2), *large]


@matmul_part.check(
    points=1,
    title="Large, flat and narrow matrices",
    hints=[
        "Does your formula hold for a matrix times one vector?",
        "Which of m, k, n does each of the three tables have?",
    ],
)
def large_flat_and_narrow(submission):
    rng = submission.rng
    large = [tuple(int(n) for n in rng.integers(500, 20_000, size=3)) for _ in range(4)]
    for i, (m, k, n) in enumerate(
        [(1, 1, 1), (1, large[0][0], 1), (large[1][0], 1, large[1][1]), (*large[2][:2], 1), *large]
    ):
        width = (4, 2, 8, 1)[i % 4]
        exact(submission, "matmul_cost", (m, k, n, width), (2 * m * k * n, width * (m * k + k * n + m * n)))


@row_part.check(
    points=1,
    title="Softmax of large tables",
    hints=[
        "Does each number of your formula grow with the rows, with the columns, or with both?",
        "What does your formula say for a table of one column, and for one of one row? Count these two by hand.",
    ],
)
def softmax_of_large_tables(submission):
    for rows, columns, width in large_tables(submission.rng):
        want = (5 * rows * columns, 2 * rows * columns * width)
        exact(submission, "softmax_cost", (rows, columns, width), want)


@row_part.check(
    points=1,
    title="Layer norm of large tables",
    hints=[
        "What is there once for each row, and what once for all rows?",
        "Take away the columns in your mind: which FLOPs are left for a row, and which bytes do all rows share?",
    ],
)
def layer_norm_of_large_tables(submission):
    for rows, columns, width in large_tables(submission.rng):
        want = (7 * rows * columns + 5 * rows, (2 * rows * columns + 2 * columns) * width)
        exact(submission, "layer_norm_cost", (rows, columns, width), want)


def random_machine(rng):
    """Peak in FLOP/s and bandwidth in byte/s; the ridge lies between 5 and 1000 FLOP/byte."""
    bandwidth_byte_s = float(10 ** rng.uniform(9, 12.7))
    return bandwidth_byte_s * float(10 ** rng.uniform(0.7, 3)), bandwidth_byte_s


@roofline_part.check(
    points=1,
    title="The rate on real machines, also of a copy",
    hints=["What is the rate of a kernel that only copies?", "Which units do your intermediate results have?"],
)
def rate_on_real_machines(submission):
    for i in range(12):
        peak, bandwidth = random_machine(submission.rng)
        bytes_moved = float(10 ** submission.rng.uniform(3, 12))
        times_ridge = 0.0 if i == 11 else 2 ** submission.rng.uniform(-12, 12)
        flops = peak / bandwidth * bytes_moved * times_ridge
        want = flops / max(flops / peak, bytes_moved / bandwidth)
        rate = as_number(submission.call("attainable_rate", flops, bytes_moved, peak, bandwidth))
        expect(close(rate, want, rtol=1e-6), expected=want, came=rate, given=(flops, bytes_moved, peak, bandwidth))


@roofline_part.check(
    points=1,
    title="What bounds it, close to the ridge and far away",
    hints=[
        "At which intensity do compute and memory take equally long?",
        "Which side of the ridge has few FLOPs per byte?",
    ],
)
def bound_near_the_ridge(submission):
    for times_ridge in (1 + RIDGE_MARGIN, 1 - RIDGE_MARGIN, 0.0, 1e4, 1e-4, 1.3, 0.7, 1 + RIDGE_MARGIN):
        peak, bandwidth = random_machine(submission.rng)
        bytes_moved = float(10 ** submission.rng.uniform(3, 12))
        flops = peak / bandwidth * bytes_moved * times_ridge
        got = bound_named(submission, (flops, bytes_moved, peak, bandwidth))
        want = "compute" if times_ridge > 1 else "memory"
        expect(got == want, expected=want, came=got, given=(flops, bytes_moved, peak, bandwidth))


@benchmark_part.check(
    points=2,
    title="Random devices with everything at once",
    hints=[
        "Which of the five traps does your stopwatch still meet when all come together?",
        "How many of your timed launches meet a device that is warm, compiled and idle? Are they most of them?",
    ],
)
def random_devices(submission):
    """False alarms: see TOLERANCE."""
    for i in range(5):
        some_cold_launches = int(submission.rng.integers(5, MOST_COLD_LAUNCHES + 1))
        quirks = {
            "compile_s": float(submission.rng.uniform(0.2, 2)),
            "cold_launches": MOST_COLD_LAUNCHES if i == 0 else some_cold_launches,
            "cold_factor": float(submission.rng.uniform(1.3, 2)),
            "noise": NOISE,
            "outlier_share": float(submission.rng.uniform(0.03, OUTLIER_SHARE)),
            "launch_s": float(submission.rng.uniform(1e-6, 4e-6)),
            "busy_s": float(submission.rng.choice([0.0, 0.3])),
        }
        device, kernel, size = random_device(submission.rng, **quirks)
        measure(submission, device, kernel, size, least_timed=LEAST_TIMED)


@benchmark_part.check(
    points=1,
    title="Each kernel and each size by itself",
    hints=[
        "Somebody measures a second size on the same device. What has not been compiled yet?",
        "Does your warm-up launch the very kernel and size that you time afterwards, in each call?",
    ],
)
def each_kernel_and_size(submission):
    """One warm device, three measurements: each has its own compilation, and its own time."""
    rng = submission.rng
    seconds_per_element = {"softmax": float(rng.uniform(1e-6, 2e-6)), "matmul": float(rng.uniform(3e-6, 5e-6))}
    quirks = Quirks(compile_s=1.0, cold_launches=10, cold_factor=1.5)
    device = WatchedDevice(rng, seconds_per_element, quirks, launch_budget=600)
    for kernel, size in [("softmax", 1000), ("matmul", 1000), ("softmax", 2500)]:
        measure(submission, device, kernel, size)
        only_asked(device, kernel, size)


def totals(plan):
    return [sum(column) for column in zip(*plan["kernels"], strict=True)]


def step_s(plan):
    return sum(max(flops / plan["peak_flop_s"], moved / plan["bandwidth_byte_s"]) for flops, moved in plan["kernels"])


def seconds_per_sample(plan):
    return step_s(plan) / plan["samples"]


def one_roof_seconds(plan):
    flops, moved = totals(plan)
    return max(flops / plan["peak_flop_s"], moved / plan["bandwidth_byte_s"]) / plan["samples"]


def in_turns_seconds(plan):
    flops, moved = totals(plan)
    return (flops / plan["peak_flop_s"] + moved / plan["bandwidth_byte_s"]) / plan["samples"]


def slowness(plan):
    return -totals(plan)[0] / step_s(plan)


BELIEFS = [step_s, one_roof_seconds, in_turns_seconds, slowness]  # by which some people choose


def random_plans(rng, belief):
    """Three to five plans for real machines: one is the best by at least 3 %, and the belief chooses another."""
    while True:
        plans = {str(name): random_plan(rng) for name in rng.permutation(IDEAS)[: rng.integers(3, 6)]}
        first, second = sorted(plans, key=lambda name: seconds_per_sample(plans[name]))[:2]
        clear = seconds_per_sample(plans[second]) > 1.03 * seconds_per_sample(plans[first])
        if clear and min(plans, key=lambda name: belief(plans[name])) != first:
            return plans


IDEAS = ["as it is", "fused", "bfloat16", "bigger batch", "other card"]


def random_plan(rng):
    peak_flop_s, bandwidth_byte_s = float(10 ** rng.uniform(13, 14)), float(10 ** rng.uniform(11.7, 12.3))
    samples, kernels = int(2 ** rng.integers(0, 4)), []
    for _ in range(rng.integers(1, 5)):
        moved = float(samples ** rng.uniform(0.5, 1) * 1e9 * rng.uniform(0.5, 2))
        times_ridge = float(4 ** rng.uniform(-1, 1))
        kernels.append((times_ridge * peak_flop_s / bandwidth_byte_s * moved, moved))
    return {"samples": samples, "peak_flop_s": peak_flop_s, "bandwidth_byte_s": bandwidth_byte_s, "kernels": kernels}


@decide_part.check(
    points=2,
    title="The best of several plans on real machines",
    hints=[
        "For each plan: which time has each kernel, what is their sum, and who shares it?",
        "Which machine belongs to which plan, and does a kernel without FLOPs take time in yours?",
    ],
)
def best_of_several_plans(submission):
    """24 choices of at least three: guessing passes in less than 1e-11."""
    for belief in BELIEFS * 6:
        plans = random_plans(submission.rng, belief)
        name = as_choice(submission.call("best_plan", plans), list(plans), name="the name that best_plan returns")
        best = min(plans, key=lambda name: seconds_per_sample(plans[name]))
        expect(name == best, expected=best, came=name, given=plans)
