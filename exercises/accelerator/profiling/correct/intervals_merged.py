"""Callers found by search; idle time and stall from merged intervals; steps by sorting tasks; sets by bit masks."""


# %% solution="total-times"
def total_times(events):
    return {name: sum(e["dur"] for e in events if e["name"] == name) for name in {e["name"] for e in events}}


# %% solution="self-times"
def self_times(events):
    lanes = {}
    for i, e in enumerate(events):
        lanes.setdefault(e["tid"], []).append((e["dur"], e["ts"], i))
    own = [e["dur"] for e in events]
    for calls in lanes.values():
        calls.sort()
        for at, (dur, ts, _) in enumerate(calls):
            for other_dur, other_ts, caller in calls[at + 1 :]:
                if other_ts <= ts and ts + dur <= other_ts + other_dur and (other_ts, other_dur) != (ts, dur):
                    own[caller] -= dur
                    break
    result = {e["name"]: 0.0 for e in events}
    for e, time_us in zip(events, own, strict=True):
        result[e["name"]] += time_us
    return result


# %% solution="idle-share"
def merged(intervals):
    result = []
    for left, right in sorted(intervals):
        if result and left <= result[-1][1]:
            result[-1][1] = max(result[-1][1], right)
        else:
            result.append([left, right])
    return result


def kernels_in(events, start, end):
    spans = [(max(e["ts"], start), min(e["ts"] + e["dur"], end)) for e in events if e["cat"] == "kernel"]
    return merged([span for span in spans if span[0] < span[1]])


def idle_share(events, start, end):
    busy = sum(right - left for left, right in kernels_in(events, start, end))
    return 1 - busy / (end - start)


# %% solution="input-stall"
def input_stall(events, start, end):
    def union(chosen):
        joined = []
        for left, right in sorted((max(e["ts"], start), min(e["ts"] + e["dur"], end)) for e in chosen):
            if joined and left <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(joined[-1][1], right))
            elif left < right:
                joined.append((left, right))
        return joined

    waits = union([e for e in events if e["name"] == "wait for batch"])
    kernels = union([e for e in events if e["cat"] == "kernel"])
    hidden_us = sum(max(0, min(b, d) - max(a, c)) for a, b in waits for c, d in kernels)
    return sum(right - left for left, right in waits) - hidden_us


# %% solution="speed-up"
def speed_up(tasks, faster):
    from graphlib import TopologicalSorter

    order = list(TopologicalSorter({name: one["after"] for name, one in tasks.items()}).static_order())

    def last_end(factors):
        ends = {}
        for name in order:
            begin = max((ends[before] for before in tasks[name]["after"]), default=0)
            ends[name] = begin + tasks[name]["us"] / factors.get(name, 1)
        return max(ends.values())

    return last_end({}) / last_end(faster)


# %% solution="best-fix"
def best_fix(tasks, fixes):
    ranked = sorted(fixes, key=lambda name: -speed_up(tasks, fixes[name]))
    return ranked[0]


# %% solution="best-fixes"
def best_fixes(cost_days, budget_days, run):
    names = list(cost_days)
    best, best_us = (), run.step_us([])
    for mask in range(1, 2 ** len(names)):
        chosen = tuple(name for i, name in enumerate(names) if mask >> i & 1)
        if sum(cost_days[name] for name in chosen) <= budget_days:
            time_us = run.step_us(chosen)
            if time_us < best_us:
                best, best_us = chosen, time_us
    return set(best) and list(best)
