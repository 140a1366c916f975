"""Lets each list of the Python code cross the memory: what is needed in between is written there, and read again.

Caught by: row-kernels.softmax_bytes, row-kernels.layer_norm_bytes, row-kernels.softmax_of_large_tables,
row-kernels.layer_norm_of_large_tables
"""


# %% solution="softmax-cost"
def softmax_cost(rows, columns, bytes_per_number):
    return 5 * rows * columns, bytes_per_number * 4 * rows * columns


# %% solution="layer-norm-cost"
def layer_norm_cost(rows, columns, bytes_per_number):
    return rows * (7 * columns + 5), bytes_per_number * (4 * rows * columns + 2 * rows + 2 * columns)
