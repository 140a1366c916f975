"""Blames the loader for all of the idle time.

Caught by: input-stall.hidden_waits, input-stall.stall_in_long_traces
"""


# %% solution="input-stall"
def input_stall(events, start, end):
    stalled_us, busy_until = 0.0, start
    for e in sorted((e for e in events if e["cat"] == "kernel"), key=lambda e: e["ts"]):
        stalled_us += max(0.0, min(e["ts"], end) - busy_until)
        busy_until = max(busy_until, e["ts"] + e["dur"])
    return stalled_us + max(0.0, end - busy_until)
