"""Loops and dictionaries; orders are matched with map_partitions; hot orders are distributed at random."""


# %% solution="shuffle_cost"
def shuffle_cost(keys_of_partition):
    n = len(keys_of_partition)
    ways = [(here, int(key) % n) for here, keys in enumerate(keys_of_partition) for key in keys if int(key) % n != here]
    return len(ways), len(set(ways))


# %% solution="join"
def join(orders, shops):
    shops_table = shops.compute()
    return orders.map_partitions(lambda part: part.merge(shops_table, on="shop", how="left"))


# %% solution="chunk"
def chunk(orders):
    """Welford's update, one order at a time."""
    described = {}
    for shop, amount in zip(orders["shop"], orders["amount"]):
        count, mean, m2 = described.get(shop, (0, 0.0, 0.0))
        count += 1
        difference = amount - mean
        mean += difference / count
        described[shop] = (count, mean, m2 + difference * (amount - mean))
    rows = [(shop, *numbers) for shop, numbers in described.items()]
    return pd.DataFrame(rows, columns=["shop", "count", "mean", "m2"])


# %% solution="combine"
def combine(partials):
    """The pairwise formula of Chan, Golub and LeVeque, from left to right."""
    merged = {}
    for partial in partials:
        for shop, n_b, mean_b, m2_b in partial[["shop", "count", "mean", "m2"]].itertuples(index=False):
            n_a, mean_a, m2_a = merged.get(shop, (0, 0.0, 0.0))
            n, delta = n_a + n_b, mean_b - mean_a
            merged[shop] = (n, mean_a + delta * n_b / n, m2_a + m2_b + delta**2 * n_a * n_b / n)
    rows = [(shop, *numbers) for shop, numbers in merged.items()]
    return pd.DataFrame(rows, columns=["shop", "count", "mean", "m2"])


# %% solution="finalise"
def finalise(partial):
    rows = [
        (shop, n, mean, m2 / (n - 1) if n > 1 else float("nan"))
        for shop, n, mean, m2 in partial[["shop", "count", "mean", "m2"]].itertuples(index=False)
    ]
    return pd.DataFrame(rows, columns=["shop", "count", "mean", "var"])


# %% solution="find_hot"
def find_hot(count_of_shop, n_workers):
    usual = sorted(count_of_shop.values())[len(count_of_shop) // 2]
    return [shop for shop, count in count_of_shop.items() if count > 5 * usual]


# %% solution="order_workers"
def order_workers(shop_R, hot, n_workers):
    rng = np.random.default_rng()
    return np.array([int(rng.integers(n_workers)) if shop in hot else int(shop) % n_workers for shop in shop_R])


# %% solution="shop_workers"
def shop_workers(shop, hot, n_workers):
    return range(n_workers) if shop in hot else (shop % n_workers,)
