"""With counters over sorted edges and NumPy-like torch tensors; recursion for calls."""


# %% solution="self-times"
def self_times(events):
    from collections import Counter

    moments = []
    for i, e in enumerate(events):
        moments.append((e["ts"], 1, -e["dur"], i))
        moments.append((e["ts"] + e["dur"], 0, e["dur"], i))
    running, since, result = {}, {}, Counter({e["name"]: 0.0 for e in events})
    for now, opens, length, i in sorted(moments):
        lane = events[i]["tid"]
        stack = running.setdefault(lane, [])
        if stack:
            result[events[stack[-1]]["name"]] += now - since[lane]
        since[lane] = now
        if opens:
            stack.append(i)
        else:
            stack.remove(i)
    return result


# %% solution="idle-share"
def idle_share(events, start, end):
    kernels = [e for e in events if e["cat"] == "kernel" and e["dur"] > 0]
    left = torch.tensor([e["ts"] for e in kernels], dtype=torch.float64).clamp(start, end)
    right = torch.tensor([e["ts"] + e["dur"] for e in kernels], dtype=torch.float64).clamp(start, end)
    edges = torch.cat([left, right, torch.tensor([start, end], dtype=torch.float64)]).unique()
    middle = (edges[1:] + edges[:-1]) / 2
    running = (left <= middle[:, None]) & (middle[:, None] < right)
    return (edges.diff()[~running.any(dim=1)].sum() / (end - start)).item()


# %% solution="input-stall"
def input_stall(events, start, end):
    changes = [(start, 0, 0), (end, 0, 0)]
    for e in events:
        wait, kernel = e["name"] == "wait for batch", e["cat"] == "kernel"
        for moment, step in ((e["ts"], 1), (e["ts"] + e["dur"], -1)):
            changes.append((min(max(moment, start), end), step * wait, step * kernel))
    total_us, waiting, computing, before = 0.0, 0, 0, start
    for now, wait, kernel in sorted(changes):
        if waiting and not computing:
            total_us += now - before
        waiting, computing, before = waiting + wait, computing + kernel, now
    return total_us


# %% solution="speed-up"
def speed_up(tasks, faster):
    before_us, after_us = (
        longest(tasks, {name: one["us"] / f.get(name, 1.0) for name, one in tasks.items()}) for f in ({}, faster)
    )
    return before_us / after_us


def longest(tasks, us):
    ends = dict(us)
    for _ in tasks:  # each round settles at least one more task
        ends = {name: us[name] + max([ends[b] for b in one["after"]] or [0]) for name, one in tasks.items()}
    return max(ends.values())


# %% solution="best-fix"
def best_fix(tasks, fixes):
    best, highest = None, 0.0
    for name, faster in fixes.items():
        times_as_fast = speed_up(tasks, faster)
        if times_as_fast > highest:
            best, highest = name, times_as_fast
    return best


# %% solution="best-fixes"
def best_fixes(cost_days, budget_days, run):
    def search(names, budget, chosen):
        if not names:
            return run.step_us(chosen), chosen
        without = search(names[1:], budget, chosen)
        if cost_days[names[0]] > budget:
            return without
        return min(without, search(names[1:], budget - cost_days[names[0]], [*chosen, names[0]]))

    return search(list(cost_days), budget_days, [])[1]
