"""A good hash function spreads the rows evenly. It spreads keys; all rows of one key stay together.

Caught by: skew.no_worker_has_too_many, skew.small_partitions, skew.warm_shops, skew.several_hot_shops_or_none,
skew.warm_shop
"""


# %% solution="find_hot"
def find_hot(count_of_shop, n_workers):
    return []
