"""Takes away everything that ran inside, so that the call of a call is taken away from both of its callers.

Caught by: self-time.nested_calls, self-time.several_lanes_in_any_order, self-time.long_traces
"""


# %% solution="self-times"
def self_times(events):
    times = defaultdict(float)
    for outer in events:
        until = outer["ts"] + outer["dur"]
        inside = [
            e["dur"]
            for e in events
            if e is not outer and e["tid"] == outer["tid"] and outer["ts"] <= e["ts"] and e["ts"] + e["dur"] <= until
        ]
        times[outer["name"]] += outer["dur"] - sum(inside)
    return dict(times)
