"""Steps of tasks that run side by side, told by a clock: parts 4 and 5."""

import itertools

from workbench.checks import CheckFailed, as_choice, as_list, as_number, close
from workbench.served import Refuse, Served, exposed


def task(us, *after):
    return {"us": us, "after": list(after)}


TICK_US = 3  # every time in these steps is a multiple of it, also with a fix


def simulated_ends_us(tasks, faster=None):
    """When each task of a step ends, by a clock: at each tick, every task works whose predecessors are done."""
    left = {name: one["us"] / (faster or {}).get(name, 1) for name, one in tasks.items()}
    after = {name: set(one["after"]) for name, one in tasks.items()}
    now, ends = 0, {}
    while left:
        now += TICK_US
        working = [name for name in left if after[name] <= set(ends)]
        for name in working:
            left[name] -= TICK_US
            if left[name] <= 0:
                del left[name]
                ends[name] = now
    return ends


def simulated_us(tasks, faster=None):
    """The time of a step, by the same clock."""
    return max(simulated_ends_us(tasks, faster).values())


def describe_tasks(tasks, faster=None):
    def one(name, about):
        after = f" after {' and '.join(about['after'])}" if about["after"] else ""
        return f"{name} {about['us']:g} µs{after}"

    text = ", ".join(one(name, about) for name, about in tasks.items())
    return text if faster is None else f"{text}; faster: {describe_faster(faster)}"


def describe_faster(faster):
    return ", ".join(f"{name} × {factor:g}" for name, factor in faster.items()) or "nothing"


# ---- beliefs


def in_a_line_us(tasks, faster=None):
    return sum(one["us"] / (faster or {}).get(name, 1) for name, one in tasks.items())


def single_speed_ups(tasks, faster):
    before = simulated_us(tasks)
    return [before / simulated_us(tasks, {name: factor}) for name, factor in faster.items()]


def product(numbers):
    result = 1.0
    for number in numbers:
        result *= number
    return result


def before_path(tasks):
    """One chain of tasks that decides when the step is done, before any fix; from its end to its start."""
    ends = simulated_ends_us(tasks)
    path = [max(ends, key=ends.get)]
    while tasks[path[-1]]["after"]:
        path.append(max(tasks[path[-1]]["after"], key=ends.get))
    return path


def old_path(tasks, faster):
    saved = sum(tasks[n]["us"] * (1 - 1 / faster[n]) for n in before_path(tasks) if n in faster)
    return simulated_us(tasks) / (simulated_us(tasks) - saved)


def dict_order(tasks, faster):
    """Goes through the dict once; a task that stands further down has not ended yet, and is not waited for."""

    def in_order_us(factors):
        ends = {}
        for name, one in tasks.items():
            ends[name] = max([ends.get(a, 0) for a in one["after"]], default=0) + one["us"] / factors.get(name, 1)
        return max(ends.values())

    return in_order_us({}) / in_order_us(faster)


SPEED_UP_BELIEFS = [
    (lambda t, f: simulated_us(t, f) / simulated_us(t), "this is the time after divided by the time before"),
    (lambda t, f: simulated_us(t, f), "this is the new time of the step; a speed-up was asked for"),
    (lambda t, f: in_a_line_us(t) / in_a_line_us(t, f), "tasks that run side by side were put in a line"),
    (
        lambda t, f: 1 + sum(one - 1 for one in single_speed_ups(t, f)),
        "speed-ups of single fixes were added: take the time of the step with all of them",
    ),
    (lambda t, f: sum(single_speed_ups(t, f)), "speed-ups were added: take the time of the step with all of them"),
    (
        lambda t, f: product(single_speed_ups(t, f)),
        "speed-ups of single fixes were multiplied: take the time of the step with all of them",
    ),
    (old_path, "after the fix another chain takes longest, and your time is that of the old one"),
    (dict_order, "a task stands in the dict before the one that it waits for: the dict is in any order"),
    (lambda t, f: product(f.values()), "a factor holds for its own task, not for the whole step"),
    (lambda t, f: sum(f.values()), "a factor holds for its own task, not for the whole step"),
    (lambda t, f: max(f.values(), default=1), "a factor holds for its own task, not for the whole step"),
    (
        lambda t, f: max(o["us"] for o in t.values()) / max(o["us"] / f.get(n, 1) for n, o in t.items()),
        "your step takes as long as its longest task: tasks of a chain wait for each other",
    ),
]


