"""Finds the critical path once, before the fix, and believes that it stays the critical one.

Caught by: what-if.tasks_side_by_side, what-if.large_steps
"""


# %% solution="speed-up"
def speed_up(tasks, faster):
    ends = {}

    def chain(name):
        if name not in ends:
            before = max((chain(one) for one in tasks[name]["after"]), default=(0, []))
            ends[name] = before[0] + tasks[name]["us"], [*before[1], name]
        return ends[name]

    before_us, path = max(chain(name) for name in tasks)
    return before_us / sum(tasks[name]["us"] / faster.get(name, 1) for name in path)
