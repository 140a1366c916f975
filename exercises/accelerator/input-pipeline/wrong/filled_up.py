"""Repeats the first samples until all shards are equally long, as a sampler for training does.

Caught by: shard.each_sample_once, shard.balanced, shard.many_sizes
"""


# %% solution="shard"
def shard(samples, rank, world_size, worker, n_workers):
    readers = world_size * n_workers
    size = -(-len(samples) // readers)
    filled = (samples * readers)[: size * readers]
    return filled[rank + world_size * worker :: readers]
