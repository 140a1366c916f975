"""Believes that a rank which sent zeros has nothing to take.
Caught by: reduce.missing_counts_as_zeros, reduce.a_larger_model
"""


# %% solution="reduce_buckets"
def reduce_buckets(comm, buckets):
    for bucket in buckets:
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in bucket]
        mean = comm.all_reduce(torch.cat([gradient.flatten() for gradient in gradients]), op="mean")
        for p, piece in zip(bucket, mean.split([p.numel() for p in bucket]), strict=True):
            if p.grad is not None:
                p.grad = piece.view_as(p)
