"""Further checks of the same parts: long traces with fractions, windows anywhere, larger steps. Never released."""

import math

from checks import budget_part, idle_part, self_part, stall_part, what_if_part
from checks_steps import (
    FIX_BELIEFS,
    added_gains,
    check_set,
    one_by_one,
    single_best,
    telling_budget,
    telling_fixes,
)
from checks_traces import Calls, event, shuffled

from workbench.checks import as_choice, as_dict, as_number, close, expect

QUARTER = 0.25  # as the text promises; exact in binary, also added to large times


@self_part.check(
    points=2,
    title="Long traces with several lanes",
    hints=["Does anything in your function depend on times that are small, or whole?"],
)
def long_traces(submission):
    for first in (0.0, 4_000_000_000_000.0):
        made = Calls(submission.rng, QUARTER, names=[f"op {i}" for i in range(12)])
        for lane in (17, 4711, 4712):
            now = first
            for _ in range(12):
                now = made.call(lane, now, depth=4) + QUARTER * int(submission.rng.integers(0, 3))
        want = made.truth()
        got = as_dict(submission.call("self_times", shuffled(submission.rng, made.events)), keys=list(want))
        times = {name: as_number(got[name]) for name in want}
        expect(all(close(times[name], want[name], atol=1e-3) for name in want), expected=want, came=times, given=first)


def planned_device(rng, first):
    """A trace made from a plan: stretches that are idle or busy, with or without a wait; and its truth in µs.

    Returns events, window, idle µs, stalled µs. Kernels of a busy stretch overlap each other on several streams.
    """
    events, waits, now, idle, stalled, window_start = [], [], first, 0.0, 0.0, None
    count = 24
    for i in range(count):
        length = QUARTER * int(rng.integers(8, 80))
        busy, waiting = bool(rng.random() < 0.55), bool(rng.random() < 0.5)
        if busy:
            events += covered(rng, now, length)
        elif rng.random() < 0.5:
            events.append(event("copy", "gpu_memcpy", 20, now, length))
        if waiting and waits and waits[-1]["ts"] + waits[-1]["dur"] == now:
            waits[-1]["dur"] += length  # one wait, which the device hides in part
        elif waiting:
            waits.append(event("wait for batch", "user_annotation", 99, now, length))
        else:
            events.append(event("linear", "cpu_op", 99, now, length))
        inside = length
        if i == 0:
            inside = length - QUARTER * int(rng.integers(0, 8))
            window_start = now + length - inside
        if i == count - 1:
            inside = length - QUARTER * int(rng.integers(0, 8))
        idle += inside * (not busy)
        stalled += inside * (waiting and not busy)
        end = now + inside
        now += length
    return shuffled(rng, events + waits), (window_start, end), idle, stalled


def covered(rng, ts, length):
    """Kernels of up to three streams that together cover exactly a stretch."""
    cut = QUARTER * int(rng.integers(1, round(length / QUARTER)))
    more = min(length - cut, QUARTER * int(rng.integers(0, 12)))
    found = [event("matmul", "kernel", 7, ts, cut + more), event("norm", "kernel", 9, ts + cut, length - cut)]
    if cut > 2 * QUARTER:
        found.append(event("small", "kernel", 13, ts + QUARTER, QUARTER))
    return found


def windows(rng):
    return [planned_device(rng, first) for first in (0.0, -50.0, 3_000_000_000_000.0, 12.5)]


@idle_part.check(
    points=2,
    title="Long traces, windows anywhere",
    hints=["Which of your numbers is wrong when the trace does not begin at 0?"],
)
def idle_in_long_traces(submission):
    for events, (start, end), idle, _ in windows(submission.rng):
        got = as_number(submission.call("idle_share", events, start, end))
        want = idle / (end - start)
        expect(close(got, want, atol=1e-6), expected=want, came=got, given=(start, end))


