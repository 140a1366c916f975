"""persist() only keeps the big table near. It computes all of it first, before join returns.

Caught by: join.orders_stay, join.reads_only_its_own_partition
"""


# %% solution="join"
def join(orders, shops):
    return orders.persist().merge(shops.repartition(npartitions=1), on="shop", how="left")
