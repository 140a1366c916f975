"""Numbers the readers rank by rank: what is left goes to the workers of the first rank.

Caught by: shard.balanced, shard.many_sizes
"""


# %% solution="shard"
def shard(samples, rank, world_size, worker, n_workers):
    return samples[rank * n_workers + worker :: world_size * n_workers]
