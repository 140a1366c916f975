"""Computes as few layers again as possible, whatever they take.

Caught by: plan.as_little_as_possible, plan.random_chains
"""


# %% solution="best-plan"
def best_plan(mib_L, ms_L, budget_mib):
    best = None
    for bits in itertools.product([True, False], repeat=len(mib_L) - 1):
        kept = [0, *itertools.compress(range(1, len(mib_L)), bits)]
        peak_mib, again_ms = run_plan(mib_L, ms_L, kept)[0], -len(kept)
        if peak_mib <= budget_mib and (best is None or again_ms < best[0]):
            best = again_ms, kept
    if best is None:
        raise ValueError("no plan fits")
    return best[1]
