"""Part 3: jobs with plain numbers, sets of fixes that tell beliefs apart, and what the beliefs forecast."""

from checks_jobs import PARTS, changed, needed_gib, random_job, simulated_ms

from workbench.checks import CheckFailed, as_list, as_number, close


def tiny_job(rng):
    """A job with round numbers, where each fix changes what a step takes or needs."""
    input_ms, host_ms, compute_ms, memory_ms = (int(n) for n in rng.permutation([20, 40, 60, 80]))
    return {
        "batch": int(rng.choice([4, 8])),
        "input_ms": input_ms,
        "host_ms": host_ms,
        "compute_ms": compute_ms,
        "memory_ms": memory_ms,
        "fixed_gib": 6,
        "activations_gib": 8,
        "capacity_gib": 20,
        "fixes": {
            "workers": {"hours": 2, "times": {"input_ms": 0.25}},
            "no-sync": {"hours": 2, "times": {}},
            "graph": {"hours": 4, "times": {"host_ms": 0.1}},
            "fuse": {"hours": 6, "times": {"memory_ms": 0.5}},
            "bf16": {"hours": 4, "times": {"compute_ms": 0.25, "memory_ms": 0.5, "activations_gib": 0.5}},
            "checkpoint": {"hours": 2, "times": {"compute_ms": 1.25, "memory_ms": 1.25, "activations_gib": 0.25}},
            "big-batch": {
                "hours": 3,
                "times": {"batch": 2, "input_ms": 2, "compute_ms": 1.5, "memory_ms": 1.5, "activations_gib": 2},
            },
        },
    }


OVERLAPS = [
    ["workers", "no-sync"],
    ["no-sync", "bf16"],
    ["no-sync", "fuse", "graph"],
    ["workers", "bf16", "fuse"],
    ["checkpoint", "big-batch"],
    ["workers", "no-sync", "graph", "bf16", "fuse", "big-batch"],
]


def telling_sets(rng):
    """Jobs and sets of fixes for which each belief forecasts another number than the simulation."""
    chosen = [(tiny_job(rng), fixes) for fixes in OVERLAPS]
    missed = [belief for belief, _ in BELIEFS if not any(differs(belief, *one) for one in chosen)]
    return chosen + [random_set(rng, belief) for belief in missed]


def random_set(rng, belief):
    """A random job and fixes for which this belief forecasts another number than the simulation."""
    while True:
        one = (random_job(rng), random_fixes(rng))
        if differs(belief, *one):
            return one


def random_fixes(rng):
    names = ["workers", "no-sync", "graph", "fuse", "bf16", "checkpoint", "big-batch"]
    return [str(name) for name in rng.permutation(names)[: rng.integers(2, 8)]]


def differs(belief, job, fixes):
    return abs(belief(job, fixes) / simulated_ms(job, fixes) - 1) > 0.01


def one_after_another(job, fixes):
    now = changed(job, fixes)
    return sum(now[part] for part in PARTS) / now["batch"]


def longest_alone(job, fixes):
    now = changed(job, fixes)
    return max(now[part] for part in PARTS) / now["batch"]


def program_fetches_beside(job, fixes):
    """With no-sync and no workers, as if the input ran beside the program."""
    return three_side_by_side(job, fixes, "no-sync")


def device_beside(job, fixes):
    """With workers and no no-sync, as if the device ran beside the program."""
    return three_side_by_side(job, fixes, "workers")


def three_side_by_side(job, fixes, only):
    """Both need workers and no-sync; somebody forgets it where there is only this one of the two."""
    if [fix for fix in ("workers", "no-sync") if fix in fixes] != [only]:
        return simulated_ms(job, fixes)
    now = changed(job, fixes)
    return max(now["input_ms"], now["host_ms"], now["compute_ms"] + now["memory_ms"]) / now["batch"]


def saved_ms_added(job, fixes):
    today_ms = simulated_ms(job, [])
    return today_ms - sum(today_ms - simulated_ms(job, [fix]) for fix in fixes)


def speed_ups_multiplied(job, fixes):
    today_ms, product = simulated_ms(job, []), 1.0
    for fix in fixes:
        product *= today_ms / simulated_ms(job, [fix])
    return today_ms / product


def speed_ups_added(job, fixes):
    today_ms = simulated_ms(job, [])
    gained = sum(today_ms / simulated_ms(job, [fix]) - 1 for fix in fixes)
    return today_ms / max(1 + gained, 1e-9)


def whole_step(job, fixes):
    return simulated_ms(job, fixes) * changed(job, fixes)["batch"]


def old_batch(job, fixes):
    return whole_step(job, fixes) / job["batch"]


def input_is_hidden(job, fixes):
    """The input costs nothing with workers, however slow they are."""
    now = changed(job, fixes)
    on_device_ms, program_ms = now["memory_ms"] + now["compute_ms"], now["host_ms"]
    program_ms += 0 if "workers" in fixes else now["input_ms"]
    return (max(program_ms, on_device_ms) if "no-sync" in fixes else program_ms + on_device_ms) / now["batch"]


