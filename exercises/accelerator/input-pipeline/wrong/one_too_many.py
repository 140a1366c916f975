"""Submits the next before it collects: one batch more than allowed is under way.

Caught by: prefetch.bounded, prefetch.no_needless_wait
"""


# %% solution="prefetch"
def prefetch(loader, n_batches, depth):
    for i in range(min(depth, n_batches)):
        loader.submit(i)
    for i in range(n_batches):
        if i + depth < n_batches:
            loader.submit(i + depth)
        yield loader.result(i)
