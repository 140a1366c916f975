"""Believes that buckets are only an order of sending.
Caught by: reduce.one_message_per_bucket, reduce.a_larger_model
"""


# %% solution="reduce_buckets"
def reduce_buckets(comm, buckets):
    for bucket in buckets:
        for p in bucket:
            p.grad = comm.all_reduce(torch.zeros_like(p) if p.grad is None else p.grad, op="mean")
