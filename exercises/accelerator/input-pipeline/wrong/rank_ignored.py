"""Divides among workers only: every rank reads the whole data set.

Caught by: shard.each_sample_once, shard.balanced, shard.many_sizes
"""


# %% solution="shard"
def shard(samples, rank, world_size, worker, n_workers):
    return samples[worker::n_workers]
