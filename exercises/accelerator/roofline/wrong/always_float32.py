"""Takes each number for 4 bytes, whatever the format.

Caught by: matmul.bytes_as_counted, matmul.large_flat_and_narrow, row-kernels.softmax_bytes,
row-kernels.softmax_of_large_tables
"""


# %% solution="matmul-cost"
def matmul_cost(m, k, n, bytes_per_number):
    return 2 * m * k * n, 4 * (m * k + k * n + m * n)


# %% solution="softmax-cost"
def softmax_cost(rows, columns, bytes_per_number):
    return 5 * rows * columns, 4 * 2 * rows * columns
