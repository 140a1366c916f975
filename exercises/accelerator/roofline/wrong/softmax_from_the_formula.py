"""Counts exp(x) / sum(exp(x)) from the text book; finding and subtracting the maximum is forgotten.

Caught by: row-kernels.softmax_flops, row-kernels.softmax_of_large_tables
"""


# %% solution="softmax-cost"
def softmax_cost(rows, columns, bytes_per_number):
    return 3 * rows * columns, 2 * bytes_per_number * rows * columns
