"""Part 3: a machine that works step by step, side by side, instead of a formula; and kernels to run on it."""

from checks_algorithms import counted

from workbench.checks import CheckFailed, as_number, close, expect

STEPS_PER_S = 8


def simulated_s(flops, bytes_moved, peak, bandwidth):
    """The seconds that a kernel takes, in steps: in each, both units do as much as they can, side by side."""
    flops_left, bytes_left, steps = flops * STEPS_PER_S, bytes_moved * STEPS_PER_S, 0
    while flops_left > 0 or bytes_left > 0:
        flops_left, bytes_left, steps = flops_left - peak, bytes_left - bandwidth, steps + 1
    return steps / STEPS_PER_S


def describe_kernel(kernel):
    flops, bytes_moved, peak, bandwidth = kernel
    copy = "a copy: " if flops == 0 else ""
    limits = f"at most {peak} FLOP/s and {bandwidth} byte/s"
    return f"{copy}{counted(flops, 'FLOP')}, {counted(bytes_moved, 'byte')}, {limits}"


EVEN_STEPS = range(2, 34, 2)  # a unit of twice the speed takes a whole number of steps too


def small_kernels(rng, count):
    """Small (flops, bytes, peak, bandwidth), in turn held back by memory and compute; the last one is a copy.

    Of the first two, one unit takes 1.25 s and the other 1.75 s. So whole seconds do not tell which takes longer.
    """
    kernels = []
    while len(kernels) < count - 1:
        i = len(kernels)
        peak, bandwidth = 4 * int(rng.integers(1, 9)), 4 * int(rng.integers(1, 5))
        if i % 4 == 0:
            peak = 9 * bandwidth  # held back by the memory, although it has more FLOPs than bytes
        short, long = (10, 14) if i < 2 else sorted(int(n) for n in rng.choice(EVEN_STEPS, size=2, replace=False))
        kernel = kernel_of_steps(*((long, short) if i % 2 else (short, long)), peak, bandwidth)
        if tell_apart(kernel):
            kernels.append(kernel)
    return [*kernels, (0, *kernels[0][1:])]


def ridge_kernel(rng):
    peak, bandwidth = (4 * int(n) for n in rng.choice(9, size=2, replace=False) + 1)
    return kernel_of_steps(12, 12, peak, bandwidth)


def kernel_of_steps(compute_steps, memory_steps, peak, bandwidth):
    return compute_steps * peak // STEPS_PER_S, memory_steps * bandwidth // STEPS_PER_S, peak, bandwidth


def mistaken_rates(kernel):
    """What some people return for the rate, and what to tell them."""
    flops, bytes_moved, peak, bandwidth = kernel
    took_s = simulated_s(*kernel)
    rates = [
        (peak, "your rate is the peak, but the memory cannot deliver so fast"),
        (took_s, "your number is the time, and a rate was asked for"),
        (min(peak, bandwidth), "FLOP/s and byte/s cannot be compared: which time does each of them give?"),
    ]
    if flops:
        in_turns_s = simulated_s(flops, 0, peak, bandwidth) + simulated_s(0, bytes_moved, peak, bandwidth)
        rates += [
            (flops / bytes_moved, "this is the intensity, in FLOP/byte"),
            (flops / in_turns_s, "your machine computes and moves in turns"),
            (min(peak, bytes_moved / flops * bandwidth), "perhaps the intensity is upside down: it is FLOPs per byte"),
        ]
        if took_s >= 1:
            rates.append(
                (flops / (took_s // 1), "perhaps your times are whole seconds: is there a // in place of a /?")
            )
    return rates


def tell_apart(kernel):
    """Whether each mistake shows itself by a number of its own; the peak alone may be right."""
    rate, peak = kernel[0] / simulated_s(*kernel), kernel[2]
    wrong = [round(mistaken, 9) for mistaken, _ in mistaken_rates(kernel) if mistaken not in (rate, peak)]
    return len(set(wrong)) == len(wrong) >= 3


def check_rate(submission, kernel):
    took_s = simulated_s(*kernel)
    want = kernel[0] / took_s
    given = describe_kernel(kernel)
    rate = as_number(submission.call("attainable_rate", *kernel, given=given), name="the rate")
    told = [text for mistaken, text in mistaken_rates(kernel) if close(rate, mistaken)][:1]
    for unit, name in ((1e12, "TFLOP/s"), (1e9, "GFLOP/s")):
        if want and abs(rate * unit / want - 1) < 1e-6:
            told = [f"your number is in {name}"]
    if not told and rate > kernel[2]:
        told = ["your rate is above the peak of the machine"]
    why = f"working side by side, both units are done after {took_s:g} s"
    expect(
        close(rate, want),
        expected=f"{want:.6g} FLOP/s",
        came=f"{rate:.6g} FLOP/s",
        given=given,
        why="; ".join([why, *told]),
    )


def check_bound(submission, kernel):
    """The named resource is right when the kernel is done earlier with a version of it at twice the speed."""
    flops, bytes_moved, peak, bandwidth = kernel
    bound = bound_named(submission, kernel)
    faster = (2 * peak, bandwidth) if bound == "compute" else (peak, 2 * bandwidth)
    before, after = simulated_s(*kernel), simulated_s(flops, bytes_moved, *faster)
    expect(
        after < before,
        expected="memory" if bound == "compute" else "compute",
        came=bound,
        given=describe_kernel(kernel),
        why=f"you named {bound!r}, but a faster one does not help this kernel: it still takes {after:g} s",
    )


def bound_named(submission, kernel, why='what_bounds must return "compute" or "memory"'):
    """ "compute" or "memory", as what_bounds says."""
    given = describe_kernel(kernel)
    bound = submission.call("what_bounds", *kernel, given=given)
    if not isinstance(bound, str) or bound not in ("compute", "memory"):
        raise CheckFailed(why, expected='"compute" or "memory"', came=bound, given=given)
    return bound
