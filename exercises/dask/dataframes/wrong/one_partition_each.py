"""A merge of tables with one partition needs no shuffle, so give both one partition.

Caught by: join.orders_stay, join.reads_only_its_own_partition, join.other_numbers_of_partitions
"""


# %% solution="join"
def join(orders, shops):
    return orders.repartition(npartitions=1).merge(shops.repartition(npartitions=1), on="shop", how="left")
