"""Lets the input run beside the program as soon as there is `no-sync`, also without workers that would fetch it.

Caught by: forecast.fixes_together, forecast.any_fixes
"""


# %% solution="forecast"
def forecast(job, fixes):
    now = {name: value for name, value in job.items() if name != "fixes"}
    for fix in fixes:
        for name, factor in job["fixes"][fix]["times"].items():
            now[name] *= factor
    device_ms = now["compute_ms"] + now["memory_ms"]
    if "no-sync" in fixes:
        step_ms = max(now["input_ms"], now["host_ms"], device_ms)
    elif "workers" in fixes:
        step_ms = max(now["input_ms"], now["host_ms"] + device_ms)
    else:
        step_ms = now["input_ms"] + now["host_ms"] + device_ms
    return step_ms / now["batch"], now["fixed_gib"] + now["activations_gib"]
