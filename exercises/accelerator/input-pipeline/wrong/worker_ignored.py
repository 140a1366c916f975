"""Divides among ranks only: every worker of a rank reads all that the rank reads.

Caught by: shard.each_sample_once, shard.balanced, shard.many_sizes
"""


# %% solution="shard"
def shard(samples, rank, world_size, worker, n_workers):
    return samples[rank::world_size]
