"""Finds the fixes that train the most, and applies them the other way round: the order should not matter.

Caught by: drive.better_than_rules, drive.near_the_best
"""


# %% solution="drive"
def drive(run):
    job = run.profile()
    hours = {name: fix["hours"] for name, fix in job["fixes"].items()}
    speeds = {}
    for size in range(8):
        for fixes in itertools.combinations(hours, size):
            ms, gib = run.forecast(fixes)
            speeds[frozenset(fixes)] = 3.6e6 / ms if gib <= job["capacity_gib"] else 0.0
    best = (0.0, [])

    def look(order, samples, left):
        nonlocal best
        speed = speeds[frozenset(order)]
        best = max(best, (samples + left * speed, order))
        for fix in hours:
            if fix not in order and hours[fix] <= left and speeds[frozenset([*order, fix])]:
                look([*order, fix], samples + hours[fix] * speed, left - hours[fix])

    look([], 0.0, run.hours_left())
    waiting = list(reversed(best[1]))
    while waiting:
        done = [fix for fix in best[1] if fix not in waiting]
        fix = next((fix for fix in waiting if run.forecast([*done, fix])[1] <= job["capacity_gib"]), waiting[0])
        waiting.remove(fix)
        run.apply(fix)
