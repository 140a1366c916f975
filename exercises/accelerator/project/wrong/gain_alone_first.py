"""Takes the fixes by what each gains alone today, as if these gains could be added.

Caught by: drive.better_than_rules, drive.near_the_best
"""


# %% solution="drive"
def drive(run):
    job = run.profile()
    today_ms, _ = run.forecast([])
    gains = {}
    for fix in job["fixes"]:
        ms, gib = run.forecast([fix])
        if gib <= job["capacity_gib"] and ms < today_ms:
            gains[fix] = today_ms - ms
    for fix in sorted(gains, key=gains.get, reverse=True):
        if job["fixes"][fix]["hours"] <= run.hours_left():
            run.apply(fix)
