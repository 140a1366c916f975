"""Takes the order of the list for the order of time.

Caught by: self-time.several_lanes_in_any_order, self-time.long_traces
"""


# %% solution="self-times"
def self_times(events):
    times, stacks = defaultdict(float), defaultdict(list)
    for e in events:
        stack = stacks[e["tid"]]
        while stack and stack[-1]["ts"] + stack[-1]["dur"] <= e["ts"]:
            stack.pop()
        if stack:
            times[stack[-1]["name"]] -= e["dur"]
        times[e["name"]] += e["dur"]
        stack.append(e)
    return dict(times)
