"""Adds up the launches as time of the host, although the device works during many of them.

Caught by: diagnose.nothing_overlaps, diagnose.side_by_side, diagnose.long_steps
"""


# %% solution="where-time-goes"
def where_time_goes(events, step_us, peak_flop_s, bandwidth_byte_s):
    owner = [""] * step_us
    for kind in ("input", "memory", "compute"):
        for event in events:
            mine = "input" if event["name"] == "next batch" else ""
            if "flops" in event:
                bound_by_compute = event["flops"] / peak_flop_s > event["bytes"] / bandwidth_byte_s
                mine = "compute" if bound_by_compute else "memory"
            if mine == kind:
                owner[event["start_us"] : event["end_us"]] = [kind] * (event["end_us"] - event["start_us"])
    host_us = sum(event["end_us"] - event["start_us"] for event in events if event["name"] == "launch")
    return {**{kind: owner.count(kind) for kind in ("compute", "memory", "input")}, "host": host_us}
