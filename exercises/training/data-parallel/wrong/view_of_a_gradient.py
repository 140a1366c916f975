"""Believes that a gradient lies in memory row by row, so that view(-1) is always possible.
Caught by: reduce.mean_over_ranks, reduce.one_message_per_bucket
"""


# %% solution="reduce_buckets"
def reduce_buckets(comm, buckets):
    for bucket in buckets:
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in bucket]
        mean = comm.all_reduce(torch.cat([gradient.view(-1) for gradient in gradients]), op="mean")
        for p, piece in zip(bucket, mean.split([p.numel() for p in bucket]), strict=True):
            p.grad = piece.view_as(p)
