"""Shuffles with the global random state, and believes that it is alike on all ranks.
Caught by: sampler.nothing_twice_nothing_lost, sampler.resumes_alike, sampler.shuffles_the_whole
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
        order = torch.randperm(self.n_samples).tolist()
        padded = (order * self.world_size)[: len(self) * self.world_size]
        return iter(padded[self.rank :: self.world_size])
