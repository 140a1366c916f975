"""Believes that one message is always best, and waits for the last bucket.
Caught by: reduce.one_message_per_bucket, reduce.a_larger_model
"""


# %% solution="reduce_buckets"
def reduce_buckets(comm, buckets):
    params = [p for bucket in buckets for p in bucket]
    gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in params]
    mean = comm.all_reduce(torch.cat([gradient.flatten() for gradient in gradients]), op="mean")
    for p, piece in zip(params, mean.split([p.numel() for p in params]), strict=True):
        p.grad = piece.view_as(p)
