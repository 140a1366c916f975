"""Lets the result cross twice: it is read before something is added to it, and written afterwards.

Caught by: matmul.bytes_as_counted, matmul.large_flat_and_narrow
"""


# %% solution="matmul-cost"
def matmul_cost(m, k, n, bytes_per_number):
    return 2 * m * k * n, bytes_per_number * (m * k + k * n + 2 * m * n)
