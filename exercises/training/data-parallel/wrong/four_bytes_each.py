"""Believes that every number has four bytes.
Caught by: buckets.fills_from_the_end, buckets.any_model
"""


# %% solution="make_buckets"
def make_buckets(params, cap_bytes):
    buckets, filled_bytes = [], 0
    for p in reversed({id(p): p for p in params if p.requires_grad}.values()):
        if not buckets or filled_bytes + 4 * p.numel() > cap_bytes:
            buckets.append([])
            filled_bytes = 0
        buckets[-1].append(p)
        filled_bytes += 4 * p.numel()
    return buckets
