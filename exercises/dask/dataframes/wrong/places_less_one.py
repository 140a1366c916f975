"""A partition sends to all the places that its rows go to, less one, itself. Perhaps none of its rows may stay.

Caught by: shuffle-cost.messages, shuffle-cost.larger_table, shuffle-cost.empty_partition_sends_nothing
"""


# %% solution="shuffle_cost"
def shuffle_cost(keys_of_partition):
    n = len(keys_of_partition)
    places = [np.asarray(keys, dtype=int) % n for keys in keys_of_partition]
    rows = sum(int((there_R != here).sum()) for here, there_R in enumerate(places))
    return rows, sum(max(0, len(np.unique(there_R)) - 1) for there_R in places)
