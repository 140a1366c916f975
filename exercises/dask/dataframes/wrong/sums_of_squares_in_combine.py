"""Sums are what merges, so turn m2 back into a sum of squares, add, and subtract again.

Caught by: tree.amounts_near_a_billion
"""


# %% solution="combine"
def combine(partials):
    all_P = pd.concat(partials, ignore_index=True)
    all_P["sum"] = all_P["count"] * all_P["mean"]
    all_P["squares"] = all_P["m2"] + all_P["count"] * all_P["mean"] ** 2
    added = all_P.groupby("shop")[["count", "sum", "squares"]].sum()
    mean = added["sum"] / added["count"]
    m2 = added["squares"] - added["count"] * mean**2
    return pd.DataFrame({"count": added["count"], "mean": mean, "m2": m2}).reset_index()