def check_speed_up(submission, tasks, faster):
    given = describe_tasks(tasks, faster)
    want = simulated_us(tasks) / simulated_us(tasks, faster)
    answer = submission.call("speed_up", tasks, faster, given=given)
    try:
        got = as_number(answer, name="the speed-up")
    except CheckFailed as failure:
        failure.add_given(given)
        raise
    if not close(got, want):
        told = [text for believed, text in SPEED_UP_BELIEFS if close(got, believed(tasks, faster))]
        before, after = simulated_us(tasks), simulated_us(tasks, faster)
        raise CheckFailed(
            f"perhaps: {told[0]}" if told else "",
            expected=f"{want:.6g} (a clock says {before:g} µs before, {after:g} µs after)",
            came=f"{got:.6g}",
            given=given,
        )


# ---- which fix

FIX_BELIEFS = [
    (lambda t, f: max(f.values()), "you choose the fix with the largest factor; what matters is the time of the step"),
    (
        lambda t, f: max(t[n]["us"] for n in f),
        "you choose the fix of the longest task; ask how much earlier the step is done",
    ),
    (
        lambda t, f: sum(t[n]["us"] * (1 - 1 / x) for n, x in f.items()),
        "you choose the fix that saves most on its own tasks; a task beside the critical path saves nothing",
    ),
    (old_path, "you choose by the chain that was longest before; after the fix it may be another"),
    (lambda t, f: -simulated_us(t) / simulated_us(t, f), "you choose the fix that helps least"),
]


def check_choices(submission, cases):
    """Names the best fix in each case; the first belief that explains all answers is told."""
    answers, mistake = [], None
    for tasks, fixes in cases:
        told = "; ".join(f"{name}: {describe_faster(faster)}" for name, faster in fixes.items())
        given = f"{describe_tasks(tasks)}; fixes {told}"
        answer = submission.call("best_fix", tasks, fixes, given=given)
        name = as_choice(answer, list(fixes), name="the name that best_fix returns")
        times = {fix: simulated_us(tasks, faster) for fix, faster in fixes.items()}
        best = min(times, key=times.get)
        answers.append((tasks, fixes, name))
        if times[name] > times[best] + 1e-9 and mistake is None:
            after = ", ".join(f"{fix}: {us:g} µs" for fix, us in times.items())
            mistake = {"expected": f"{best} (a step takes with {after})", "came": name, "given": given}
    if mistake:
        raise CheckFailed(why_chosen(answers), **mistake)


def why_chosen(answers):
    for value, text in FIX_BELIEFS:
        if all(value(t, fixes[name]) >= max(value(t, f) for f in fixes.values()) - 1e-9 for t, fixes, name in answers):
            return f"perhaps: {text}"
    return ""


# ---- fixes within a budget


class Trials(Served):
    """A training step that can be tried with any set of fixes; it lives on the checker's side."""

    def __init__(self, tasks, fixes):
        self.tasks, self.fixes, self.known = tasks, fixes, {}

    @exposed
    def step_us(self, names):
        if not isinstance(names, (list, tuple, set, frozenset)) or any(name not in self.fixes for name in names):
            raise Refuse(f"step_us takes a list of names of fixes, of {list(self.fixes)}", type="ValueError")
        return self.time_us(names)

    def time_us(self, names):
        key = frozenset(names)
        if key not in self.known:
            faster = {name: factor for fix in key for name, factor in self.fixes[fix].items()}
            self.known[key] = simulated_us(self.tasks, faster)
        return self.known[key]

    def sets(self, cost, budget):
        """All sets within the budget, with their times."""
        names = sorted(cost)
        every = (chosen for n in range(len(names) + 1) for chosen in itertools.combinations(names, n))
        return {chosen: self.time_us(chosen) for chosen in every if sum(cost[name] for name in chosen) <= budget}

    def gain_us(self, name):
        return self.time_us([]) - self.time_us([name])


def one_by_one(trials, cost, budget):
    """Takes the fix that helps most now, as long as one helps and can be paid."""
    chosen = []
    while True:
        left = [n for n in cost if n not in chosen and sum(cost[c] for c in chosen) + cost[n] <= budget]
        best = min(left, key=lambda n: trials.time_us([*chosen, n]), default=None)
        if best is None or trials.time_us([*chosen, best]) >= trials.time_us(chosen):
            return tuple(chosen)
        chosen.append(best)


def added_gains(trials, cost, budget):
    """The set whose single gains have the largest sum."""
    return max(trials.sets(cost, budget), key=lambda chosen: (sum(map(trials.gain_us, chosen)), -len(chosen)))


def single_best(trials, cost, budget):
    return min((chosen for chosen in trials.sets(cost, budget) if len(chosen) <= 1), key=trials.time_us)


SET_BELIEFS = [
    (one_by_one, "fixes were tried one by one: some help only together"),
    (added_gains, "what single fixes save was added: together they may save less, or more"),
    (single_best, "only one fix was chosen: the budget may pay for several"),
]


