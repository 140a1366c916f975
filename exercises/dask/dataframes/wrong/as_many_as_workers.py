"""At most n_workers shops can fill a worker, so these are the hot ones. Smaller shops can fill one together.

Caught by: skew.warm_shops
"""


# %% solution="find_hot"
def find_hot(count_of_shop, n_workers):
    return sorted(count_of_shop, key=count_of_shop.get)[-n_workers:]
