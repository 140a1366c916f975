"""Leaves the frozen parameters out, but still counts their bytes.
Caught by: buckets.tied_once_frozen_never
"""


# %% solution="make_buckets"
def make_buckets(params, cap_bytes):
    buckets, current, filled_bytes = [], [], 0
    for p in reversed({id(p): p for p in params}.values()):
        if current and filled_bytes + p.nbytes > cap_bytes:
            buckets.append(current)
            current, filled_bytes = [], 0
        filled_bytes += p.nbytes
        if p.requires_grad:
            current.append(p)
    return [*buckets, current] if current else buckets
