"""Asks for a batch when it is needed: the workers are idle while the trainer works.

Caught by: prefetch.waits_for_the_first_only, prefetch.no_needless_wait
"""


# %% solution="prefetch"
def prefetch(loader, n_batches, depth):
    for i in range(n_batches):
        loader.submit(i)
        yield loader.result(i)
