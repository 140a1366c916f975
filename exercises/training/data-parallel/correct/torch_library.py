"""Leans on the library: vectors of parameters, DistributedSampler; weighs after the sum, in float32 counts."""


# %% solution="average_gradients"
def average_gradients(comm, model, n_samples):
    count = comm.all_reduce(torch.tensor(float(n_samples)), op="mean")
    with torch.no_grad():
        for _, p in model.named_parameters():
            if p.grad is None:
                continue
            p.grad *= n_samples
            p.grad.copy_(comm.all_reduce(p.grad, op="mean").div_(count))


# %% solution="make_buckets"
def make_buckets(params, cap_bytes):
    once = []
    for p in params:
        if p.requires_grad and id(p) not in map(id, once):
            once.append(p)
    buckets, current = [], []
    while once:
        p = once.pop()
        if current and sum(q.nbytes for q in current) + p.nbytes > cap_bytes:
            buckets.append(current)
            current = []
        current.append(p)
    return [*buckets, current] if current else buckets


# %% solution="reduce_buckets"
def reduce_buckets(comm, buckets):
    from torch._utils import _flatten_dense_tensors, _unflatten_dense_tensors

    for bucket in buckets:
        for p in bucket:
            if p.grad is None:
                p.grad = torch.zeros_like(p)
        gradients = [p.grad for p in bucket]
        mean = comm.all_reduce(_flatten_dense_tensors(gradients), "mean")
        for gradient, piece in zip(gradients, _unflatten_dense_tensors(mean, gradients), strict=True):
            gradient.copy_(piece)


# %% solution="ShardedSampler"
class ShardedSampler(torch.utils.data.DistributedSampler):
    def __init__(self, n_samples, world_size, rank, seed=0):
        super().__init__(range(n_samples), num_replicas=world_size, rank=rank, seed=seed)


# %% solution="accumulate_gradients"
def accumulate_gradients(comm, model, loss_of, micro_batches):
    trained = [p for p in model.parameters() if p.requires_grad]
    sums = [torch.zeros_like(p) for p in trained]
    for micro_batch in micro_batches:
        for total, gradient in zip(sums, torch.autograd.grad(loss_of(model, micro_batch), trained), strict=True):
            total += gradient
    for p, total in zip(trained, sums, strict=True):
        p.grad = comm.all_reduce(total / len(micro_batches), op="mean")
