"""Part 5: pairs of plans whose times a simulation tells, and the beliefs by which some people choose."""

from checks_algorithms import counted
from checks_machine import simulated_s

from workbench.checks import CheckFailed, LearnerError, as_choice


def plan(samples, peak, bandwidth, *kernels):
    return {"samples": samples, "peak_flop_s": peak, "bandwidth_byte_s": bandwidth, "kernels": list(kernels)}


def machine_of(plan):
    return plan["peak_flop_s"], plan["bandwidth_byte_s"]


def kernel_times_s(plan, machine=None):
    """By simulation; the sizes are such that each kernel takes a whole number of steps."""
    return [simulated_s(*kernel, *(machine or machine_of(plan))) for kernel in plan["kernels"]]


def seconds_per_sample(plan):
    return sum(kernel_times_s(plan)) / plan["samples"]


def describe_plan(plan):
    kernels = " then ".join(f"{counted(flops, 'FLOP')}/{counted(moved, 'byte')}" for flops, moved in plan["kernels"])
    limits = f"{plan['peak_flop_s']} FLOP/s, {plan['bandwidth_byte_s']} byte/s"
    return f"{counted(plan['samples'], 'sample')}, {limits}, kernels {kernels}"


# Each belief decides wrongly between the plans of at least one pair.
PAIRS = [
    (plan(1, 4, 1, (40, 10)), plan(1, 4, 1, (12, 6))),
    (plan(1, 4, 1, (8, 12)), plan(1, 4, 1, (24, 4))),
    (plan(1, 2, 2, (24, 8)), plan(1, 2, 2, (8, 12))),
    (plan(1, 2, 1, (8, 6)), plan(4, 2, 1, (16, 9))),
    (plan(1, 1, 1, (9, 1), (1, 9)), plan(1, 1, 1, (6, 6), (6, 6))),
    (plan(1, 2, 2, (8, 8)), plan(1, 8, 4, (16, 12))),
    (plan(1, 2, 1, (8, 4), (0, 6)), plan(1, 2, 1, (16, 8))),
    (plan(1, 2, 2, (3, 2), (3, 2), (3, 2)), plan(1, 2, 2, (8, 6))),
    (plan(8, 2, 2, (40, 4)), plan(2, 2, 2, (4, 8))),
]


def total(plan, place):
    return sum(kernel[place] for kernel in plan["kernels"])


def one_roof_s(plan):
    return simulated_s(total(plan, 0), total(plan, 1), *machine_of(plan)) / plan["samples"]


def in_turns_s(plan):
    alone = [one for flops, moved in plan["kernels"] for one in ((flops, 0), (0, moved))]
    return sum(simulated_s(*one, *machine_of(plan)) for one in alone) / plan["samples"]


def without_copies_s(plan):
    kernels = [kernel for kernel in plan["kernels"] if kernel[0]]
    return seconds_per_sample({**plan, "kernels": kernels})


NOT_THE_SUM = "a step takes the sum of the times of its kernels, not the longest or the mean"
WHOLE_SECONDS = "your times are whole seconds: is there a // in place of a /?"
# What people take the least of, and what to tell them. Each is a function of a plan and of the plan given first.
BELIEFS = [
    (lambda plan, _: -seconds_per_sample(plan), "you name the slower plan; the least time was asked for"),
    (lambda plan, _: sum(kernel_times_s(plan)), "a step handles several samples: its time is shared"),
    (lambda plan, _: one_roof_s(plan), "kernels run one after another, each under its own roof"),
    (lambda plan, _: in_turns_s(plan), "within one kernel, compute and memory work at the same time"),
    (lambda plan, _: without_copies_s(plan), "a copy has 0 FLOPs and takes time too"),
    (lambda plan, _: max(kernel_times_s(plan)) / plan["samples"], NOT_THE_SUM),
    (lambda plan, _: seconds_per_sample(plan) / len(plan["kernels"]), NOT_THE_SUM),
    (lambda plan, _: sum(s // 1 for s in kernel_times_s(plan)) / plan["samples"], WHOLE_SECONDS),
    (lambda plan, _: sum(kernel_times_s(plan)) // plan["samples"], WHOLE_SECONDS),
    (
        lambda plan, first: sum(kernel_times_s(plan, machine_of(first))) / plan["samples"],
        "each plan has its own machine",
    ),
    (lambda plan, _: -total(plan, 0) / sum(kernel_times_s(plan)), "do not choose by FLOP/s: choose by time"),
    (lambda plan, _: total(plan, 0) / plan["samples"], "do not choose by FLOPs alone: bytes take time too"),
    (lambda plan, _: total(plan, 0), "do not choose by FLOPs alone: bytes take time too"),
    (lambda plan, _: total(plan, 1) / plan["samples"], "do not choose by bytes alone: FLOPs take time too"),
    (lambda plan, _: total(plan, 1), "do not choose by bytes alone: FLOPs take time too"),
    (lambda plan, _: -plan["samples"], "do not choose by the number of samples alone"),
    (lambda plan, first: plan != first, "you name the first plan each time"),
]


def names_plan(belief, plans, name):
    """Whether one who holds this belief can name this plan."""
    first = next(iter(plans.values()))
    return belief(plans[name], first) == min(belief(plan, first) for plan in plans.values())


def why_chosen(answers):
    """The first belief that explains every answer, as (plans, name); "" when none does."""
    for belief, text in BELIEFS:
        if all(names_plan(belief, plans, name) for plans, name in answers):
            return f"perhaps: {text}"
    return ""


def named_plan(submission, plans, given):
    try:
        answer = submission.call("best_plan", plans, given=given)
    except LearnerError as failure:
        kernels = [kernel for plan in plans.values() for kernel in plan["kernels"]]
        if failure.type != "ZeroDivisionError" or all(flops for flops, _ in kernels):
            raise
        why = f"{failure.why}: perhaps by the rate of a kernel with 0 FLOPs, which is 0; compute its time directly"
        raise CheckFailed(why, given=given, **{"came": failure.came} if failure.came else {}) from None
    return as_choice(answer, list(plans), name="the name that best_plan returns")
