"""Returns the places in the list, not what stands there.

Caught by: shard.each_sample_once, shard.balanced, shard.many_sizes
"""


# %% solution="shard"
def shard(samples, rank, world_size, worker, n_workers):
    return list(range(len(samples)))[rank::world_size][worker::n_workers]
