"""Wants the fastest step that fits, cheap fixes first, however little time is left to use it.

Caught by: drive.near_the_best
"""


# %% solution="drive"
def drive(run):
    job = run.profile()
    sets = [fixes for size in range(8) for fixes in itertools.combinations(job["fixes"], size)]
    goal = min(
        (fixes for fixes in sets if run.forecast(fixes)[1] <= job["capacity_gib"]), key=lambda f: run.forecast(f)[0]
    )
    waiting, done = sorted(goal, key=lambda name: job["fixes"][name]["hours"]), []
    while waiting:
        fix = next((name for name in waiting if run.forecast([*done, name])[1] <= job["capacity_gib"]), waiting[0])
        waiting.remove(fix)
        if job["fixes"][fix]["hours"] <= run.hours_left():
            run.apply(fix)
            done.append(fix)
