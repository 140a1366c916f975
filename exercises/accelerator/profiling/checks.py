"""The visible checks of accelerator/profiling; traces and steps with a known truth are made in checks_*.py."""

from checks_steps import (
    FIX_BELIEFS,
    SPEED_UP_BELIEFS,
    Trials,
    added_gains,
    check_choices,
    check_set,
    check_speed_up,
    one_by_one,
    random_chain,
    random_step,
    single_best,
    task,
    telling_budget,
    telling_case,
    telling_fixes,
)
from checks_traces import (
    IDLE_BELIEFS,
    SELF_BELIEFS,
    STALL_BELIEFS,
    TOTAL_BELIEFS,
    Calls,
    check_times,
    check_window,
    event,
    painted_idle,
    painted_stall,
    shuffled,
    small_calls,
    small_device,
    stream_kernels,
    total_belief,
)

from workbench.checks import part

self_part = part("self-time", title="Total time and self time")
idle_part = part("device-idle", title="When is the device idle?")
stall_part = part("input-stall", title="Whose fault is it?")
what_if_part = part("what-if", title="What would a fix save?")
budget_part = part("within-budget", title="Within a budget")


def calls(*spans, tid="main"):
    """Events of one lane from (name, start, end)."""
    return [event(name, "cpu_op", tid, ts, until - ts) for name, ts, until in spans]


def kernels(tid, *spans):
    return [event("matmul", "kernel", tid, ts, until - ts) for ts, until in spans]


def waits(*spans):
    return [event("wait for batch", "user_annotation", "main", ts, until - ts) for ts, until in spans]


# ---- 1 · self-time


@self_part.check(
    points=1,
    title="Total time of each name",
    hints=["Which events have this name, and how long is each of them?", "What do you do when a name comes again?"],
)
def total_of_each_name(submission):
    tiny = calls(("step", 0, 9), ("linear", 1, 4), ("linear", 5, 7))
    check_times(submission, "total_times", tiny, {"step": 9, "linear": 5}, TOTAL_BELIEFS)
    for _ in range(3):
        events = shuffled(submission.rng, small_calls(submission.rng, ["main", "loader"]).events)
        check_times(submission, "total_times", events, total_belief(events), TOTAL_BELIEFS)


@self_part.check(
    points=1,
    title="Self time on one lane, events in the order of their start",
    hints=[
        "Which events were called by this event itself, and which by one of those?",
        "Of all the events around a given one, which is its caller: the longest or the shortest?",
    ],
)
def nested_calls(submission):
    touching = calls(("linear", 0, 4), ("norm", 4, 6))
    check_times(submission, "self_times", touching, {"linear": 4, "norm": 2}, SELF_BELIEFS, "these two only touch")
    cases = [
        (calls(("step", 0, 9), ("linear", 1, 4)), {"step": 6, "linear": 3}),
        (calls(("step", 0, 9), ("forward", 1, 7), ("linear", 2, 5)), {"step": 3, "forward": 3, "linear": 3}),
        (calls(("step", 0, 9), ("linear", 0, 4), ("norm", 4, 6)), {"step": 3, "linear": 4, "norm": 2}),
    ]
    for events, want in cases:
        check_times(submission, "self_times", events, want, SELF_BELIEFS)
    twice = calls(("step", 0, 9), ("linear", 0, 4), ("linear", 5, 9))
    check_times(submission, "self_times", twice, {"step": 1, "linear": 8}, SELF_BELIEFS, "linear was called twice")
    again = calls(("walk", 0, 9), ("walk", 2, 7), ("walk", 3, 4))
    check_times(submission, "self_times", again, {"walk": 9}, SELF_BELIEFS, "a function may call itself")
    for _ in range(3):
        made = small_calls(submission.rng, ["main"])
        in_order = sorted(made.events, key=lambda e: (e["ts"], -e["dur"]))
        check_times(submission, "self_times", in_order, made.truth(), SELF_BELIEFS)


@self_part.check(
    points=1,
    title="Self time on several lanes, events in any order",
    hints=[
        "Two events overlap, but on different lanes. Did one of them call the other?",
        "Does your function still work when the list is turned around?",
    ],
)
def several_lanes_in_any_order(submission):
    apart = calls(("step", 0, 9)) + calls(("read", 2, 5), tid="loader")
    check_times(submission, "self_times", apart, {"step": 9, "read": 3}, SELF_BELIEFS)
    backwards = calls(("linear", 2, 5), ("forward", 1, 7), ("step", 0, 9))
    turned = "perhaps you rely on the order of the list, which is in none; here the inner calls come first"
    check_times(submission, "self_times", backwards, {"step": 3, "forward": 3, "linear": 3}, SELF_BELIEFS, turned)
    for _ in range(4):
        made: Calls = small_calls(submission.rng, ["main", "loader"])
        check_times(submission, "self_times", shuffled(submission.rng, made.events), made.truth(), SELF_BELIEFS)


# ---- 2 · device-idle


@idle_part.check(
    points=1,
    title="One stream, and a window that cuts",
    hints=[
        "Where in the window can there be idle time: only between two kernels?",
        "A kernel begins before the window and ends in it. From when on does it count?",
    ],
)
def one_stream(submission):
    check_window(submission, "idle_share", kernels("stream 7", (2, 5)), (0, 10), 0.7, IDLE_BELIEFS)
    cut = kernels("stream 7", (-4, 2), (8, 15))
    check_window(submission, "idle_share", cut, (0, 10), 0.6, IDLE_BELIEFS)
    for _ in range(3):
        events = shuffled(submission.rng, stream_kernels(submission.rng, "stream 7", 40))
        check_window(submission, "idle_share", events, (0, 40), painted_idle(events, 0, 40), IDLE_BELIEFS)


