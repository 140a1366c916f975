"""A hot shop has at least 5 % of the orders. How much a worker can take depends on the number of workers.

Caught by: skew.warm_shops
"""


# %% solution="find_hot"
def find_hot(count_of_shop, n_workers):
    return [shop for shop, count in count_of_shop.items() if count > 0.05 * sum(count_of_shop.values())]
