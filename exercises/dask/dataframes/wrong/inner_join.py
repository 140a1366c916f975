"""merge keeps all orders unless told otherwise. Its usual kind is the inner join, which drops those without a shop.

Caught by: join.same_rows_as_pandas, join.orders_stay, join.reads_only_its_own_partition,
join.other_numbers_of_partitions
"""


# %% solution="join"
def join(orders, shops):
    return orders.merge(shops.repartition(npartitions=1), on="shop")
