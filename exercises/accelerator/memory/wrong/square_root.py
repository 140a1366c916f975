"""Keeps every √L-th input: the rule for equal layers, and no look at the budget.

Caught by: plan.as_little_as_possible, plan.tightest_budget, plan.random_chains, long-chain.short_chains,
long-chain.twenty_four_and_forty_five, long-chain.random_long_chains
"""


# %% solution="best-plan"
def best_plan(mib_L, ms_L, budget_mib):
    return list(range(0, len(mib_L), round(len(mib_L) ** 0.5)))


# %% solution="plan-long-chain"
def plan_long_chain(mib_L, ms_L, budget_mib):
    return list(range(0, len(mib_L), round(len(mib_L) ** 0.5)))
