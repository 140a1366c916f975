"""Takes the mean over the streams, as if each of them were a device.

Caught by: device-idle.overlapping_streams, device-idle.idle_in_long_traces
"""


# %% solution="idle-share"
def idle_share(events, start, end):
    busy_us = defaultdict(float)
    for e in events:
        if e["cat"] == "kernel":
            busy_us[e["tid"]] += max(0.0, min(e["ts"] + e["dur"], end) - max(e["ts"], start))
    if not busy_us:
        return 1.0
    return 1 - sum(busy_us.values()) / len(busy_us) / (end - start)
