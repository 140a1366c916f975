"""A key is hot if it alone is more than a fair share. Its worker has other orders too.

Caught by: skew.warm_shops, skew.warm_shop
"""


# %% solution="find_hot"
def find_hot(count_of_shop, n_workers):
    fair_share = sum(count_of_shop.values()) / n_workers
    return [shop for shop, count in count_of_shop.items() if count > fair_share]
