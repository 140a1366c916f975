"""Believes that each kernel has FLOPs: it divides by them, or by a rate that is 0 for a copy.

Caught by: roofline.rate_as_simulated, roofline.rate_on_real_machines, decide.least_time_as_simulated
"""


# %% solution="attainable-rate"
def attainable_rate(flops, bytes_moved, peak_flop_s, bandwidth_byte_s):
    return min(peak_flop_s, bandwidth_byte_s / (bytes_moved / flops))


# %% solution="best-plan"
def best_plan(plans):
    def seconds_per_sample(plan):
        peak, bandwidth = plan["peak_flop_s"], plan["bandwidth_byte_s"]
        return sum(f / min(peak, f / b * bandwidth) for f, b in plan["kernels"]) / plan["samples"]

    return min(plans, key=lambda name: seconds_per_sample(plans[name]))
