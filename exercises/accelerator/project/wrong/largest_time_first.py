"""Fixes the largest of the four times first, then the next: whatever the fix costs, and whatever runs beside it.

Caught by: drive.better_than_rules, drive.near_the_best
"""


# %% solution="drive"
def drive(run):
    job = run.profile()
    fixes = {"input_ms": ["workers"], "host_ms": ["no-sync", "graph"], "compute_ms": ["bf16"], "memory_ms": ["fuse"]}
    now = {part: job[part] for part in fixes}
    while any(fixes.values()):
        part = max((part for part in fixes if fixes[part]), key=now.get)
        fix = fixes[part].pop(0)
        if job["fixes"][fix]["hours"] > run.hours_left():
            continue
        run.apply(fix)
        for name, factor in job["fixes"][fix]["times"].items():
            if name in now:
                now[name] *= factor
