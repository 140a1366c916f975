"""Adds all tasks, as if nothing ran side by side; the fix with the most saved µs seems to be the best.

Caught by: what-if.tasks_side_by_side, what-if.which_fix, what-if.large_steps, what-if.best_of_three
"""


# %% solution="speed-up"
def speed_up(tasks, faster):
    before_us = sum(one["us"] for one in tasks.values())
    saved_us = sum(tasks[name]["us"] * (1 - 1 / factor) for name, factor in faster.items())
    return before_us / (before_us - saved_us)
