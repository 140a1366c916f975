"""Believes that a matmul is always bound by compute, and everything else by memory.

Caught by: diagnose.nothing_overlaps, diagnose.side_by_side, diagnose.long_steps
"""


# %% solution="where-time-goes"
def where_time_goes(events, step_us, peak_flop_s, bandwidth_byte_s):
    owner = ["host"] * step_us
    for kind in ("input", "memory", "compute"):
        for event in events:
            mine = "input" if event["name"] == "next batch" else ""
            if "flops" in event:
                mine = "compute" if event["name"] in ("matmul", "attention") else "memory"
            if mine == kind:
                owner[event["start_us"] : event["end_us"]] = [kind] * (event["end_us"] - event["start_us"])
    return {kind: owner.count(kind) for kind in ("compute", "memory", "input", "host")}
