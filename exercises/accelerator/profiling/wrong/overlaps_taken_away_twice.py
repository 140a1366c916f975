"""Takes each kernel away from the wait, also when two of them run at once.

Caught by: input-stall.hidden_waits, input-stall.stall_in_long_traces
"""


# %% solution="input-stall"
def input_stall(events, start, end):
    waits = [(max(e["ts"], start), min(e["ts"] + e["dur"], end)) for e in events if e["name"] == "wait for batch"]
    stalled_us = 0.0
    for left, right in waits:
        stalled_us += max(0.0, right - left)
        for e in events:
            if e["cat"] == "kernel":
                stalled_us -= max(0.0, min(right, e["ts"] + e["dur"]) - max(left, e["ts"]))
    return stalled_us
