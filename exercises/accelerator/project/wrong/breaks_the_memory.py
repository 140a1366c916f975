"""Finds the order that would train the most, and forgets that the bigger batch has to fit the memory.

Caught by: drive.no_hour_in_vain, drive.near_the_best
"""


# %% solution="drive"
def drive(run):
    job = run.profile()
    hours = {name: fix["hours"] for name, fix in job["fixes"].items()}
    speeds = {}
    for size in range(8):
        for fixes in itertools.combinations(hours, size):
            ms, _ = run.forecast(fixes)
            speeds[frozenset(fixes)] = 3.6e6 / ms
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
        try:
            run.apply(fix)
        except MemoryError:
            continue
