"""Takes total time for self time: the caller is blamed for what it calls.

Caught by: self-time.nested_calls, self-time.long_traces
"""


# %% solution="self-times"
def self_times(events):
    times = defaultdict(float)
    for one in events:
        times[one["name"]] += one["dur"]
    return dict(times)
