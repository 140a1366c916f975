"""Writes over what a name had: only its last event is left.

Caught by: self-time.total_of_each_name, self-time.nested_calls, self-time.several_lanes_in_any_order,
self-time.long_traces
"""


# %% solution="total-times"
def total_times(events):
    return {e["name"]: e["dur"] for e in events}


# %% solution="self-times"
def self_times(events):
    times, stacks = {}, defaultdict(list)
    for e in sorted(events, key=lambda e: (e["ts"], -e["dur"])):
        stack = stacks[e["tid"]]
        while stack and stack[-1]["ts"] + stack[-1]["dur"] <= e["ts"]:
            stack.pop()
        if stack:
            times[stack[-1]["name"]] -= e["dur"]
        times[e["name"]] = e["dur"]
        stack.append(e)
    return times
