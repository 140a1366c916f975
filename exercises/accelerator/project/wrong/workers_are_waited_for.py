"""Takes the time in which workers prepare batches for time that is lost, also where nobody waits for them.

Caught by: diagnose.side_by_side, diagnose.long_steps
"""


# %% solution="where-time-goes"
def where_time_goes(events, step_us, peak_flop_s, bandwidth_byte_s):
    owner = ["host"] * step_us
    for kind in ("input", "memory", "compute"):
        for event in events:
            mine = "input" if event["name"] in ("next batch", "prepare batch") else ""
            if "flops" in event:
                bound_by_compute = event["flops"] / peak_flop_s > event["bytes"] / bandwidth_byte_s
                mine = "compute" if bound_by_compute else "memory"
            if mine == kind:
                owner[event["start_us"] : event["end_us"]] = [kind] * (event["end_us"] - event["start_us"])
    return {kind: owner.count(kind) for kind in ("compute", "memory", "input", "host")}
