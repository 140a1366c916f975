"""Adds up what the fixes save alone: the sum of speed-ups.

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

    today_ms = step_ms([]) / job["batch"]
    return today_ms - sum(today_ms - step_ms([fix]) / numbers([fix])["batch"] for fix in fixes), gib
