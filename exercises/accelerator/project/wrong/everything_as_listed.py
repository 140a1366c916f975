"""Buys every fix, in the order of the list, and lives with what does not fit.

Caught by: drive.better_than_rules, drive.near_the_best
"""


# %% solution="drive"
def drive(run):
    job = run.profile()
    for fix in job["fixes"]:
        if run.forecast([fix])[1] <= job["capacity_gib"] and job["fixes"][fix]["hours"] <= run.hours_left():
            try:
                run.apply(fix)
            except MemoryError:
                continue
