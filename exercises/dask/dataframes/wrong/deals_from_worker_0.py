"""Dealing in turn is fair. Where each small partition begins anew, the first workers get all.

Caught by: skew.small_partitions
"""


# %% solution="order_workers"
def order_workers(shop_R, hot, n_workers):
    is_hot_R = np.isin(shop_R, hot)
    return np.where(is_hot_R, (np.cumsum(is_hot_R) - 1) % n_workers, shop_R % n_workers)
