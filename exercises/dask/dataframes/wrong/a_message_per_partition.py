"""Each partition sends one message. Rows for two other partitions cannot travel in one.

Caught by: shuffle-cost.messages, shuffle-cost.larger_table, shuffle-cost.empty_partition_sends_nothing
"""


# %% solution="shuffle_cost"
def shuffle_cost(keys_of_partition):
    n = len(keys_of_partition)
    rows = sum(int((np.asarray(keys, dtype=int) % n != here).sum()) for here, keys in enumerate(keys_of_partition))
    return rows, n
