"""Puts a parameter into the first bucket with room, "to save messages": that bucket has to wait for it.
Caught by: buckets.fills_from_the_end
"""


# %% solution="make_buckets"
def make_buckets(params, cap_bytes):
    buckets = []
    for p in reversed({id(p): p for p in params if p.requires_grad}.values()):
        for bucket in buckets:
            if sum(q.nbytes for q in bucket) + p.nbytes <= cap_bytes:
                bucket.append(p)
                break
        else:
            buckets.append([p])
    return buckets
