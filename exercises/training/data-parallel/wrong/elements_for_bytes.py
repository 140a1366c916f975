"""Counts numbers where bytes are meant.
Caught by: buckets.fills_from_the_end, buckets.any_model, buckets.equal_is_not_tied
"""


# %% solution="make_buckets"
def make_buckets(params, cap_bytes):
    buckets, filled = [], 0
    for p in reversed({id(p): p for p in params if p.requires_grad}.values()):
        if not buckets or filled + p.numel() > cap_bytes:
            buckets.append([])
            filled = 0
        buckets[-1].append(p)
        filled += p.numel()
    return buckets
