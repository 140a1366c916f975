"""The visible checks. No formula of a cost stands here: the plain algorithms run on numbers that only count."""

from workbench.checks import CheckFailed, as_choice, as_list, as_number, close, expect, part
from workbench.devices import Device, Quirks

matmul_part = part("matmul", title="Count a matrix product")
row_part = part("row-kernels", title="Count softmax and layer norm")
roofline_part = part("roofline", title="Under the roof")
benchmark_part = part("benchmark", title="A stopwatch that does not lie")
decide_part = part("decide", title="Which change pays?")

# Worst of ten seeds: the solution is off by 1.9 %, a median of 51 launches by 2.4 %; 5 % leave room. With noise of
# 3.5 %, 5 % of outliers and calls that cost 0.6 %, the median of 50 timed launches is off by more than 5 % when 25 of
# them are: by the binomial distribution, in 1.2e-8 of the measurements. 10 measurements are noisy: below 1e-6 in all.
TOLERANCE = 0.05
NOISE = 0.035
OUTLIER_SHARE = 0.05
MOST_COLD_LAUNCHES = 30  # so 50 timed launches without warm-up are mostly cold ones
LAUNCH_BUDGET = 200


class Counted:
    """A number without a value: it counts what is done with it."""

    def __init__(self, ledger):
        self.ledger = ledger

    def _operation(self, *_others):
        self.ledger.flops += 1
        return self

    __add__ = __sub__ = __mul__ = __truediv__ = exp = sqrt = larger = _operation


class Ledger:
    """The FLOPs of a plain algorithm, and the places of the memory that it reads and writes."""

    def __init__(self):
        self.flops, self.uses = 0, 0
        self.read_places, self.written_places = set(), set()

    def read(self, *place):
        self.uses += 1
        self.read_places.add(place)
        return Counted(self)

    def write(self, *place):
        self.uses += 1
        self.written_places.add(place)

    def constant(self):
        return Counted(self)

    @property
    def crossings(self):
        return len(self.read_places) + len(self.written_places)


def matmul_by_hand(m, k, n):
    ledger = Ledger()
    for i in range(m):
        for j in range(n):
            total = ledger.constant()
            for p in range(k):
                total = total + ledger.read("A", i, p) * ledger.read("B", p, j)
            ledger.write("C", i, j)
    return ledger


def softmax_by_hand(rows, columns):
    ledger = Ledger()
    for row in range(rows):
        x = [ledger.read("x", row, column) for column in range(columns)]
        top, total = ledger.constant(), ledger.constant()
        for v in x:
            top = top.larger(v)
        e = [(v - top).exp() for v in x]
        for v in e:
            total = total + v
        for column, v in enumerate(e):
            v / total
            ledger.write("y", row, column)
    return ledger


def layer_norm_by_hand(rows, columns):
    ledger = Ledger()
    for row in range(rows):
        x = [ledger.read("x", row, column) for column in range(columns)]
        total, squares, size, epsilon, one = (ledger.constant() for _ in range(5))
        for v in x:
            total = total + v
        mean = total / size
        centred = [v - mean for v in x]
        for d in centred:
            squares = squares + d * d
        scale = one / (squares / size + epsilon).sqrt()
        for column, d in enumerate(centred):
            d * scale * ledger.read("weight", column) + ledger.read("bias", column)
            ledger.write("y", row, column)
    return ledger


