"""Dask sees that one table is small, so the usual merge is good enough.

Caught by: join.orders_stay, join.reads_only_its_own_partition, join.other_numbers_of_partitions
"""


# %% solution="join"
def join(orders, shops):
    return orders.merge(shops, on="shop", how="left")
