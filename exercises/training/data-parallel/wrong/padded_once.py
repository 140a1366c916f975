"""Pads from the beginning of the order, and forgets that there may be more ranks than samples.
Caught by: sampler.keeps_the_tail, sampler.any_number_of_samples
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
        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        order = torch.randperm(self.n_samples, generator=generator).tolist()
        order += order[: len(self) * self.world_size - self.n_samples]
        return iter(order[self.rank :: self.world_size])
