"""Adds the time of the memory to the time of the arithmetic, as if the two waited for each other.

Caught by: roofline.rate_as_simulated, roofline.rate_on_real_machines, decide.least_time_as_simulated,
decide.best_of_several_plans
"""


# %% solution="attainable-rate"
def attainable_rate(flops, bytes_moved, peak_flop_s, bandwidth_byte_s):
    return flops / (flops / peak_flop_s + bytes_moved / bandwidth_byte_s)


# %% solution="best-plan"
def best_plan(plans):
    def seconds_per_sample(plan):
        peak, bandwidth = plan["peak_flop_s"], plan["bandwidth_byte_s"]
        return sum(flops / peak + moved / bandwidth for flops, moved in plan["kernels"]) / plan["samples"]

    return min(plans, key=lambda name: seconds_per_sample(plans[name]))
