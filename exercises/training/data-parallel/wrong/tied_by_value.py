"""Takes parameters with equal numbers for one tied parameter.
Caught by: buckets.any_model, buckets.equal_is_not_tied
"""


# %% solution="make_buckets"
def make_buckets(params, cap_bytes):
    once = []
    for p in params:
        if p.requires_grad and not any(torch.equal(p, q) for q in once):
            once.append(p)
    buckets, filled_bytes = [], 0
    for p in reversed(once):
        if not buckets or filled_bytes + p.nbytes > cap_bytes:
            buckets.append([])
            filled_bytes = 0
        buckets[-1].append(p)
        filled_bytes += p.nbytes
    return buckets
