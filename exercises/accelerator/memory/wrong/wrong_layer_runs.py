"""To get the input of layer i again, it takes the time of layer i.  Caught by: plan.as_little_as_possible"""


# %% solution="best-plan"
def best_plan(mib_L, ms_L, budget_mib):
    best = None
    for bits in itertools.product([False, True], repeat=len(mib_L) - 1):
        kept = [0, *itertools.compress(range(1, len(mib_L)), bits)]
        peak_mib = run_plan(mib_L, ms_L, kept)[0]
        again_ms = sum(ms_L[i] for i in range(len(mib_L)) if i not in kept)
        if peak_mib <= budget_mib and (best is None or again_ms < best[0]):
            best = again_ms, kept
    if best is None:
        raise ValueError("no plan fits")
    return best[1]
