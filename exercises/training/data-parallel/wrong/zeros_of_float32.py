"""Sends zeros of the usual dtype, whatever the bucket has: a rank without gradients sends half of the bytes.
Caught by: reduce.missing_counts_as_zeros, reduce.a_larger_model
"""


# %% solution="reduce_buckets"
def reduce_buckets(comm, buckets):
    for bucket in buckets:
        flat = torch.cat([torch.zeros(p.numel()) if p.grad is None else p.grad.flatten() for p in bucket])
        mean = comm.all_reduce(flat, op="mean")
        for p, piece in zip(bucket, mean.split([p.numel() for p in bucket]), strict=True):
            p.grad = piece.view_as(p).to(p.dtype)
