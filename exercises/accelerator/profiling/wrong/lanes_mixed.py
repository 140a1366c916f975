"""Takes what runs at the same time on another lane for a call of this one.

Caught by: self-time.several_lanes_in_any_order, self-time.long_traces
"""


# %% solution="self-times"
def self_times(events):
    times, stack = defaultdict(float), []
    for e in sorted(events, key=lambda e: (e["ts"], -e["dur"])):
        while stack and stack[-1]["ts"] + stack[-1]["dur"] < e["ts"] + e["dur"]:
            stack.pop()
        if stack:
            times[stack[-1]["name"]] -= e["dur"]
        times[e["name"]] += e["dur"]
        stack.append(e)
    return dict(times)
