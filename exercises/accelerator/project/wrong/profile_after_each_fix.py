"""Records a new profile after each fix, to be sure: the best order, paid with an hour each time.

Caught by: drive.no_hour_in_vain, drive.near_the_best
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
    for fix in best[1]:
        if hours[fix] <= run.hours_left():
            run.apply(fix)
            run.profile()
