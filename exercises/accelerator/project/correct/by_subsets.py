"""A table of moments and a search over sets of fixes: what was best until a set is done does not ask for its order."""

# %% solution="my-run"
my_run = 77


# %% solution="bound-by"
def bound_by(flops, moved, peak_flop_s, bandwidth_byte_s):
    ridge = peak_flop_s / bandwidth_byte_s
    if flops / moved < ridge:
        return "memory"
    return "compute"


# %% solution="where-time-goes"
def where_time_goes(events, step_us, peak_flop_s, bandwidth_byte_s):
    owner = np.full(step_us, 3)
    ranks = {}
    for i, event in enumerate(events):
        if "flops" in event:
            ridge = peak_flop_s / bandwidth_byte_s
            ranks[i] = 0 if event["flops"] / event["bytes"] > ridge else 1
        elif event["name"] == "next batch":
            ranks[i] = 2
    for i, rank in sorted(ranks.items(), key=lambda pair: -pair[1]):
        owner[events[i]["start_us"] : events[i]["end_us"]] = rank
    return dict(zip(("compute", "memory", "input", "host"), np.bincount(owner, minlength=4), strict=True))


# %% solution="forecast"
def forecast(job, fixes):
    product = {key: np.prod([job["fixes"][f]["times"].get(key, 1) for f in fixes]) for key in job if key != "fixes"}
    now = {key: job[key] * product[key] for key in product}
    lanes = {"program": now["host_ms"], "device": now["compute_ms"] + now["memory_ms"], "workers": 0}
    lanes["workers" if "workers" in fixes else "program"] += now["input_ms"]
    turns = [lanes["program"], lanes["device"]]
    return np.array(
        [
            max(lanes["workers"], max(turns) if "no-sync" in fixes else sum(turns)) / now["batch"],
            now["fixed_gib"] + now["activations_gib"],
        ]
    )


# %% solution="drive"
def drive(run):
    job = run.profile()
    names = list(job["fixes"])
    total = run.hours_left()
    most = {frozenset(): (0.0, [])}
    best = (0.0, [])
    for size in range(len(names) + 1):
        for done in [frozenset(s) for s in itertools.combinations(names, size)]:
            if done not in most:
                continue
            samples, order = most[done]
            used = sum(job["fixes"][f]["hours"] for f in done)
            ms, gib = run.forecast(list(done))
            if gib > job["capacity_gib"]:
                continue
            best = max(best, (samples + (total - used) * 3.6e6 / ms, order))
            for f in names:
                took = job["fixes"][f]["hours"]
                if f not in done and used + took <= total:
                    option = (samples + took * 3.6e6 / ms, [*order, f])
                    most[done | {f}] = max(most.get(done | {f}, (0.0, [])), option)
    for f in best[1]:
        run.apply(f)
