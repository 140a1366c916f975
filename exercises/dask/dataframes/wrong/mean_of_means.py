"""The mean of all is the mean of the partitions' means. 10 orders get the same vote as 1,000.

Caught by: tree.combine_counts_and_means, tree.equals_pandas, tree.every_tree_gives_the_same
"""


# %% solution="combine"
def combine(partials):
    all_P = pd.concat(partials, ignore_index=True)
    by_shop = all_P.groupby("shop")
    count, mean = by_shop["count"].sum(), by_shop["mean"].mean()
    shift_P = all_P["mean"] - all_P["shop"].map(mean)
    m2 = (all_P["m2"] + all_P["count"] * shift_P**2).groupby(all_P["shop"]).sum()
    return pd.DataFrame({"count": count, "mean": mean, "m2": m2}).reset_index()
