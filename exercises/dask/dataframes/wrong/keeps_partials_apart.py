"""combine only collects; finalise merges everything at the end. The last message is as large as all partials together.

Caught by: tree.combine_counts_and_means, tree.combine_m2, tree.every_tree_gives_the_same, tree.partials_are_small
"""


# %% solution="combine"
def combine(partials):
    return pd.concat(partials, ignore_index=True)


# %% solution="finalise"
def finalise(partial):
    by_shop = partial.groupby("shop")
    count = by_shop["count"].sum()
    mean = (partial["count"] * partial["mean"]).groupby(partial["shop"]).sum() / count
    shift_P = partial["mean"] - partial["shop"].map(mean)
    m2 = (partial["m2"] + partial["count"] * shift_P**2).groupby(partial["shop"]).sum()
    return pd.DataFrame({"count": count, "mean": mean, "var": m2 / (count - 1).where(count > 1)}).reset_index()
