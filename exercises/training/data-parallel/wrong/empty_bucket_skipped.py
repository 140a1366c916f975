"""Sends nothing for a bucket without a gradient on this rank, and lets the other ranks wait.
Caught by: reduce.missing_counts_as_zeros, reduce.a_larger_model
"""


# %% solution="reduce_buckets"
def reduce_buckets(comm, buckets):
    for bucket in buckets:
        if all(p.grad is None for p in bucket):
            continue
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in bucket]
        mean = comm.all_reduce(torch.cat([gradient.flatten() for gradient in gradients]), op="mean")
        for p, piece in zip(bucket, mean.split([p.numel() for p in bucket]), strict=True):
            p.grad = piece.view_as(p)
