"""Distributing the hot orders is all. The shop's row stays at one worker, and the orders elsewhere find nothing.

Caught by: skew.no_order_is_lost, skew.no_worker_has_too_many, skew.small_partitions, skew.warm_shops, skew.few_copies,
skew.several_hot_shops_or_none, skew.warm_shop
"""


# %% solution="shop_workers"
def shop_workers(shop, hot, n_workers):
    return [shop % n_workers]
