"""Variance divides by the number of orders. That is the variance of these orders, not the estimate from a sample.

Caught by: tree.equals_pandas, tree.shop_with_one_order
"""


# %% solution="finalise"
def finalise(partial):
    return partial[["shop", "count", "mean"]].assign(var=partial["m2"] / partial["count"])
