"""Takes the longest kernel for the time of the step, as if the kernels of a step ran side by side.

Caught by: decide.least_time_as_simulated
"""


# %% solution="best-plan"
def best_plan(plans):
    def seconds_per_sample(plan):
        peak, bandwidth = plan["peak_flop_s"], plan["bandwidth_byte_s"]
        return max(max(flops / peak, moved / bandwidth) for flops, moved in plan["kernels"]) / plan["samples"]

    return min(plans, key=lambda name: seconds_per_sample(plans[name]))
