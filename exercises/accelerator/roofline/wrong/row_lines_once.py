"""Computes mean and scale once for the whole table, as if all rows shared them.

Caught by: row-kernels.layer_norm_flops, row-kernels.layer_norm_of_large_tables
"""


# %% solution="layer-norm-cost"
def layer_norm_cost(rows, columns, bytes_per_number):
    return 7 * rows * columns + 5, bytes_per_number * (2 * rows * columns + 2 * columns)
