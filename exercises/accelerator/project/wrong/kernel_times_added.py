"""Adds up the durations of the kernels, and counts the time twice in which two of them run.

Caught by: diagnose.side_by_side, diagnose.long_steps
"""


# %% solution="where-time-goes"
def where_time_goes(events, step_us, peak_flop_s, bandwidth_byte_s):
    times_us = dict.fromkeys(["compute", "memory", "input", "host"], 0)
    for event in events:
        length_us = event["end_us"] - event["start_us"]
        if "flops" in event:
            is_compute = event["flops"] / peak_flop_s > event["bytes"] / bandwidth_byte_s
            times_us["compute" if is_compute else "memory"] += length_us
        elif event["name"] == "next batch":
            times_us["input"] += length_us
    times_us["host"] = step_us - sum(times_us.values())
    return times_us
