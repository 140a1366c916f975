"""Compares the time of a step and forgets how many samples share it.

Caught by: decide.least_time_as_simulated, decide.best_of_several_plans
"""


# %% solution="best-plan"
def best_plan(plans):
    def step_s(plan):
        peak, bandwidth = plan["peak_flop_s"], plan["bandwidth_byte_s"]
        return sum(max(flops / peak, moved / bandwidth) for flops, moved in plan["kernels"])

    return min(plans, key=lambda name: step_s(plans[name]))
