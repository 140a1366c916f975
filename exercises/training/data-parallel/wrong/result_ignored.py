"""Believes that all_reduce changes its argument, as torch.distributed.all_reduce does.
Caught by: average.equal_batches, reduce.mean_over_ranks, reduce.a_larger_model
"""


# %% solution="average_gradients"
def average_gradients(comm, model, n_samples):
    n_total = comm.all_reduce(torch.tensor([n_samples])).item()
    for p in model.parameters():
        if p.requires_grad:
            p.grad *= n_samples
            comm.all_reduce(p.grad)
            p.grad /= n_total


# %% solution="reduce_buckets"
def reduce_buckets(comm, buckets):
    for bucket in buckets:
        flat = torch.cat([(torch.zeros_like(p) if p.grad is None else p.grad).flatten() for p in bucket])
        comm.all_reduce(flat, op="mean")
        for p, piece in zip(bucket, flat.split([p.numel() for p in bucket]), strict=True):
            p.grad = piece.view_as(p)
