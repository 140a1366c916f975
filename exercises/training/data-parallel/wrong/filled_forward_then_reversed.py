"""Fills from the first parameter on, and turns everything round at the end: the first bucket may leave half empty.
Caught by: buckets.fills_from_the_end
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
    return [bucket[::-1] for bucket in reversed(buckets)]
