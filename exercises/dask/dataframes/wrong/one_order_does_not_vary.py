"""One order does not vary, so its variance is 0. From one order nothing is known of the variance.

Caught by: tree.equals_pandas, tree.shop_with_one_order
"""


# %% solution="finalise"
def finalise(partial):
    var = partial["m2"] / (partial["count"] - 1)
    return partial[["shop", "count", "mean"]].assign(var=var.fillna(0.0))
