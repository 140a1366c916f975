"""Fills the budget with what is kept, and forgets that what is computed again needs room, too.

Caught by: plan.tightest_budget, long-chain.twenty_four_and_forty_five
"""


# %% solution="best-plan"
def best_plan(mib_L, ms_L, budget_mib):
    kept = [0]
    for layer in sorted(range(1, len(mib_L)), key=lambda i: -ms_L[i - 1]):
        if sum(mib_L[i] for i in [*kept, layer]) <= budget_mib:
            kept.append(layer)
    if mib_L[0] > budget_mib:
        raise ValueError("no plan fits")
    return kept


# %% solution="plan-long-chain"
def plan_long_chain(mib_L, ms_L, budget_mib):
    kept = [0]
    for layer in sorted(range(1, len(mib_L)), key=lambda i: -ms_L[i - 1]):
        if sum(mib_L[i] for i in [*kept, layer]) <= budget_mib:
            kept.append(layer)
    if mib_L[0] > budget_mib:
        raise ValueError("no plan fits")
    return kept
