"""Two partitions that exchange rows share one message. Each direction carries other rows, so they are two.

Caught by: shuffle-cost.messages
"""


# %% solution="shuffle_cost"
def shuffle_cost(keys_of_partition):
    n = len(keys_of_partition)
    ways = [(here, int(key) % n) for here, keys in enumerate(keys_of_partition) for key in keys if int(key) % n != here]
    return len(ways), len({frozenset(way) for way in ways})
