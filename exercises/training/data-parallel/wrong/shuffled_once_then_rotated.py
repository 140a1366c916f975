"""Shuffles once, and begins at another place in each epoch: samples that were neighbours stay neighbours.
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
        generator = torch.Generator().manual_seed(self.seed)
        order = torch.randperm(self.n_samples, generator=generator).tolist()
        first = self.epoch % self.n_samples
        order = order[first:] + order[:first]
        padded = (order * self.world_size)[: len(self) * self.world_size]
        return iter(padded[self.rank :: self.world_size])