def input_stays_outside(job, fixes):
    """Without workers, the program's fetching is added to the step, also with no-sync."""
    now = changed(job, fixes)
    on_device_ms = now["memory_ms"] + now["compute_ms"]
    rest_ms = max(now["host_ms"], on_device_ms) if "no-sync" in fixes else now["host_ms"] + on_device_ms
    return (max(now["input_ms"], rest_ms) if "workers" in fixes else now["input_ms"] + rest_ms) / now["batch"]


def device_at_once(job, fixes):
    """As if compute and memory ran side by side on the device, once the program no longer waits."""
    if "no-sync" not in fixes:
        return simulated_ms(job, fixes)
    now, ahead = changed(job, fixes), "workers" in fixes
    own_ms = now["host_ms"] + now["input_ms"] * (not ahead)
    return max(own_ms, now["input_ms"] * ahead, now["compute_ms"], now["memory_ms"]) / now["batch"]


def input_beside_the_host_alone(job, fixes):
    """As if workers ran beside the launches, and the device came after both."""
    if "workers" not in fixes or "no-sync" in fixes:
        return simulated_ms(job, fixes)
    now = changed(job, fixes)
    return (max(now["host_ms"], now["input_ms"]) + now["compute_ms"] + now["memory_ms"]) / now["batch"]


ADDED = "what fixes gain alone cannot be added: each makes the step shorter that the next one could shorten"
BELIEFS = [
    (one_after_another, "this is the sum of the four times: with these fixes, some of them run side by side"),
    (
        program_fetches_beside,
        "without `workers`, the program also fetches the batch itself: input and host are one after the other",
    ),
    (device_beside, "without `no-sync`, program and device still take turns"),
    (longest_alone, "this is the longest of the four: but compute and memory run on one device, one after the other"),
    (saved_ms_added, ADDED),
    (speed_ups_added, ADDED),
    (speed_ups_multiplied, "speed-ups of single fixes cannot be multiplied: each of them is a share of today's step"),
    (whole_step, "this is the time of a step: it was asked for one sample"),
    (old_batch, "a step has more samples with the bigger batch: divide by the batch that it has then"),
    (input_is_hidden, "the workers run beside the rest, but a step cannot begin before its batch is there"),
    (device_at_once, "compute and memory run on one device, one after the other, also with `no-sync`"),
    (input_beside_the_host_alone, "the workers go on while the device works, too: input beside host and device"),
    (
        input_stays_outside,
        "without workers, the program itself fetches its batch: with no-sync, the device works meanwhile",
    ),
]


def check_forecast(submission, job, fixes):
    want_ms, want_gib = simulated_ms(job, fixes), needed_gib(job, fixes)
    given = describe(job, fixes)
    answer = submission.call("forecast", job, fixes, given=given)
    pair = as_list(answer, length=2, name="what forecast returns")
    came_ms, came_gib = (as_number(value, name=name) for value, name in zip(pair, ("the ms", "the GiB"), strict=True))
    if not close(came_ms, want_ms, rtol=1e-4):
        told = [text for belief, text in BELIEFS if close(came_ms, belief(job, fixes), rtol=1e-4)]
        why = "; or: ".join(list(dict.fromkeys(told))[:2]) or "the ms for each sample differ from the simulated run"
        expected, came = f"{want_ms:.5g} ms for each sample, by simulation", f"{came_ms:.5g} ms"
        raise CheckFailed(why, expected=expected, came=came, given=given)
    if not close(came_gib, want_gib, rtol=1e-4):
        why = "the GiB differ: what is fixed stays, and the activations are multiplied"
        if close(came_gib, sum(job[name] for name in ("fixed_gib", "activations_gib")), rtol=1e-4):
            why = "this is what the run needs today: some fixes change the activations"
        twice_gib = (
            job["fixed_gib"] + changed(job, fixes)["activations_gib"] * changed(job, fixes)["batch"] / job["batch"]
        )
        if close(came_gib, twice_gib, rtol=1e-4):
            why = "the batch was counted twice: what a fix does to the activations holds its batch already"
        raise CheckFailed(why, expected=f"{want_gib:.5g} GiB", came=f"{came_gib:.5g} GiB", given=given)


def check_job_is_kept(submission, job):
    """Runs forecast with all fixes; fails where the dict that it got is another one afterwards."""
    fixes, given = list(job["fixes"]), describe(job, list(job["fixes"]))
    kept = submission.run("forecast", returns=["job"], job=job, fixes=fixes, given=given)["job"]
    if kept == job:
        return
    names = [name for name in job if not isinstance(kept, dict) or kept.get(name) != job[name]] or ["its keys"]
    came = f"changed: {', '.join(names)}"
    raise CheckFailed("forecast changed `job`: work on a copy", expected="job as before", came=came, given=given)


def describe(job, fixes):
    """The numbers that go in, short enough for a message."""
    times = ", ".join(f"{part.removesuffix('_ms')} {job[part]:g}" for part in PARTS)
    applied = "; ".join(
        f"{fix} ("
        + ", ".join(f"{name.removesuffix('_ms')} × {by:g}" for name, by in job["fixes"][fix]["times"].items())
        + ")"
        for fix in fixes
    )
    return f"ms: {times}; batch {job['batch']}; fixes: {applied or 'none'}"
