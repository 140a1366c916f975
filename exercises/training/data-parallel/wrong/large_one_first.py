"""Gives a parameter above the cap its own bucket at once, ahead of the bucket that is still open.
Caught by: buckets.fills_from_the_end
"""


# %% solution="make_buckets"
def make_buckets(params, cap_bytes):
    buckets, current = [], []
    for p in reversed({id(p): p for p in params if p.requires_grad}.values()):
        if p.nbytes > cap_bytes:
            buckets.append([p])
            continue
        if current and sum(q.nbytes for q in current) + p.nbytes > cap_bytes:
            buckets.append(current)
            current = []
        current.append(p)
    return [*buckets, current] if current else buckets
