"""Part 4: rules of thumb by which people choose, and what the record of a run tells about a choice."""

import numpy as np
from checks_jobs import HOURS, PARTS, PROFILE_HOURS, Speeds, changed, fits, random_job, samples_of

from workbench.checks import CheckFailed
from workbench.failures import show

BLIND = 300  # orders that somebody tries without a thought
CLEAR = 1.05  # the best blind order is that much better than each rule
ENOUGH = 1.02  # and a good choice that much


def as_listed(job, speeds):
    return list(job["fixes"])


def largest_time_first(job, speeds):
    """Looks only at the largest of the four times, and takes the fix for it, until there is none."""
    fix_for = {"input_ms": ["workers"], "host_ms": ["graph", "no-sync"], "compute_ms": ["bf16"], "memory_ms": ["fuse"]}
    order = []
    while True:
        now = changed(job, order)
        left = [(now[part], fix) for part in PARTS for fix in fix_for[part] if fix not in order]
        if not left:
            return order
        order.append(max(left)[1])


def alone(job, speeds, for_each_hour=False):
    """Each fix by what it gains alone, today; as if gains could be added."""
    gains = {fix: 1 / speeds([]) - 1 / speeds([fix]) for fix in job["fixes"] if fits(job, [fix])}
    if for_each_hour:
        gains = {fix: gain / job["fixes"][fix]["hours"] for fix, gain in gains.items()}
    return [fix for fix in sorted(gains, key=gains.get, reverse=True) if gains[fix] > 1e-12]


def alone_for_each_hour(job, speeds):
    return alone(job, speeds, for_each_hour=True)


RULES = [
    (as_listed, "you apply the fixes in the order of the list. Which of them pays back its hours first?"),
    (largest_time_first, "you go for the largest time first, whatever its fix costs and whatever runs beside it"),
    (
        alone,
        "you go by what each fix gains alone, today. Gains do not add up: each fix changes the next one's",
    ),
    (
        alone_for_each_hour,
        "you go by what each fix gains alone, today, for each hour. After the first fix these gains are others",
    ),
]


def telling_job(rng):
    """A job where each rule is clearly beaten, even by somebody who tries orders blindly."""
    while True:
        job = random_job(rng)
        speeds = Speeds(job)
        by_rule = max(samples_of(job, rule(job, speeds), speeds) for rule, _ in RULES)
        fixes = list(job["fixes"])
        orders = ([str(fix) for fix in rng.permutation(fixes)[: rng.integers(3, 8)]] for _ in range(BLIND))
        if by_rule * CLEAR < max(samples_of(job, order, speeds) for order in orders):
            return job, by_rule


def own_job(number):
    """The run of somebody who chose this number."""
    return telling_job(np.random.default_rng(number))[0]


def follow(submission, run, job):
    """Lets the learner's choice run to the deadline; fails where nothing was chosen. Returns the samples."""
    submission.call("drive", run, given=describe_job(job), timeout_s=20)
    return run.finish()


def expect_nothing_in_vain(run, job):
    """Fails unless fixes were applied, none of them ran out of memory, and one profile was enough."""
    why = no_fix(run) or crash(run, job) or second_profile(run)
    if why:
        came = (
            f"{run.profiles} profile{'' if run.profiles == 1 else 's'}; applied: {', '.join(run.applied) or 'nothing'}"
        )
        raise CheckFailed(why, expected="one profile, and fixes that fit", came=came, given=describe_job(job))


def no_fix(run):
    return "" if run.applied or run.crashes else "no fix was applied: drive has to call run.apply"


def crash(run, job):
    if not run.crashes:
        return ""
    fix, needed_gib = run.crashes[0]
    text = f"{fix} ran out of memory: a step needs {needed_gib:.1f} of {job['capacity_gib']:g} GiB"
    return f"{text}, and {job['fixes'][fix]['hours']:g} hours are gone. The forecast tells the GiB before you pay"


def second_profile(run):
    if run.profiles < 2:
        return ""
    return f"{run.profiles} profiles cost {run.profiles} hours: what the first one told still holds after a fix"


def why_less(run, job, speeds):
    """What the record of the run tells, the plainest first; "" when it tells nothing."""
    told = no_fix(run) or crash(run, job)
    if told:
        return told
    for rule, text in RULES:
        if run.applied == possible(job, rule(job, speeds)):
            return text
    return second_profile(run) or why_another_order(run, job, speeds)


def possible(job, order):
    """What is left of an order when fixes are left out that do not fit the memory or the hours."""
    left, done = HOURS - PROFILE_HOURS, []
    for fix in order:
        if job["fixes"][fix]["hours"] <= left:
            left -= job["fixes"][fix]["hours"]
            if fits(job, [*done, fix]):
                done.append(fix)
    return done


def why_another_order(run, job, speeds):
    """A fix that is not paid back, or two neighbours in the wrong order."""
    order, mine = run.applied, samples_of(job, run.applied, speeds) * (1 + 1e-9)
    for place in reversed(range(len(order))):
        without = order[:place] + order[place + 1 :]
        if possible(job, without) == without and samples_of(job, without, speeds) > mine:
            return f"{order[place]} is not paid back by the deadline: without it, this order trains more"
    for place in range(len(order) - 1):
        swapped = [*order[:place], order[place + 1], order[place], *order[place + 2 :]]
        if possible(job, swapped) == swapped and samples_of(job, swapped, speeds) > mine:
            return f"the order costs you: {order[place + 1]} before {order[place]} trains more with the same fixes"
    left = run_left(job, order)
    if left >= min((fix["hours"] for name, fix in job["fixes"].items() if name not in order), default=left + 1):
        return f"{left:g} hours were left in which nothing more was applied: another choice of fixes trains more"
    return "another choice of fixes trains more: did you look at fixes that gain only together?"


def run_left(job, order):
    """Hours to the deadline after one profile and these fixes."""
    return HOURS - PROFILE_HOURS - sum(job["fixes"][fix]["hours"] for fix in order)


def expect_samples(run, job, samples, least, words):
    """Fails with what the record tells when fewer samples were trained than `least`."""
    if samples < least:
        raise CheckFailed(
            why_less(run, job, Speeds(job)),
            expected=f"at least {least:,.0f} samples: {words}",
            came=f"{samples:,.0f} samples, by {show(run.applied)}",
            given=describe_job(job),
        )


def describe_job(job):
    """The fixes in their order, with hours; the times in ms and the memory in GiB."""
    times = " + ".join(f"{part.removesuffix('_ms')} {job[part]:g}" for part in PARTS)
    memory = f"{job['fixed_gib']:g} + {job['activations_gib']:g} of {job['capacity_gib']:g} GiB"
    hours = ", ".join(f"{name} {fix['hours']:g} h" for name, fix in job["fixes"].items())
    return f"batch {job['batch']}: {times} ms, {memory}; {hours}"
