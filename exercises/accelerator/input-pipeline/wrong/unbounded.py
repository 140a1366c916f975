"""Submits everything at once: a data set of a terabyte goes on its way into the memory.

Caught by: prefetch.bounded, prefetch.no_needless_wait
"""


# %% solution="prefetch"
def prefetch(loader, n_batches, depth):
    for i in range(n_batches):
        loader.submit(i)
    for i in range(n_batches):
        yield loader.result(i)
