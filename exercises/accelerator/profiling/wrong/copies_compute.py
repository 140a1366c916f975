"""Counts copies as work: the device does something, after all.

Caught by: device-idle.overlapping_streams, device-idle.idle_in_long_traces, device-idle.idle_at_the_edges
"""


# %% solution="idle-share"
def idle_share(events, start, end):
    idle_us, busy_until = 0.0, start
    work = [e for e in events if e["cat"] in ("kernel", "gpu_memcpy")]
    for e in sorted(work, key=lambda e: e["ts"]):
        idle_us += max(0.0, min(e["ts"], end) - busy_until)
        busy_until = max(busy_until, e["ts"] + e["dur"])
    return (idle_us + max(0.0, end - busy_until)) / (end - start)
