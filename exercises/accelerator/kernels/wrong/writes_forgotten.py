"""Counts what is read, and forgets that results are written.

Caught by: softmax-bytes.bytes_of_five_kernels, softmax-bytes.bytes_of_one_kernel,
softmax-bytes.bytes_of_three_passes, softmax-bytes.bytes_of_large_tables
"""


# %% solution="softmax-bytes"
def softmax_bytes(n_rows, n_columns, block, bytes_per_number):
    numbers = n_rows * n_columns
    lanes = n_rows * -(-n_columns // block) * block
    return tuple(bytes_per_number * count for count in (5 * numbers + 2 * n_rows, numbers, 3 * numbers))
