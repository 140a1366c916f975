"""Forecasts the time and takes the memory of today for granted.

Caught by: forecast.one_fix_at_a_time, forecast.fixes_together, forecast.any_fixes
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

    return step_ms(fixes) / now["batch"], job["fixed_gib"] + job["activations_gib"]
