"""Multiplies the speed-ups of single fixes, as if each of them sped up the whole step.

Caught by: forecast.fixes_together, forecast.any_fixes
"""


# %% solution="forecast"
def forecast(job, fixes):
    def numbers(fixes):
        now = {name: value for name, value in job.items() if name != "fixes"}
        for fix in fixes:
            for name, factor in job["fixes"][fix]["times"].items():
                now[name] *= factor
        return now

    def step_ms(fixes):
        now = numbers(fixes)
        device_ms = now["compute_ms"] + now["memory_ms"]
        program_ms = now["host_ms"] if "workers" in fixes else now["host_ms"] + now["input_ms"]
        both_ms = max(program_ms, device_ms) if "no-sync" in fixes else program_ms + device_ms
        return max(both_ms, now["input_ms"] if "workers" in fixes else 0.0)

    now = numbers(fixes)
    gib = now["fixed_gib"] + now["activations_gib"]

    ms = step_ms([]) / job["batch"]
    for fix in fixes:
        ms *= step_ms([fix]) / numbers([fix])["batch"] / (step_ms([]) / job["batch"])
    return ms, gib
