"""Takes the time of a kernel from its FLOPs and its rate: a copy has no FLOPs, so it seems to cost no time.

Caught by: decide.least_time_as_simulated
"""


# %% solution="best-plan"
def best_plan(plans):
    def seconds_per_sample(plan):
        peak, bandwidth = plan["peak_flop_s"], plan["bandwidth_byte_s"]
        step_s = sum(flops / min(peak, flops / moved * bandwidth) for flops, moved in plan["kernels"] if flops > 0)
        return step_s / plan["samples"]

    return min(plans, key=lambda name: seconds_per_sample(plans[name]))
