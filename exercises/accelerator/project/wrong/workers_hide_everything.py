"""Believes that the input costs nothing any more once there are workers.

Caught by: forecast.fixes_together, forecast.any_fixes
"""


# %% solution="forecast"
def forecast(job, fixes):
    now = {name: value for name, value in job.items() if name != "fixes"}
    for fix in fixes:
        for name, factor in job["fixes"][fix]["times"].items():
            now[name] *= factor
    device_ms = now["compute_ms"] + now["memory_ms"]
    program_ms = now["host_ms"] if "workers" in fixes else now["host_ms"] + now["input_ms"]
    step_ms = max(program_ms, device_ms) if "no-sync" in fixes else program_ms + device_ms
    return step_ms / now["batch"], now["fixed_gib"] + now["activations_gib"]
