"""Adds the durations of kernels, also where several run at once.

Caught by: device-idle.overlapping_streams, device-idle.idle_in_long_traces
"""


# %% solution="idle-share"
def idle_share(events, start, end):
    busy_us = 0.0
    for e in events:
        if e["cat"] == "kernel":
            busy_us += max(0.0, min(e["ts"] + e["dur"], end) - max(e["ts"], start))
    return max(0.0, 1 - busy_us / (end - start))
