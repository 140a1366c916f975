"""Keeps inputs one by one, those first that save the most time for a MiB.

Caught by: plan.as_little_as_possible, plan.random_chains, long-chain.short_chains,
long-chain.twenty_four_and_forty_five
"""


# %% solution="best-plan"
def best_plan(mib_L, ms_L, budget_mib):
    kept = []
    for layer in sorted(range(1, len(mib_L)), key=lambda i: -ms_L[i - 1] / mib_L[i]):
        now, then = run_plan(mib_L, ms_L, kept)[0], run_plan(mib_L, ms_L, [*kept, layer])[0]
        if then <= budget_mib or now > budget_mib:
            kept.append(layer)
    if run_plan(mib_L, ms_L, kept)[0] > budget_mib:
        raise ValueError("no plan fits")
    return kept


# %% solution="plan-long-chain"
def plan_long_chain(mib_L, ms_L, budget_mib):
    kept = []
    for layer in sorted(range(1, len(mib_L)), key=lambda i: -ms_L[i - 1] / mib_L[i]):
        now, then = run_plan(mib_L, ms_L, kept)[0], run_plan(mib_L, ms_L, [*kept, layer])[0]
        if then <= budget_mib or now > budget_mib:
            kept.append(layer)
    if run_plan(mib_L, ms_L, kept)[0] > budget_mib:
        raise ValueError("no plan fits")
    return kept
