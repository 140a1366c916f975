"""Pandas joins without a shuffle: compute, merge, cut into partitions again. All orders pass through one process.

Caught by: join.orders_stay, join.reads_only_its_own_partition
"""


# %% solution="join"
def join(orders, shops):
    joined = orders.compute().merge(shops.compute(), on="shop", how="left")
    sizes = orders.map_partitions(len).compute().tolist()
    stops = np.cumsum(sizes)
    tables = [joined.iloc[stop - size : stop] for size, stop in zip(sizes, stops)]
    return dd.from_map(lambda table: table, tables, meta=joined.iloc[:0])
