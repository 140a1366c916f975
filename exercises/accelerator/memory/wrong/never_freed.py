"""Kept inputs stay to the end of the step: the room that they give back is not used.

Caught by: plan.as_little_as_possible, plan.tightest_budget
"""


# %% solution="best-plan"
def best_plan(mib_L, ms_L, budget_mib):
    best = None
    for bits in itertools.product([False, True], repeat=len(mib_L) - 1):
        kept = [0, *itertools.compress(range(1, len(mib_L)), bits)]
        edges = [*kept, len(mib_L)]
        between_mib = max(sum(mib_L[a + 1 : b]) for a, b in itertools.pairwise(edges))
        peak_mib, again_ms = sum(mib_L[i] for i in kept) + between_mib, run_plan(mib_L, ms_L, kept)[1]
        if peak_mib <= budget_mib and (best is None or again_ms < best[0]):
            best = again_ms, kept
    if best is None:
        raise ValueError("no plan fits")
    return best[1]
