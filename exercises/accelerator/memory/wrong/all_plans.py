"""Tries all plans, also of long chains.  Caught by: long-chain.twenty_four_and_forty_five"""


# %% solution="plan-long-chain"
def plan_long_chain(mib_L, ms_L, budget_mib):
    best = None
    for bits in itertools.product([False, True], repeat=len(mib_L) - 1):
        kept = [0, *itertools.compress(range(1, len(mib_L)), bits)]
        peak_mib, again_ms = run_plan(mib_L, ms_L, kept)
        if peak_mib <= budget_mib and (best is None or again_ms < best[0]):
            best = again_ms, kept
    if best is None:
        raise ValueError("no plan fits")
    return best[1]
