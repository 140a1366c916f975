"""Packs all gradients and the number of samples into one tensor, gathers instead of reducing; shards are blocks."""


# %% solution="average_gradients"
def average_gradients(comm, model, n_samples):
    trained = [p for p in model.parameters() if p.requires_grad]
    flat = torch.cat([p.grad.reshape(-1) for p in trained] + [trained[0].grad.new_ones(1)]) * n_samples
    total = torch.stack(list(comm.all_gather(flat))).sum(dim=0)
    mean, start = total / total[-1], 0
    for p in trained:
        p.grad.copy_(mean[start : start + p.numel()].reshape(p.shape))
        start += p.numel()


# %% solution="make_buckets"
def make_buckets(params, cap_bytes):
    buckets, room_bytes = [], 0
    for i in range(len(params) - 1, -1, -1):
        p = params[i]
        if not p.requires_grad or any(p is earlier for earlier in params[:i]):
            continue
        if buckets and p.nbytes <= room_bytes:
            buckets[-1].append(p)
            room_bytes -= p.nbytes
        else:
            buckets.append([p])
            room_bytes = cap_bytes - p.nbytes
    return buckets


# %% solution="reduce_buckets"
def reduce_buckets(comm, buckets):
    for bucket in buckets:
        flat = torch.zeros(sum(p.numel() for p in bucket), dtype=bucket[0].dtype)
        views, start = [], 0
        for p in bucket:
            views.append(flat[start : start + p.numel()].view(p.shape))
            start += p.numel()
            if p.grad is not None:
                views[-1].copy_(p.grad)
        flat.copy_(comm.all_reduce(flat) / comm.world_size)
        for p, view in zip(bucket, views, strict=True):
            p.grad = view


# %% solution="ShardedSampler"
import random


class ShardedSampler:
    def __init__(self, n_samples, world_size, rank, seed=0):
        self.n_samples, self.world_size, self.rank, self.seed = n_samples, world_size, rank, seed
        self.epoch = 0

    def set_epoch(self, epoch):
        self.epoch = epoch

    def __len__(self):
        return (self.n_samples + self.world_size - 1) // self.world_size

    def __iter__(self):
        order = list(range(self.n_samples))
        random.Random(f"{self.seed}/{self.epoch}").shuffle(order)
        first = self.rank * len(self)
        for place in range(first, first + len(self)):
            yield order[place % self.n_samples]


# %% solution="accumulate_gradients"
def accumulate_gradients(comm, model, loss_of, micro_batches):
    sum(loss_of(model, micro_batch) for micro_batch in micro_batches).backward()
    trained = [p for p in model.parameters() if p.grad is not None]
    flat = comm.all_reduce(torch.cat([p.grad.flatten() for p in trained]))
    flat /= len(micro_batches) * comm.world_size
    for p, piece in zip(trained, flat.split([p.numel() for p in trained]), strict=True):
        p.grad.copy_(piece.view_as(p))
