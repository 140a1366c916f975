"""If distributing helps the hot keys, it helps all. Then every worker gets the whole second table.

Caught by: skew.few_copies, skew.several_hot_shops_or_none, skew.warm_shop
"""


# %% solution="find_hot"
def find_hot(count_of_shop, n_workers):
    return list(count_of_shop)
