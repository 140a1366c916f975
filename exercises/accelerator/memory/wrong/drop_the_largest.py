"""Drops the largest inputs until the step fits.

Caught by: plan.as_little_as_possible, plan.random_chains, long-chain.short_chains,
long-chain.twenty_four_and_forty_five, long-chain.random_long_chains
"""


# %% solution="best-plan"
def best_plan(mib_L, ms_L, budget_mib):
    kept = sorted(range(1, len(mib_L)), key=lambda i: -mib_L[i])
    while run_plan(mib_L, ms_L, kept)[0] > budget_mib:
        if not kept:
            raise ValueError("no plan fits")
        kept.pop(0)
    return kept


# %% solution="plan-long-chain"
def plan_long_chain(mib_L, ms_L, budget_mib):
    kept = sorted(range(1, len(mib_L)), key=lambda i: -mib_L[i])
    while run_plan(mib_L, ms_L, kept)[0] > budget_mib:
        if not kept:
            raise ValueError("no plan fits")
        kept.pop(0)
    return kept
