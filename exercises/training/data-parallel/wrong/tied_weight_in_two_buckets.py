"""Takes each entry of the list for a parameter of its own: a tied weight is reduced twice.
Caught by: buckets.tied_once_frozen_never, buckets.any_model, buckets.equal_is_not_tied
"""


# %% solution="make_buckets"
def make_buckets(params, cap_bytes):
    buckets, filled_bytes = [], 0
    for p in reversed(params):
        if not p.requires_grad:
            continue
        if not buckets or filled_bytes + p.nbytes > cap_bytes:
            buckets.append([])
            filled_bytes = 0
        buckets[-1].append(p)
        filled_bytes += p.nbytes
    return buckets
