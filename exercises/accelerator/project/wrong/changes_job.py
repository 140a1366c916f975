"""Multiplies the numbers of the job itself, so that the next forecast starts from them.

Caught by: forecast.one_fix_at_a_time
"""


# %% solution="forecast"
def forecast(job, fixes):
    for fix in fixes:
        for name, factor in job["fixes"][fix]["times"].items():
            job[name] *= factor
    device_ms = job["compute_ms"] + job["memory_ms"]
    program_ms = job["host_ms"] if "workers" in fixes else job["host_ms"] + job["input_ms"]
    step_ms = max(program_ms, device_ms) if "no-sync" in fixes else program_ms + device_ms
    if "workers" in fixes:
        step_ms = max(step_ms, job["input_ms"])
    return step_ms / job["batch"], job["fixed_gib"] + job["activations_gib"]
