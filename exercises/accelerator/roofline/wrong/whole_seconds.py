"""Divides by //, as in a language whose division of whole numbers is whole: times become whole seconds.

Caught by: roofline.rate_as_simulated, roofline.named_resource_helps, roofline.rate_on_real_machines,
roofline.bound_near_the_ridge, decide.least_time_as_simulated, decide.best_of_several_plans
"""


# %% solution="attainable-rate"
def attainable_rate(flops, bytes_moved, peak_flop_s, bandwidth_byte_s):
    return flops / max(flops // peak_flop_s, bytes_moved // bandwidth_byte_s)


# %% solution="what-bounds"
def what_bounds(flops, bytes_moved, peak_flop_s, bandwidth_byte_s):
    return "compute" if flops // peak_flop_s >= bytes_moved // bandwidth_byte_s else "memory"


# %% solution="best-plan"
def best_plan(plans):
    def seconds_per_sample(plan):
        peak, bandwidth = plan["peak_flop_s"], plan["bandwidth_byte_s"]
        return sum(max(flops // peak, moved // bandwidth) for flops, moved in plan["kernels"]) / plan["samples"]

    return min(plans, key=lambda name: seconds_per_sample(plans[name]))
