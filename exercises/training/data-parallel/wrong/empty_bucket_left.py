"""Begins with an open bucket, and leaves it empty when the first parameter is too large for any.
Caught by: buckets.fills_from_the_end, buckets.tied_once_frozen_never
"""


# %% solution="make_buckets"
def make_buckets(params, cap_bytes):
    buckets, filled_bytes = [[]], 0
    for p in reversed({id(p): p for p in params if p.requires_grad}.values()):
        if filled_bytes + p.nbytes > cap_bytes:
            buckets.append([])
            filled_bytes = 0
        buckets[-1].append(p)
        filled_bytes += p.nbytes
    return buckets
