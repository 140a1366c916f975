"""Lets every use of a number cross the memory, as if there were no cache.

Caught by: matmul.bytes_as_counted, matmul.large_flat_and_narrow
"""


# %% solution="matmul-cost"
def matmul_cost(m, k, n, bytes_per_number):
    return 2 * m * k * n, bytes_per_number * (2 * m * k * n + m * n)
