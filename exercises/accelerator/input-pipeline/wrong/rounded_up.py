"""Cuts pieces of a rounded-up length: the last readers get little or nothing.

Caught by: shard.balanced, shard.many_sizes
"""


# %% solution="shard"
def shard(samples, rank, world_size, worker, n_workers):
    size = -(-len(samples) // (world_size * n_workers))
    begin = (rank * n_workers + worker) * size
    return samples[begin : begin + size]
