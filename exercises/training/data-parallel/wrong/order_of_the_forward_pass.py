"""Believes that gradients become ready in the order of the layers.
Caught by: buckets.fills_from_the_end, buckets.tied_once_frozen_never, buckets.any_model, buckets.equal_is_not_tied
"""


# %% solution="make_buckets"
def make_buckets(params, cap_bytes):
    buckets, filled_bytes = [], 0
    for p in {id(p): p for p in params if p.requires_grad}.values():
        if not buckets or filled_bytes + p.nbytes > cap_bytes:
            buckets.append([])
            filled_bytes = 0
        buckets[-1].append(p)
        filled_bytes += p.nbytes
    return buckets
