"""broadcast=True sends the small table to everybody. Dask calls that table small which has fewer partitions.

Caught by: join.orders_stay, join.other_numbers_of_partitions
"""


# %% solution="join"
def join(orders, shops):
    return orders.merge(shops, on="shop", how="left", broadcast=True)
