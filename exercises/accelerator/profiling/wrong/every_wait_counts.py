"""Adds all the waiting, although the device computes during a part of it.

Caught by: input-stall.hidden_waits, input-stall.stall_in_long_traces
"""


# %% solution="input-stall"
def input_stall(events, start, end):
    waits = [(e["ts"], e["ts"] + e["dur"]) for e in events if e["name"] == "wait for batch"]
    return sum(max(0.0, min(right, end) - max(left, start)) for left, right in waits)
