"""Counts all inputs that are computed again as memory, as if they lay there together: so nothing is saved.

Caught by: plan.as_little_as_possible, plan.tightest_budget, long-chain.short_chains,
long-chain.twenty_four_and_forty_five, long-chain.random_long_chains
"""


# %% solution="best-plan"
def best_plan(mib_L, ms_L, budget_mib):
    if sum(mib_L) > budget_mib:
        raise ValueError("no plan fits")
    return list(range(len(mib_L)))


# %% solution="plan-long-chain"
def plan_long_chain(mib_L, ms_L, budget_mib):
    if sum(mib_L) > budget_mib:
        raise ValueError("no plan fits")
    return list(range(len(mib_L)))
