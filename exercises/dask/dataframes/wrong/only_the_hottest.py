"""There is one hot key: the most frequent one.

Caught by: skew.warm_shops, skew.several_hot_shops_or_none, skew.warm_shop
"""


# %% solution="find_hot"
def find_hot(count_of_shop, n_workers):
    return [max(count_of_shop, key=count_of_shop.get)]
