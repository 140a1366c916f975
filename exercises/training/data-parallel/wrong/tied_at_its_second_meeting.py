"""Believes that a tied parameter has two uses, and so is complete when the walk meets it for the second time.
Caught by: buckets.tied_once_frozen_never
"""


# %% solution="make_buckets"
def make_buckets(params, cap_bytes):
    ids, met, ready = [id(p) for p in params], {}, []
    for p in reversed(params):
        met[id(p)] = met.get(id(p), 0) + 1
        if p.requires_grad and met[id(p)] == min(2, ids.count(id(p))):
            ready.append(p)
    buckets, filled_bytes = [], 0
    for p in ready:
        if not buckets or filled_bytes + p.nbytes > cap_bytes:
            buckets.append([])
            filled_bytes = 0
        buckets[-1].append(p)
        filled_bytes += p.nbytes
    return buckets
