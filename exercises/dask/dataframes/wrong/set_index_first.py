"""A join on the index is cheap, so set the index first. Setting it sorts the whole big table by shop.

Caught by: join.orders_stay, join.reads_only_its_own_partition, join.other_numbers_of_partitions
"""


# %% solution="join"
def join(orders, shops):
    by_shop = orders.set_index("shop").merge(shops.set_index("shop"), left_index=True, right_index=True, how="left")
    return by_shop.reset_index()[["order", "shop", "amount", "city"]]
