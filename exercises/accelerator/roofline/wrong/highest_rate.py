"""Chooses the plan that does the most FLOPs in a second: a plan that computes more than it must looks busy.

Caught by: decide.least_time_as_simulated, decide.best_of_several_plans
"""


# %% solution="best-plan"
def best_plan(plans):
    def rate(plan):
        machine = plan["peak_flop_s"], plan["bandwidth_byte_s"]
        step_s = sum(max(flops / machine[0], moved / machine[1]) for flops, moved in plan["kernels"])
        return sum(flops for flops, _ in plan["kernels"]) / step_s

    return max(plans, key=lambda name: rate(plans[name]))
