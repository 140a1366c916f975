"""A shuffle sends every row, and every partition writes to every other one.

Caught by: shuffle-cost.rows_that_move, shuffle-cost.messages, shuffle-cost.larger_table,
shuffle-cost.empty_partition_sends_nothing
"""


# %% solution="shuffle_cost"
def shuffle_cost(keys_of_partition):
    n = len(keys_of_partition)
    return sum(len(keys) for keys in keys_of_partition), n * (n - 1)
