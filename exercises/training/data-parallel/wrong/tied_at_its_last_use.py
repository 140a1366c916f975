"""Believes that a tied gradient is complete when the backward pass first meets it.
Caught by: buckets.tied_once_frozen_never, buckets.any_model
"""


# %% solution="make_buckets"
def make_buckets(params, cap_bytes):
    buckets, filled_bytes = [], 0
    for p in {id(p): p for p in reversed(params) if p.requires_grad}.values():
        if not buckets or filled_bytes + p.nbytes > cap_bytes:
            buckets.append([])
            filled_bytes = 0
        buckets[-1].append(p)
        filled_bytes += p.nbytes
    return buckets
