"""The visible checks of accelerator/roofline; what the hidden ones share with them is in checks_*.py."""

from checks_costs import check_bytes, check_flops
from checks_machine import bound_named, check_bound, check_rate, ridge_kernel, small_kernels
from checks_plans import PAIRS, describe_plan, named_plan, seconds_per_sample, why_chosen
from checks_stopwatch import LEAST_TIMED, NOISE, OUTLIER_SHARE, cold_start, measure, only_asked, random_device

from workbench.checks import CheckFailed, part

matmul_part = part("matmul", title="Count a matrix product")
row_part = part("row-kernels", title="Count softmax and layer norm")
roofline_part = part("roofline", title="Under the roof")
benchmark_part = part("benchmark", title="A stopwatch that does not lie")
decide_part = part("decide", title="Which change pays?")


# ---- 1 · matmul


@matmul_part.check(
    points=1,
    title="FLOPs, as counted one by one",
    hints=[
        "How many numbers has the result, and how many multiply-adds does each of them take?",
        "Take m = k = n = 2 and write down every + and every * of the plain algorithm. How many are there?",
    ],
)
def flops_as_counted(submission):
    check_flops(submission, "matmul_cost")


@matmul_part.check(
    points=1,
    title="Bytes, as counted one by one",
    hints=[
        "Which three tables cross the memory?",
        "How many numbers has each of them, and how many bytes has a number? Where does the result end up?",
    ],
)
def bytes_as_counted(submission):
    check_bytes(submission, "matmul_cost")


# ---- 2 · row-kernels


@row_part.check(
    points=0.5,
    title="FLOPs of softmax, as counted one by one",
    hints=[
        "Go through the lines of softmax_row. How often does each run for a row of 3 numbers?",
        "How many FLOPs does one number of the row cost, line by line?",
    ],
)
def softmax_flops(submission):
    check_flops(submission, "softmax_cost")


@row_part.check(
    points=0.5,
    title="Bytes of softmax, as counted one by one",
    hints=[
        "Which tables cross the memory, and which are needed only in between?",
        "How often does one number of the input cross, with the best cache, and one number of the result?",
    ],
)
def softmax_bytes(submission):
    check_bytes(submission, "softmax_cost")


@row_part.check(
    points=0.5,
    title="FLOPs of layer norm, as counted one by one",
    hints=[
        "Which lines of layer_norm_row run once for each number, and which run once for each row?",
        "Count 1 row of 1 number, then 1 row of 2: what came on top?",
    ],
)
def layer_norm_flops(submission):
    check_flops(submission, "layer_norm_cost")


@row_part.check(
    points=0.5,
    title="Bytes of layer norm, as counted one by one",
    hints=[
        "Which tables cross the memory, and how many numbers has each of them?",
        "How often do weight and bias cross for all rows together?",
    ],
)
def layer_norm_bytes(submission):
    check_bytes(submission, "layer_norm_cost")


# ---- 3 · roofline


@roofline_part.check(
    points=1,
    title="The rate is that of a machine that works step by step",
    hints=[
        "How long would the arithmetic take alone, and how long the memory traffic alone?",
        "Both go on at the same time. When is the kernel done, and how many FLOPs per second is that?",
    ],
)
def rate_as_simulated(submission):
    for kernel in small_kernels(submission.rng, 9):
        check_rate(submission, kernel)


@roofline_part.check(
    points=1,
    title="A faster version of the named resource helps",
    hints=[
        "If you bought twice the bandwidth, would this kernel be done earlier? And with twice the peak?",
        "Take a kernel with many bytes and hardly a FLOP. For what does it wait? Which number of yours is then small?",
    ],
)
def named_resource_helps(submission):
    for kernel in small_kernels(submission.rng, 9):
        check_bound(submission, kernel)
    why = "on the ridge, either answer is right, but it has to be one of the two"
    bound_named(submission, ridge_kernel(submission.rng), why)


# ---- 4 · benchmark


@benchmark_part.check(
    points=1,
    title="Waits for the device",
    hints=[
        "When launch comes back, what has the device done?",
        "Before which reading of the clock must the queue be empty: the first, the second, or both?",
    ],
)
def waits_for_the_device(submission):
    for busy_s in (0.0, 0.4):
        device, kernel, size = random_device(submission.rng, busy_s=busy_s)
        too_large = "this device has no noise and is warm: what else happened while the clock ran?"
        too_small = "this device has no noise and is warm: was the launch done when the clock stopped?"
        measure(submission, device, kernel, size, too_large, too_small)


@benchmark_part.check(
    points=1,
    title="Leaves out the start",
    hints=[
        "Which of your launches met a device that had compiled nothing, and was cold?",
        "How long does the device stay cold, and does one of these launches still weigh in your result?",
    ],
)
def leaves_out_the_start(submission):
    for _ in range(2):
        device, kernel, size = random_device(submission.rng, **cold_start(submission.rng))
        measure(submission, device, kernel, size, "launches of the start count in your result: warm up first, untimed")
        only_asked(device, kernel, size)


@benchmark_part.check(
    points=1,
    title="Is not moved by outliers, also after a cold start",
    hints=[
        "One launch of 50 took twenty times longer. What does that do to your result?",
        "Which summary of 50 numbers stays the same when the largest is made a thousand times larger?",
    ],
)
def not_moved_by_outliers(submission):
    for i in range(10):
        start = cold_start(submission.rng) if i >= 8 else {}
        device = random_device(submission.rng, noise=NOISE, outlier_share=OUTLIER_SHARE, **start)
        measure(submission, *device, least_timed=LEAST_TIMED)


# ---- 5 · decide


@decide_part.check(
    points=1,
    title="The least time, on machines that work step by step",
    hints=[
        "How long does each single kernel of a plan take on the plan's machine, in the best case?",
        "What is the time of a whole step, and how many samples share it?",
    ],
)
def least_time_as_simulated(submission):
    answers, mistakes = [], []
    for pair in PAIRS * 3:  # guessing passes in 1e-8
        names = [str(name) for name in submission.rng.permutation(["left", "right"])]
        plans = dict(sorted(zip(names, pair, strict=True)))
        times = {name: seconds_per_sample(plan) for name, plan in plans.items()}
        best = min(times, key=times.get)
        given = "\n".join(f"{name}: {describe_plan(plan)}" for name, plan in plans.items())
        name = named_plan(submission, plans, given)
        answers.append((plans, name))
        if name != best:
            told = ", ".join(f"{name}: {times[name]:g} s for a sample" for name in plans)
            mistakes.append({"expected": f"{best} ({told})", "came": name, "given": given})
    if mistakes:
        raise CheckFailed(why_chosen(answers), **mistakes[0])
