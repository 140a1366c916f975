"""Believes that `p in a_list` asks whether this very object is in the list: tensors compare their numbers.
Caught by: buckets.fills_from_the_end, buckets.tied_once_frozen_never, buckets.any_model, buckets.equal_is_not_tied
"""


# %% solution="make_buckets"
def make_buckets(params, cap_bytes):
    once = []
    for p in params:
        if p.requires_grad and p not in once:
            once.append(p)
    buckets, filled_bytes = [], 0
    for p in reversed(once):
        if not buckets or filled_bytes + p.nbytes > cap_bytes:
            buckets.append([])
            filled_bytes = 0
        buckets[-1].append(p)
        filled_bytes += p.nbytes
    return buckets
