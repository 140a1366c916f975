"""Keeps the queue short, and hoards what comes out of it: the memory fills all the same.

Caught by: prefetch.bounded, prefetch.waits_for_the_first_only
"""


# %% solution="prefetch"
def prefetch(loader, n_batches, depth):
    for i in range(min(depth, n_batches)):
        loader.submit(i)
    batches = []
    for i in range(n_batches):
        batches.append(loader.result(i))
        if i + depth < n_batches:
            loader.submit(i + depth)
    yield from batches
