"""Counts each of the three passes as a table read and a table written.

Caught by: softmax-bytes.bytes_of_three_passes, softmax-bytes.bytes_of_large_tables
"""


# %% solution="softmax-bytes"
def softmax_bytes(n_rows, n_columns, block, bytes_per_number):
    numbers = n_rows * n_columns
    lanes = n_rows * -(-n_columns // block) * block
    return tuple(bytes_per_number * count for count in (8 * numbers + 4 * n_rows, 2 * numbers, 6 * numbers))