def counted(number, thing):
    """For messages: "1 byte", "2 bytes"."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}{'es' if thing.endswith('ch') else 's'}"


def flops_and_bytes(submission, name, *sizes):
    """The two whole numbers that a cost function returns."""
    answer = submission.call(name, *sizes)
    try:
        pair = as_list(answer, length=2)
    except CheckFailed:
        why = f"{name} must return two numbers"
        raise CheckFailed(why, expected="two numbers: (flops, bytes_moved)", came=answer) from None
    return as_number(pair[0], kind="int", name="the FLOPs"), as_number(pair[1], kind="int", name="the bytes moved")


def small_sizes(rng, count):
    """A few small sizes, with each width of a number; the first two are those where usual mistakes all differ."""
    sizes = sorted((tuple(int(n) for n in rng.permutation([2, 3, 4, 5])[:count]) for _ in range(8)), key=sum)
    random_sizes = [(size, (8, 2, 4, 1)[i % 4]) for i, size in enumerate(sizes)]
    return [((1, 3, 1)[:count], 4), ((3, 2, 5)[:count], 1), *random_sizes]


def check_flops(submission, name, by_hand, letters):
    for size, width in small_sizes(submission.rng, len(letters)):
        want = by_hand(*size).flops
        flops, _ = flops_and_bytes(submission, name, *size, width)
        expect(
            flops == want,
            expected=f"{counted(want, 'FLOP')}, counted one by one",
            came=counted(flops, "FLOP"),
            given=named(letters, size),
            why=why_flops_differ(flops, by_hand, size),
        )


def why_flops_differ(flops, by_hand, size):
    """The belief that gives this number; "" when none is known."""
    ledger = by_hand(*size)
    missing, results = ledger.flops - flops, len(ledger.written_places)
    if by_hand is matmul_by_hand:
        if 2 * flops == ledger.flops:
            return "half of it came: a multiply-add is one multiplication and one addition, so 2 FLOPs"
        if missing == results:
            return "the plain algorithm starts from 0, so its first addition counts too"
        return ""
    rows, columns = size
    if rows > 1 and flops == by_hand(1, columns).flops:
        return "this is the count of one row"
    if missing in (rows, 2 * rows):
        also = "of a maximum" if by_hand is softmax_by_hand else "each line that runs once for a row"
        few = counted(missing // rows, "FLOP")
        return f"{few} too few for each row: the first step of a sum counts too, and {also}"
    if missing > 0 and missing % (rows * columns) == 0:
        return f"{counted(missing // (rows * columns), 'FLOP')} too few for each number: is one of the lines left out?"
    return ""


def check_bytes(submission, name, by_hand, letters):
    for size, width in small_sizes(submission.rng, len(letters))[1:]:  # one row tells too little about bytes
        ledger = by_hand(*size)
        _, moved = flops_and_bytes(submission, name, *size, width)
        given = f"{named(letters, size)}, bytes_per_number = {width}"
        want = width * ledger.crossings
        expect(
            moved == want,
            expected=f"{counted(want, 'byte')}: {ledger.crossings} numbers cross, of {counted(width, 'byte')} each",
            came=counted(moved, "byte"),
            given=given,
            why="" if moved == want else why_bytes_differ(moved, width, ledger),
        )


def why_bytes_differ(moved, width, ledger):
    if moved == width * len(ledger.read_places):
        return "only what is read was counted; the result crosses the memory too"
    shared = sum(place[0] in ("weight", "bias") for place in ledger.read_places)
    if shared and moved == width * ledger.uses:
        return "weight and bias are shared by all rows: each of their numbers crosses once"
    if shared and ledger.crossings - shared <= moved / width < ledger.crossings:
        return "did you count weight and bias?"
    if moved == width * ledger.uses:
        return "each use of a number was counted; with the best cache, a number of an input crosses once"
    if moved == ledger.crossings or moved == 4 * ledger.crossings:
        return "the numbers are right, their width is not: multiply by bytes_per_number"
    if moved == 8 * width * ledger.crossings:
        return "these are bits"
    return ""


def named(letters, size):
    return ", ".join(f"{letter} = {value}" for letter, value in zip(letters, size, strict=True))


@matmul_part.check(
    points=1,
    title="FLOPs, as counted one by one",
    hints=[
        "How many numbers has the result, and how many multiply-adds does each of them take?",
        "Take m = k = n = 2 and write down every + and every * of the plain algorithm. How many are there?",
    ],
)
def flops_as_counted(submission):
    check_flops(submission, "matmul_cost", matmul_by_hand, ["m", "k", "n"])


@matmul_part.check(
    points=1,
    title="Bytes, as counted one by one",
    hints=[
        "Which three tables cross the memory?",
        "How many numbers has each of them, and how many bytes has a number? Where does the result end up?",
    ],
)
def bytes_as_counted(submission):
    check_bytes(submission, "matmul_cost", matmul_by_hand, ["m", "k", "n"])


@row_part.check(
    points=1,
    title="Softmax, as counted one by one",
    hints=[
        "Go through the lines of softmax_row. How often does each run for a row of 3 numbers?",
        "Count the FLOPs that one number of the row costs, line by line. Which tables cross, and how often?",
    ],
)
def softmax_as_counted(submission):
    check_flops(submission, "softmax_cost", softmax_by_hand, ["rows", "columns"])
    check_bytes(submission, "softmax_cost", softmax_by_hand, ["rows", "columns"])


@row_part.check(
    points=1,
    title="Layer norm, as counted one by one",
    hints=[
        "Which lines of layer_norm_row run once for each number, and which run once for each row?",
        "Count 1 row of 1 number, then 1 row of 2: what came on top? How often do weight and bias cross for all rows?",
    ],
)
def layer_norm_as_counted(submission):
    check_flops(submission, "layer_norm_cost", layer_norm_by_hand, ["rows", "columns"])
    check_bytes(submission, "layer_norm_cost", layer_norm_by_hand, ["rows", "columns"])


def simulated_s(flops, bytes_moved, flops_per_step, bytes_per_step):
    """The seconds that a kernel takes, in steps of one: in each, both units do as much as they can, side by side."""
    steps = 0
    while flops > 0 or bytes_moved > 0:
        flops, bytes_moved, steps = flops - flops_per_step, bytes_moved - bytes_per_step, steps + 1
    return steps


EVEN_SECONDS = [2, 4, 6, 8, 10, 12, 14, 16]  # a unit of twice the speed takes a whole number of seconds too


def small_kernels(rng, count):
    """Small (flops, bytes, peak, bandwidth), in turn held back by either unit; both take an even number of seconds."""
    kernels = []
    while len(kernels) < count:
        i = len(kernels)
        peak, bandwidth = int(rng.integers(1, 9)), int(rng.integers(1, 9))
        if i % 4 == 0:
            peak = 9 * bandwidth  # held back by the memory, although it has more FLOPs than bytes
        short, long = sorted(int(n) for n in rng.choice(EVEN_SECONDS, size=2, replace=False))
        compute_s, memory_s = (long, short) if i % 2 else (short, long)
        kernel = (compute_s * peak, memory_s * bandwidth, peak, bandwidth)
        mistaken = mistaken_rates(kernel)
        if len(mistaken) == 4 and kernel[0] / simulated_s(*kernel) not in mistaken.keys() - {peak}:
            kernels.append(kernel)  # each mistake shows itself by a number of its own
    return kernels


def mistaken_rates(kernel):
    """What some people return for the rate, and what to tell them."""
    flops, bytes_moved, peak, bandwidth = kernel
    return {
        peak: "your rate is the peak, but the memory cannot deliver so fast",
        simulated_s(*kernel): "your number is the time, and a rate was asked for",
        flops / bytes_moved: "this is the intensity, in FLOP/byte",
        flops / (flops / peak + bytes_moved / bandwidth): "your machine computes and moves in turns",
    }


def describe_kernel(kernel):
    flops, bytes_moved, peak, bandwidth = kernel
    limits = f"at most {peak} FLOP/s and {bandwidth} byte/s"
    return f"{counted(flops, 'FLOP')}, {counted(bytes_moved, 'byte')}, {limits}"


@roofline_part.check(
    points=1,
    title="The rate is that of a step-by-step simulation",
    hints=[
        "How long would the arithmetic take alone, and how long the memory traffic alone?",
        "Both go on at the same time. When is the kernel done, and how many FLOPs per second is that?",
    ],
)
def rate_as_simulated(submission):
    for kernel in small_kernels(submission.rng, 8):
        took_s = simulated_s(*kernel)
        rate = as_number(submission.call("attainable_rate", *kernel), name="the rate")
        why = f"working side by side, both units are done after {took_s} s"
        told = [text for mistaken, text in mistaken_rates(kernel).items() if close(rate, mistaken)]
        if not told and rate > kernel[2]:
            told = ["your rate is above the peak of the machine"]
        expect(
            close(rate, kernel[0] / took_s),
            expected=f"{kernel[0] / took_s:.6g} FLOP/s",
            came=f"{rate:.6g} FLOP/s",
            given=describe_kernel(kernel),
            why="; ".join([why, *told]),
        )


@roofline_part.check(
    points=1,
    title="A faster version of the named resource helps",
    hints=[
        "If you bought twice the bandwidth, would this kernel be done earlier? And with twice the peak?",
        "Take a kernel with many bytes and hardly a FLOP. For what does it wait? Which number of yours is then small?",
    ],
)
def named_resource_helps(submission):
    for kernel in small_kernels(submission.rng, 8):
        flops, bytes_moved, peak, bandwidth = kernel
        bound = bound_named(submission, kernel)
        before = simulated_s(*kernel)
        faster = (2 * peak, bandwidth) if bound == "compute" else (peak, 2 * bandwidth)
        after = simulated_s(flops, bytes_moved, *faster)
        expect(
            after < before,
            expected=f"less than {before} s with a {bound} unit of twice the speed",
            came=f"still {after} s",
            given=describe_kernel(kernel),
            why=f"you named {bound!r}, but a faster one does not help this kernel",
        )


def bound_named(submission, kernel):
    """ "compute" or "memory", as what_bounds says."""
    bound = submission.call("what_bounds", *kernel)
    if not isinstance(bound, str) or bound not in ("compute", "memory"):
        why = 'what_bounds must return "compute" or "memory"'
        raise CheckFailed(why, expected='"compute" or "memory"', came=bound, given=describe_kernel(kernel))
    return bound


TOO_LARGE = "this is too long for a typical launch: do a few slow launches still count?"
TOO_SMALL = "this is too short for a typical launch: is this your luckiest launch?"


def measure(submission, device, kernel, size, too_large=TOO_LARGE, too_small=TOO_SMALL):
    """Fails unless the estimate is near the true time; what the device has seen tells the reason."""
    true_s = device.true_s(kernel, size)
    estimate_s = as_number(submission.call("benchmark", device, kernel, size), name="the time")
    if abs(estimate_s / true_s - 1) > TOLERANCE:
        raise CheckFailed(
            diagnose(device, kernel, size, estimate_s / true_s) or (too_large if estimate_s > true_s else too_small),
            expected=f"{true_s * 1e3:.4g} ms, within {TOLERANCE:.0%}",
            came=f"{estimate_s * 1e3:.4g} ms",
            given=f"{counted(len(device.launches), 'launch')}, {counted(device.synchronizations, 'synchronize call')}",
        )


def diagnose(device, kernel, size, ratio):
    """What went wrong, as far as the calls tell; "" when they tell nothing."""
    if device.launches.count((kernel, size)) == 0:
        return f"{kernel!r} of size {size} was never launched"
    if ratio > 1 and device.synchronizations and device.busy_readings:
        return "the clock started while the device was still busy with earlier work"
    if ratio > 1 and len(device.launches) < 5:
        return "so few launches see little but compilation, a cold device and bad luck"
    if device.synchronizations == 0:
        return "synchronize was never called: this is the time to queue a kernel, not the time to run it"
    if ratio < 0.5 and device.unwaited_readings:
        return "the clock was read after a launch, but before the device was done with it"
    if 500 < ratio < 2000:
        return "a thousand times too much: these are milliseconds, not seconds"
    return ""


def random_device(rng, **quirks):
    """A device with one kernel, a size for it, and the quirks given; one launch takes 1 to 5 ms."""
    size = int(rng.integers(100, 10_000))
    kernel = str(rng.choice(["matmul", "softmax", "layer_norm"]))
    seconds_per_element = {kernel: float(rng.uniform(1e-3, 5e-3)) / size}
    return Device(rng, seconds_per_element, Quirks(**quirks), launch_budget=LAUNCH_BUDGET), kernel, size


def cold_start(rng):
    """Quirks of a device that has compiled nothing and stays cold for as long as the text allows."""
    return {"compile_s": float(rng.uniform(0.3, 2)), "cold_launches": MOST_COLD_LAUNCHES, "cold_factor": 1.6}


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


@benchmark_part.check(
    points=1,
    title="Is not moved by outliers, also after a cold start",
    hints=[
        "One launch of 50 took twenty times longer. What does that do to your result?",
        "Which summary of 50 numbers stays the same when the largest is made a thousand times larger?",
    ],
)
def not_moved_by_outliers(submission):
    for start in ({}, {}, {}, cold_start(submission.rng), cold_start(submission.rng)):
        measure(submission, *random_device(submission.rng, noise=NOISE, outlier_share=OUTLIER_SHARE, **start))


def plan(samples, peak, bandwidth, *kernels):
    return {"samples": samples, "peak_flop_s": peak, "bandwidth_byte_s": bandwidth, "kernels": list(kernels)}


def seconds_per_sample(plan):
    """By simulation in steps of one second; the sizes are such that each kernel takes whole seconds."""
    machine = (plan["peak_flop_s"], plan["bandwidth_byte_s"])
    return sum(simulated_s(*kernel, *machine) for kernel in plan["kernels"]) / plan["samples"]


def describe_plan(plan):
    kernels = " then ".join(f"{counted(flops, 'FLOP')}/{counted(moved, 'byte')}" for flops, moved in plan["kernels"])
    limits = f"{plan['peak_flop_s']} FLOP/s, {plan['bandwidth_byte_s']} byte/s"
    return f"{counted(plan['samples'], 'sample')}, {limits}, kernels {kernels}"


# Pairs of plans between which one belief decides wrongly, and what to tell the one who holds it.
PAIRS = [
    ("do not choose by FLOP/s: choose by time", plan(1, 4, 1, (40, 10)), plan(1, 4, 1, (12, 6))),
    ("do not choose by FLOPs alone: bytes take time too", plan(1, 4, 1, (8, 12)), plan(1, 4, 1, (24, 4))),
    ("do not choose by bytes alone: FLOPs take time too", plan(1, 2, 2, (24, 8)), plan(1, 2, 2, (8, 12))),
    ("a step handles several samples: its time is shared", plan(1, 2, 1, (8, 6)), plan(4, 2, 1, (16, 9))),
    (
        "kernels run one after another, each under its own roof",
        plan(1, 1, 1, (9, 1), (1, 9)),
        plan(1, 1, 1, (6, 6), (6, 6)),
    ),
    ("each plan has its own machine", plan(1, 2, 2, (8, 8)), plan(1, 8, 4, (16, 12))),
    ("a copy has 0 FLOPs and takes time too", plan(1, 2, 1, (8, 4), (0, 6)), plan(1, 2, 1, (16, 8))),
]


@decide_part.check(
    points=1,
    title="The least time, as in a step-by-step simulation",
    hints=[
        "How long does each single kernel of a plan take on the plan's machine, in the best case?",
        "What is the time of a whole step, and how many samples share it?",
    ],
)
def least_time_as_simulated(submission):
    for why, *pair in PAIRS * 3:  # guessing passes in 5e-7
        names = [str(name) for name in submission.rng.permutation(["left", "right"])]
        plans = dict(sorted(zip(names, pair, strict=True)))
        times = {name: seconds_per_sample(plan) for name, plan in plans.items()}
        best = min(times, key=times.get)
        given = "\n".join(f"{name}: {describe_plan(plan)}" for name, plan in plans.items())
        answer = submission.call("best_plan", plans, given=given)
        name = as_choice(answer, list(plans), name="the name that best_plan returns")
        told = ", ".join(f"{name}: {times[name]:g} s for a sample" for name in plans)
        expect(name == best, expected=f"{best} ({told})", came=name, given=given, why=why)
