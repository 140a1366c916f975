"""Closes a bucket once it has reached the limit, as DDP does, and so goes above it.
Caught by: buckets.fills_from_the_end, buckets.any_model
"""


# %% solution="make_buckets"
def make_buckets(params, cap_bytes):
    buckets, filled_bytes = [[]], 0
    for p in reversed({id(p): p for p in params if p.requires_grad}.values()):
        if filled_bytes >= cap_bytes:
            buckets.append([])
            filled_bytes = 0
        buckets[-1].append(p)
        filled_bytes += p.nbytes
    return buckets
