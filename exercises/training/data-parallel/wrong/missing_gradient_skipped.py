"""Leaves out a parameter that has no gradient here, and forgets that other ranks may have one.
Caught by: reduce.missing_counts_as_zeros, reduce.a_larger_model
"""


# %% solution="reduce_buckets"
def reduce_buckets(comm, buckets):
    for bucket in buckets:
        present = [p for p in bucket if p.grad is not None]
        mean = comm.all_reduce(torch.cat([p.grad.flatten() for p in present]), op="mean")
        for p, piece in zip(present, mean.split([p.numel() for p in present]), strict=True):
            p.grad = piece.view_as(p)
