"""Adds the gaps between each kernel and the one that started before it; an earlier one may still run.

Caught by: device-idle.overlapping_streams, device-idle.idle_in_long_traces
"""


# %% solution="idle-share"
def idle_share(events, start, end):
    idle_us, before_end = 0.0, start
    for e in sorted((e for e in events if e["cat"] == "kernel"), key=lambda e: e["ts"]):
        idle_us += max(0.0, min(e["ts"], end) - max(before_end, start))
        before_end = e["ts"] + e["dur"]
    return (idle_us + max(0.0, end - before_end)) / (end - start)
