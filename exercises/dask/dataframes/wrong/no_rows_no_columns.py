"""A table made of no rows has the usual columns, only no rows. pandas cannot know them: it has none.

Caught by: tree.chunk_counts_and_means, tree.partitions_without_orders
"""


# %% solution="chunk"
def chunk(orders):
    rows = []
    for shop, of_shop in orders.groupby("shop"):
        amount = of_shop["amount"]
        m2 = ((amount - amount.mean()) ** 2).sum()
        rows.append({"shop": shop, "count": len(of_shop), "mean": amount.mean(), "m2": m2})
    return pd.DataFrame(rows)
