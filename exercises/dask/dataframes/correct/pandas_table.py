"""Gives merge a pandas table, and takes the largest shops until those that are left are small."""


# %% solution="join"
def join(orders, shops):
    return dd.merge(orders, shops.compute(), how="left", left_on="shop", right_on="shop")


# %% solution="find_hot"
def find_hot(count_of_shop, n_workers):
    fair_share = sum(count_of_shop.values()) / n_workers
    by_size, hot = sorted(count_of_shop, key=count_of_shop.get), []
    while by_size and count_of_shop[by_size[-1]] > fair_share / 5:
        hot.append(by_size.pop())
    return hot


# %% solution="order_workers"
def order_workers(shop_R, hot, n_workers):
    """Distributes each hot shop by itself, and begins at a worker that is drawn."""
    worker_R = shop_R % n_workers
    for shop in hot:
        of_shop_R = np.flatnonzero(shop_R == shop)
        start = np.random.default_rng().integers(n_workers)
        worker_R[of_shop_R] = (start + np.arange(len(of_shop_R))) % n_workers
    return worker_R
