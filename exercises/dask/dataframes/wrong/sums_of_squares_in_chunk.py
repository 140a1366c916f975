"""The sum of squares less n times the squared mean is the same number. On paper; near 1e18 a float64 has steps of 128.

Caught by: tree.amounts_near_a_billion
"""


# %% solution="chunk"
def chunk(orders):
    by_shop = orders.groupby("shop")["amount"]
    count, mean = by_shop.count(), by_shop.mean()
    squares = (orders["amount"] ** 2).groupby(orders["shop"]).sum()
    return pd.DataFrame({"count": count, "mean": mean, "m2": squares - count * mean**2}).reset_index()
