"""Reads weight and bias of the layer norm again for each row, although they stay in the cache.

Caught by: row-kernels.layer_norm_bytes, row-kernels.layer_norm_of_large_tables
"""


# %% solution="layer-norm-cost"
def layer_norm_cost(rows, columns, bytes_per_number):
    return rows * (7 * columns + 5), bytes_per_number * 4 * rows * columns
