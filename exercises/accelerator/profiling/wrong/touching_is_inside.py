"""Lets an event that starts when another ends lie inside it.

Caught by: self-time.nested_calls, self-time.long_traces
"""


# %% solution="self-times"
def self_times(events):
    times, stacks = defaultdict(float), defaultdict(list)
    for e in sorted(events, key=lambda e: (e["ts"], -e["dur"])):
        stack = stacks[e["tid"]]
        while stack and stack[-1]["ts"] + stack[-1]["dur"] < e["ts"]:
            stack.pop()
        if stack:
            times[stack[-1]["name"]] -= e["dur"]
        times[e["name"]] += e["dur"]
        stack.append(e)
    return dict(times)
