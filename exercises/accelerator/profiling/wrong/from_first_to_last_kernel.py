"""Looks only from the first kernel to the last: the idle time before and after is not seen.

Caught by: device-idle.one_stream, device-idle.idle_at_the_edges
"""


# %% solution="idle-share"
def idle_share(events, start, end):
    spans = sorted((e["ts"], e["ts"] + e["dur"]) for e in events if e["cat"] == "kernel")
    spans = [(max(left, start), min(right, end)) for left, right in spans if left < end and right > start]
    if not spans:
        return 1.0
    idle_us, busy_until = 0.0, spans[0][0]
    for left, right in spans:
        idle_us += max(0.0, left - busy_until)
        busy_until = max(busy_until, right)
    return idle_us / (busy_until - spans[0][0])
