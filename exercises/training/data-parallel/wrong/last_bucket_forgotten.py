"""Keeps a bucket when the next one begins, and so never keeps the last one.
Caught by: buckets.fills_from_the_end, buckets.tied_once_frozen_never, buckets.any_model, buckets.equal_is_not_tied
"""


# %% solution="make_buckets"
def make_buckets(params, cap_bytes):
    buckets, current, filled_bytes = [], [], 0
    for p in reversed({id(p): p for p in params if p.requires_grad}.values()):
        if current and filled_bytes + p.nbytes > cap_bytes:
            buckets.append(current)
            current, filled_bytes = [], 0
        current.append(p)
        filled_bytes += p.nbytes
    return buckets
