"""Sweeps over the edges with counters; plays all orders of all seven fixes, and each beginning of them, on paper."""


# %% solution="where-time-goes"
def where_time_goes(events, step_us, peak_flop_s, bandwidth_byte_s):
    edges = []
    for event in events:
        kind = None
        if event["lane"].startswith("stream"):
            kind = "compute" if event["flops"] * bandwidth_byte_s > event["bytes"] * peak_flop_s else "memory"
        elif event["name"] == "next batch":
            kind = "input"
        if kind:
            edges += [(event["start_us"], 1, kind), (event["end_us"], -1, kind)]
    open_now = {"compute": 0, "memory": 0, "input": 0}
    result = {"host": 0.0, "input": 0.0, "memory": 0.0, "compute": 0.0}
    at = 0
    for moment, change, kind in sorted(edges) + [(step_us, 0, "input")]:
        owner = next((k for k in open_now if open_now[k]), "host")
        result[owner] += moment - at
        at = moment
        open_now[kind] += change
    return result


# %% solution="forecast"
def forecast(job, fixes):
    def of(key):
        value = job[key]
        for name in fixes:
            value = value * job["fixes"][name]["times"].get(key, 1.0)
        return value

    device, host, batches = of("compute_ms") + of("memory_ms"), of("host_ms"), of("input_ms")
    if "workers" in fixes and "no-sync" in fixes:
        step = max(batches, host, device)
    elif "workers" in fixes:
        step = max(batches, host + device)
    elif "no-sync" in fixes:
        step = max(batches + host, device)
    else:
        step = batches + host + device
    return [step / of("batch"), of("fixed_gib") + of("activations_gib")]


# %% solution="drive"
def drive(run):
    job = run.profile()
    left_at_first = run.hours_left()
    speeds = {}
    for size in range(8):
        for fixes in itertools.combinations(sorted(job["fixes"]), size):
            ms, gib = run.forecast(fixes)
            speeds[fixes] = 1 / ms if gib <= job["capacity_gib"] else None
    best, chosen = 0.0, ()
    for order in itertools.permutations(job["fixes"]):
        left, samples, speed = left_at_first, 0.0, speeds[()]
        for place, fix in enumerate(order):
            hours = job["fixes"][fix]["hours"]
            after = speeds[tuple(sorted(order[: place + 1]))]
            if hours > left or after is None:
                break
            samples += hours * speed
            left, speed = left - hours, after
            if samples + left * speed > best:
                best, chosen = samples + left * speed, order[: place + 1]
    if speeds[()] * left_at_first < best:
        for fix in chosen:
            run.apply(fix)
