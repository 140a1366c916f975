"""Histograms and arrays; the city is looked up with map."""


# %% solution="shuffle_cost"
def shuffle_cost(keys_of_partition):
    n = len(keys_of_partition)
    rows_NN = np.array([np.bincount(np.asarray(keys, dtype=int) % n, minlength=n) for keys in keys_of_partition])
    np.fill_diagonal(rows_NN, 0)
    return rows_NN.sum(), np.count_nonzero(rows_NN)


# %% solution="join"
def join(orders, shops):
    city_of_shop = shops.compute().set_index("shop")["city"]
    return orders.assign(city=orders["shop"].map(city_of_shop, meta=("city", city_of_shop.dtype)))


# %% solution="chunk"
def chunk(orders):
    if len(orders) == 0:
        return pd.DataFrame({"shop": [], "count": [], "mean": [], "m2": []})
    shop_S, of_R = np.unique(orders["shop"].to_numpy(), return_inverse=True)
    amount_R = orders["amount"].to_numpy()
    count_S = np.bincount(of_R)
    first_S = amount_R[np.unique(of_R, return_index=True)[1]]  # a shift near the mean keeps the squares small
    shifted_R = amount_R - first_S[of_R]
    shift_S = np.bincount(of_R, shifted_R) / count_S
    m2_S = np.bincount(of_R, (shifted_R - shift_S[of_R]) ** 2)
    return pd.DataFrame({"shop": shop_S, "count": count_S, "mean": first_S + shift_S, "m2": m2_S})


# %% solution="combine"
def combine(partials):
    rows_P = np.concatenate([partial[["shop", "count", "mean", "m2"]].to_numpy(dtype=float) for partial in partials])
    merged = []
    for shop in np.unique(rows_P[:, 0]):
        _, count_P, mean_P, m2_P = rows_P[rows_P[:, 0] == shop].T
        mean = np.average(mean_P, weights=count_P)
        merged.append([shop, count_P.sum(), mean, m2_P.sum() + (count_P * (mean_P - mean) ** 2).sum()])
    return pd.DataFrame(np.array(merged).reshape(-1, 4), columns=["shop", "count", "mean", "m2"])


# %% solution="finalise"
def finalise(partial):
    with np.errstate(invalid="ignore", divide="ignore"):
        var = np.where(partial["count"] > 1, partial["m2"].to_numpy() / (partial["count"].to_numpy() - 1), np.nan)
    return pd.DataFrame({"shop": partial["shop"], "count": partial["count"], "mean": partial["mean"], "var": var})


# %% solution="find_hot"
def find_hot(count_of_shop, n_workers):
    shop_S, count_S = np.array(list(count_of_shop.items())).T
    return shop_S[count_S > count_S.sum() / (4 * n_workers)]


# %% solution="order_workers"
def order_workers(shop_R, hot, n_workers):
    salt_R = np.random.default_rng().integers(n_workers, size=len(shop_R))
    return np.where(np.isin(shop_R, hot), shop_R + salt_R, shop_R) % n_workers


# %% solution="shop_workers"
def shop_workers(shop, hot, n_workers):
    return np.arange(n_workers) if shop in hot else np.array([shop % n_workers])
