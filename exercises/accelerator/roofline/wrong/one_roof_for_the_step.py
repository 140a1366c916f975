"""Adds up FLOPs and bytes of the whole step and puts the sums under one roof.

Caught by: decide.least_time_as_simulated, decide.best_of_several_plans
"""


# %% solution="best-plan"
def best_plan(plans):
    def seconds_per_sample(plan):
        flops, moved = (sum(column) for column in zip(*plan["kernels"]))
        return max(flops / plan["peak_flop_s"], moved / plan["bandwidth_byte_s"]) / plan["samples"]

    return min(plans, key=lambda name: seconds_per_sample(plans[name]))