@idle_part.check(
    points=1,
    title="Streams that overlap, copies, and the CPU",
    hints=[
        "Take two kernels, 1–6 and 4–8. At how many of the 10 µs does at least one run?",
        "Going from left to right: up to which moment do you know that the device is busy, and can a short kernel "
        "change that?",
    ],
)
def overlapping_streams(submission):
    check_window(submission, "idle_share", kernels("a", (1, 6)) + kernels("b", (4, 8)), (0, 10), 0.3, IDLE_BELIEFS)
    inside = kernels("a", (0, 8), (9, 10)) + kernels("b", (1, 2), (5, 6))
    check_window(submission, "idle_share", inside, (0, 10), 0.1, IDLE_BELIEFS)
    for _ in range(4):
        events = small_device(submission.rng)
        check_window(submission, "idle_share", events, (0, 40), painted_idle(events, 0, 40), IDLE_BELIEFS)


# ---- 3 · input-stall


@stall_part.check(
    points=1,
    title="A wait costs what the device does not hide",
    hints=[
        "While the program waits, what does the device do?",
        "Mark on paper where the program waits, and below it where the device is idle. Which stretch do you want?",
    ],
)
def hidden_waits(submission):
    cases = [
        (waits((2, 8)), 6),
        (waits((2, 8)) + kernels("a", (0, 10)), 0),
        (waits((2, 8)) + kernels("a", (0, 5)), 3),
        (waits((2, 8)) + kernels("a", (3, 5), (7, 9)), 3),
        (waits((2, 8)) + kernels("a", (3, 5)) + kernels("b", (4, 6)), 3),
        (waits((-3, 1), (8, 12)) + kernels("a", (2, 3)), 3),
    ]
    for events, want in cases:
        check_window(submission, "input_stall", events, (0, 10), want, STALL_BELIEFS)


@stall_part.check(
    points=1,
    title="Small traces, told µs by µs",
    hints=[
        "Which of the gaps of the device have another reason?",
        "Sort all the moments at which something begins or ends. What can change between two neighbours?",
    ],
)
def small_traces(submission):
    stalls = 0
    while stalls < 5:
        events = small_device(submission.rng)
        want = painted_stall(events, 0, 40)
        if want:
            stalls += 1
            check_window(submission, "input_stall", events, (0, 40), want, STALL_BELIEFS)


# ---- 4 · what-if


@what_if_part.check(
    points=1,
    title="Tasks in a chain",
    hints=[
        "How long does the whole chain take before, and how long after?",
        "Which tasks take as long as before, and are they in your new time?",
    ],
)
def tasks_in_a_chain(submission):
    half = {"forward": task(30), "backward": task(30, "forward")}
    check_speed_up(submission, half, {"backward": 2.0})
    check_speed_up(submission, half, {"forward": 2.0, "backward": 2.0})
    for belief, _ in SPEED_UP_BELIEFS[3:6:2]:
        check_speed_up(submission, *telling_case(submission.rng, random_chain, belief))


@what_if_part.check(
    points=1,
    title="Tasks side by side",
    hints=[
        "When can a task start that waits for two others?",
        "For each task: when are those done that it waits for, and when is it done itself? When is the step done?",
    ],
)
def tasks_side_by_side(submission):
    tasks = {"load": task(60), "forward": task(30), "backward": task(60, "forward")}
    check_speed_up(submission, tasks, {"load": 10.0})
    check_speed_up(submission, tasks, {"backward": 4.0})
    check_speed_up(submission, tasks, {"backward": 4.0, "load": 2.0})
    for belief, _ in SPEED_UP_BELIEFS[2:7]:
        check_speed_up(submission, *telling_case(submission.rng, random_step, belief))


@what_if_part.check(
    points=1,
    title="The fix that pays most",
    hints=[
        "For each fix alone: how long does the step take then?",
        "Is the task that this fix makes faster on the critical path, and does it stay there?",
    ],
)
def which_fix(submission):
    """Guessing one of three names in each of 12 cases passes in 2e-6."""
    cases = [telling_fixes(submission.rng, belief) for belief, _ in FIX_BELIEFS[:4] * 3]
    check_choices(submission, cases)


# ---- 5 · within-budget


@budget_part.check(
    points=1,
    title="Fixes that help only together",
    hints=[
        "Two chains take equally long. What does a fix of one of them save?",
        "How many sets of fixes are there, and can you try them all?",
    ],
)
def only_together(submission):
    tasks = {"load": task(60), "forward": task(30), "backward": task(30, "forward")}
    fixes = {"loaders": {"load": 4.0}, "compile": {"forward": 2.0}, "bf16": {"backward": 5.0}}
    check_set(submission, Trials(tasks, fixes), {"loaders": 2, "compile": 1, "bf16": 3}, 5)
    check_set(submission, Trials(tasks, fixes), {"loaders": 2, "compile": 1, "bf16": 3}, 3)
    for _ in range(2):
        check_set(submission, *telling_budget(submission.rng, one_by_one))


@budget_part.check(
    points=1,
    title="Savings that do not add",
    hints=[
        "What does each fix save once the others are there?",
        "Ask the run for the time of a whole set. Is the best set one of the best single fixes?",
    ],
)
def savings_do_not_add(submission):
    for belief in (added_gains, single_best, added_gains):
        check_set(submission, *telling_budget(submission.rng, belief))
