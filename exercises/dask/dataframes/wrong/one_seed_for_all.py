"""Random workers are even, and a seed makes them repeatable. Each partition then draws the same ones.

Caught by: skew.small_partitions
"""


# %% solution="order_workers"
def order_workers(shop_R, hot, n_workers):
    drawn_R = np.random.default_rng(0).integers(n_workers, size=len(shop_R))
    return np.where(np.isin(shop_R, hot), drawn_R, shop_R % n_workers)
