"""Gives every reader the same whole number of samples; what is left is read by nobody.

Caught by: shard.each_sample_once, shard.balanced, shard.many_sizes
"""


# %% solution="shard"
def shard(samples, rank, world_size, worker, n_workers):
    size = len(samples) // (world_size * n_workers)
    begin = (rank * n_workers + worker) * size
    return samples[begin : begin + size]
