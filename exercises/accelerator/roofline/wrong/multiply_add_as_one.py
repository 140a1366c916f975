"""Counts a multiply-add as one operation, as the hardware does.

Caught by: matmul.flops_as_counted, matmul.large_flat_and_narrow
"""


# %% solution="matmul-cost"
def matmul_cost(m, k, n, bytes_per_number):
    return m * k * n, bytes_per_number * (m * k + k * n + m * n)
