"""Always takes the fix that gains most for its hours now: never one that pays only together with the next.

Caught by: drive.near_the_best
"""


# %% solution="drive"
def drive(run):
    job, done = run.profile(), []
    while True:
        now = 1 / run.forecast(done)[0]
        gains = {}
        for name, fix in job["fixes"].items():
            if name not in done and fix["hours"] <= run.hours_left():
                ms, gib = run.forecast([*done, name])
                if gib <= job["capacity_gib"] and 1 / ms > now * (1 + 1e-9):
                    gains[name] = (1 / ms - now) / fix["hours"]
        if not gains:
            return
        done.append(max(gains, key=gains.get))
        run.apply(done[-1])
