"""Believes that set_epoch is called once for each epoch, in order, and counts the calls.
Caught by: sampler.own_order_each_epoch, sampler.resumes_alike
"""


# %% solution="ShardedSampler"
class ShardedSampler:
    def __init__(self, n_samples, world_size, rank, seed=0):
        self.n_samples, self.world_size, self.rank, self.seed = n_samples, world_size, rank, seed
        self.epoch = 0

    def set_epoch(self, epoch):
        self.epoch += 1

    def __len__(self):
        return -(-self.n_samples // self.world_size)

    def __iter__(self):
        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        order = torch.randperm(self.n_samples, generator=generator).tolist()
        padded = (order * self.world_size)[: len(self) * self.world_size]
        return iter(padded[self.rank :: self.world_size])
