"""Adds up the four times, whoever works side by side.

Caught by: forecast.one_fix_at_a_time, forecast.fixes_together, forecast.any_fixes
"""


# %% solution="forecast"
def forecast(job, fixes):
    now = {name: value for name, value in job.items() if name != "fixes"}
    for fix in fixes:
        for name, factor in job["fixes"][fix]["times"].items():
            now[name] *= factor
    step_ms = now["input_ms"] + now["host_ms"] + now["compute_ms"] + now["memory_ms"]
    return step_ms / now["batch"], now["fixed_gib"] + now["activations_gib"]