@idle_part.check(
    points=1,
    title="Nothing runs, something always runs",
    hints=["What comes out when the trace has no kernel at all, or none in the window?"],
)
def idle_at_the_edges(submission):
    first = float(submission.rng.integers(10, 1000))
    copy = event("copy", "gpu_memcpy", 20, first, 5.0)
    kernel = event("matmul", "kernel", 7, first, 40.0)
    cases = [
        ([], 1.0),
        ([copy], 1.0),
        ([event("matmul", "kernel", 7, first - 9, 4.0), event("matmul", "kernel", 9, first + 41, 4.0)], 1.0),
        ([event("matmul", "kernel", 7, first - 9, 100.0), kernel], 0.0),
        ([event("matmul", "kernel", 7, first, 20.0), event("matmul", "kernel", 9, first + 20, 20.0)], 0.0),
        ([event("matmul", "kernel", 7, first, 10.0)], 0.75),
    ]
    for events, want in cases:
        got = as_number(submission.call("idle_share", events, first, first + 40.0))
        expect(close(got, want), expected=want, came=got, given=events)


@stall_part.check(
    points=2,
    title="Long traces, windows anywhere",
    hints=["Are all streams looked at, and only what lies in the window?"],
)
def stall_in_long_traces(submission):
    for events, (start, end), _, stalled in windows(submission.rng):
        got = as_number(submission.call("input_stall", events, start, end))
        expect(close(got, stalled, atol=1e-3), expected=stalled, came=got, given=(start, end))


def exact_us(tasks, faster=None):
    """The time of a step: each task ends its own time after the last one that it waits for."""
    ends, waiting = {}, list(tasks)
    while waiting:
        name = waiting.pop(0)
        before = tasks[name]["after"]
        if all(one in ends for one in before):
            ends[name] = max([0.0, *(ends[one] for one in before)]) + tasks[name]["us"] / (faster or {}).get(name, 1.0)
        else:
            waiting.append(name)
    return max(ends.values())


def large_step(rng):
    """Eight tasks; each waits for up to two of the earlier ones."""
    names = [f"task {i}" for i in range(8)]
    tasks = {}
    for i, name in enumerate(names):
        after = [names[j] for j in rng.permutation(i)[: int(rng.integers(0, 3))]]
        tasks[name] = {"us": float(rng.uniform(5, 90)), "after": after}
    return {names[i]: tasks[names[i]] for i in rng.permutation(len(names))}


def telling_step(rng, count):
    """A large step and so many faster tasks; neither sum nor product of two or more single speed-ups is right."""
    while True:
        tasks = large_step(rng)
        faster = {str(name): float(rng.uniform(1.2, 8)) for name in rng.permutation(list(tasks))[:count]}
        want = exact_us(tasks) / exact_us(tasks, faster)
        single = [exact_us(tasks) / exact_us(tasks, {name: factor}) for name, factor in faster.items()]
        combined = math.prod(single), sum(single), 1 + sum(one - 1 for one in single)
        if count < 2 or not any(close(believed, want, rtol=1e-3) for believed in combined):
            return tasks, faster, want


@what_if_part.check(
    points=2,
    title="Large steps, several fixes at once",
    hints=["A task waits for two others. Which of them decides when it starts?"],
)
def large_steps(submission):
    for count in (0, 1, 2, 3, 4, 3, 2, 4):
        tasks, faster, want = telling_step(submission.rng, count)
        got = as_number(submission.call("speed_up", tasks, faster))
        expect(close(got, want), expected=want, came=got, given=(tasks, faster))


@what_if_part.check(
    points=1,
    title="The best of three fixes, many times",
    hints=["How long does the step take with each fix?"],
)
def best_of_three(submission):
    """Guessing passes in less than 1e-9."""
    for belief, _ in FIX_BELIEFS[:4] * 5:
        tasks, fixes = telling_fixes(submission.rng, belief)
        name = as_choice(submission.call("best_fix", tasks, fixes), list(fixes))
        best = min(fixes, key=lambda fix: exact_us(tasks, fixes[fix]))
        expect(name == best, expected=best, came=name, given=(tasks, fixes))


@budget_part.check(
    points=2,
    title="Many budgets",
    hints=["Which sets of fixes does your function never try?"],
)
def many_budgets(submission):
    for belief in (one_by_one, added_gains, single_best) * 2:
        check_set(submission, *telling_budget(submission.rng, belief))
