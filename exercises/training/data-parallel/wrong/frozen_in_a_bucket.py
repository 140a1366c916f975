"""Puts every parameter into a bucket, the frozen ones too.
Caught by: buckets.tied_once_frozen_never, buckets.any_model
"""


# %% solution="make_buckets"
def make_buckets(params, cap_bytes):
    buckets, filled_bytes = [], 0
    for p in reversed({id(p): p for p in params}.values()):
        if not buckets or filled_bytes + p.nbytes > cap_bytes:
            buckets.append([])
            filled_bytes = 0
        buckets[-1].append(p)
        filled_bytes += p.nbytes
    return buckets
