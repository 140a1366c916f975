"""Cuts the data set first, and shuffles each rank's part: a rank sees the same samples for ever.
Caught by: sampler.own_order_each_epoch, sampler.shuffles_the_whole
"""


# %% solution="ShardedSampler"
class ShardedSampler:
    def __init__(self, n_samples, world_size, rank, seed=0):
        self.n_samples, self.world_size, self.rank, self.seed = n_samples, world_size, rank, seed
        self.epoch = 0

    def set_epoch(self, epoch):
        self.epoch = epoch

    def __len__(self):
        return -(-self.n_samples // self.world_size)

    def __iter__(self):
        order = list(range(self.n_samples))
        padded = (order * self.world_size)[: len(self) * self.world_size]
        shard = padded[self.rank :: self.world_size]
        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        return iter([shard[i] for i in torch.randperm(len(shard), generator=generator).tolist()])
