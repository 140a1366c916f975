"""Refills when the trainer comes back: with depth 1 nothing overlaps at all.

Caught by: prefetch.waits_for_the_first_only, prefetch.no_needless_wait
"""


# %% solution="prefetch"
def prefetch(loader, n_batches, depth):
    for i in range(min(depth, n_batches)):
        loader.submit(i)
    for i in range(n_batches):
        yield loader.result(i)
        if i + depth < n_batches:
            loader.submit(i + depth)
