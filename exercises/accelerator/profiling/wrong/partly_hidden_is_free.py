"""Counts a wait only when no kernel runs in any part of it.

Caught by: input-stall.hidden_waits, input-stall.stall_in_long_traces
"""


# %% solution="input-stall"
def input_stall(events, start, end):
    kernels = [(e["ts"], e["ts"] + e["dur"]) for e in events if e["cat"] == "kernel"]
    stalled_us = 0.0
    for e in events:
        left, right = max(e["ts"], start), min(e["ts"] + e["dur"], end)
        if e["name"] == "wait for batch" and left < right and not any(a < right and left < b for a, b in kernels):
            stalled_us += right - left
    return stalled_us
