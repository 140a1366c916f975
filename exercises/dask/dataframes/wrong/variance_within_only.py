"""m2 adds up like the count. The differences between the partitions' means are forgotten.

Caught by: tree.combine_m2, tree.equals_pandas, tree.every_tree_gives_the_same, tree.amounts_near_a_billion
"""


# %% solution="combine"
def combine(partials):
    all_P = pd.concat(partials, ignore_index=True)
    total = (all_P["count"] * all_P["mean"]).groupby(all_P["shop"]).sum()
    added = all_P.groupby("shop")[["count", "m2"]].sum()
    return added.assign(mean=total / added["count"]).reset_index()
