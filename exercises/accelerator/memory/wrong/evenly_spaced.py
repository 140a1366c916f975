"""Keeps every second, third, … input, as if all layers were alike.

Caught by: plan.as_little_as_possible, plan.tightest_budget, plan.random_chains, long-chain.short_chains,
long-chain.twenty_four_and_forty_five, long-chain.random_long_chains
"""


# %% solution="best-plan"
def best_plan(mib_L, ms_L, budget_mib):
    plans = [list(range(0, len(mib_L), gap)) for gap in range(1, len(mib_L) + 1)]
    fitting = [plan for plan in plans if run_plan(mib_L, ms_L, plan)[0] <= budget_mib]
    if not fitting:
        raise ValueError("no plan fits")
    return min(fitting, key=lambda plan: run_plan(mib_L, ms_L, plan)[1])


# %% solution="plan-long-chain"
def plan_long_chain(mib_L, ms_L, budget_mib):
    plans = [list(range(0, len(mib_L), gap)) for gap in range(1, len(mib_L) + 1)]
    fitting = [plan for plan in plans if run_plan(mib_L, ms_L, plan)[0] <= budget_mib]
    if not fitting:
        raise ValueError("no plan fits")
    return min(fitting, key=lambda plan: run_plan(mib_L, ms_L, plan)[1])