def check_set(submission, trials, cost, budget):
    given = f"costs {cost}, budget {budget} days; {describe_tasks(trials.tasks)}; fixes {trials.fixes}"
    answer = submission.call("best_fixes", cost, budget, trials, given=given)
    try:
        names = [as_choice(name, list(cost), name="a name that best_fixes returns") for name in as_list(answer)]
    except CheckFailed as failure:
        failure.add_given(given)
        raise
    if len(set(names)) != len(names):
        raise CheckFailed("a fix can be applied once", expected="each name once", came=names, given=given)
    days = sum(cost[name] for name in names)
    if days > budget:
        raise CheckFailed(
            "your set costs more than the budget", expected=f"at most {budget} days", came=days, given=given
        )
    times = trials.sets(cost, budget)
    best = min(times, key=times.get)
    came_us = trials.time_us(names)
    if came_us > times[best] + 1e-6:
        told = [text for belief, text in SET_BELIEFS if set(belief(trials, cost, budget)) == set(names)]
        raise CheckFailed(
            f"perhaps: {told[0]}" if told else "",
            expected=f"a step of {times[best]:g} µs, as with {list(best)}",
            came=f"{came_us:g} µs with {names}",
            given=given,
        )


# ---- random steps

LOADING = ["read", "decode", "augment"]
COMPUTING = ["forward", "backward", "update"]


def random_us(rng):
    return 12 * int(rng.integers(1, 6))  # a half and a quarter of it are whole ticks, too


def random_chain(rng):
    """A step whose tasks wait for each other; the dict is in no particular order."""
    return mixed(rng, {name: task(random_us(rng), *COMPUTING[max(0, i - 1) : i]) for i, name in enumerate(COMPUTING)})


def random_step(rng):
    """Loading beside computing; sometimes the gradients are sent beside the backward pass, before the update."""
    tasks = {
        name: task(random_us(rng), *LOADING[max(0, i - 1) : i]) for i, name in enumerate(LOADING[: rng.integers(1, 4)])
    }
    tasks |= {name: task(random_us(rng), *COMPUTING[max(0, i - 1) : i]) for i, name in enumerate(COMPUTING)}
    if rng.random() < 0.5:
        tasks["all-reduce"] = task(random_us(rng), "forward")
        tasks["update"]["after"].append("all-reduce")
    return mixed(rng, tasks)


def mixed(rng, items):
    names = list(items)
    return {names[i]: items[names[i]] for i in rng.permutation(len(names))}


def random_faster(rng, tasks, count):
    names = rng.permutation(list(tasks))[:count]
    return {str(name): float(rng.choice([2, 4])) for name in names}


def telling_case(rng, make_tasks, belief):
    """Tasks and two faster ones, for which the belief gives another speed-up than the clock."""
    while True:
        tasks = make_tasks(rng)
        faster = random_faster(rng, tasks, 2)
        if not close(belief(tasks, faster), simulated_us(tasks) / simulated_us(tasks, faster)):
            return tasks, faster


def telling_fixes(rng, belief):
    """Tasks and three fixes, of which one is clearly the best, and the belief chooses another."""
    while True:
        tasks = random_step(rng)
        if len(tasks) < 4:
            continue
        parts = rng.permutation(list(tasks))
        fixes = {f"fix {letter}": random_faster(rng, parts[[i]], 1) for i, letter in enumerate("ABC")}
        if rng.random() < 0.3:
            fixes["fix C"] |= random_faster(rng, parts[[3]], 1)
        times = sorted((simulated_us(tasks, faster), name) for name, faster in fixes.items())
        if times[1][0] < times[0][0] * 1.02:
            continue
        values = {name: belief(tasks, faster) for name, faster in fixes.items()}
        if max(values.values()) > values[times[0][1]] + 1e-9:
            return tasks, fixes


def telling_budget(rng, belief, most_fixes=5):
    """A trial run, costs and a budget, for which the belief chooses a slower set than the best one."""
    while True:
        tasks = random_step(rng)
        names = rng.permutation(list(tasks))[:most_fixes]
        fixes = {
            f"{name} × {factor:g}": {name: factor} for name, factor in random_faster(rng, names, most_fixes).items()
        }
        cost = {name: int(rng.integers(1, 5)) for name in fixes}
        budget = int(rng.integers(3, sum(cost.values())))
        trials = Trials(tasks, fixes)
        times = trials.sets(cost, budget)
        chosen = belief(trials, cost, budget)
        if times.get(tuple(sorted(chosen)), 0) > min(times.values()):
            return trials, cost, budget
