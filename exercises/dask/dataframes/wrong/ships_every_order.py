"""Each order is a partial of its own, and combine keeps the rows for the end. Right, but nothing gets smaller.

Caught by: tree.partials_are_small, tree.chunk_counts_and_means
"""


# %% solution="chunk"
def chunk(orders):
    return pd.DataFrame({"shop": orders["shop"], "count": 1, "mean": orders["amount"], "m2": 0.0})
