"""Believes that beginning at another sample in each epoch is a shuffle.
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
        order = [(i + 17 * self.epoch + self.seed) % self.n_samples for i in range(self.n_samples)]
        padded = (order * self.world_size)[: len(self) * self.world_size]
        return iter(padded[self.rank :: self.world_size])
