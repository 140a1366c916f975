"""Counts what is read and forgets that the result has to be written.

Caught by: matmul.bytes_as_counted, matmul.large_flat_and_narrow, row-kernels.softmax_bytes,
row-kernels.layer_norm_bytes, row-kernels.softmax_of_large_tables, row-kernels.layer_norm_of_large_tables
"""


# %% solution="matmul-cost"
def matmul_cost(m, k, n, bytes_per_number):
    return 2 * m * k * n, bytes_per_number * (m * k + k * n)


# %% solution="softmax-cost"
def softmax_cost(rows, columns, bytes_per_number):
    return 5 * rows * columns, bytes_per_number * rows * columns


# %% solution="layer-norm-cost"
def layer_norm_cost(rows, columns, bytes_per_number):
    return rows * (7 * columns + 5), bytes_per_number * (rows * columns + 2 * columns)
