"""Believes that one batch ahead is enough, whatever the depth allows.

Caught by: prefetch.waits_for_the_first_only, prefetch.no_needless_wait
"""


# %% solution="prefetch"
def prefetch(loader, n_batches, depth):
    if n_batches:
        loader.submit(0)
    for i in range(n_batches):
        batch = loader.result(i)
        if i + 1 < n_batches:
            loader.submit(i + 1)
        yield batch
