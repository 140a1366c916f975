"""Submits a round of batches, uses them all up, then submits the next round: the queue runs dry each time.

Caught by: prefetch.waits_for_the_first_only, prefetch.no_needless_wait
"""


# %% solution="prefetch"
def prefetch(loader, n_batches, depth):
    for first in range(0, n_batches, depth):
        together = range(first, min(first + depth, n_batches))
        for i in together:
            loader.submit(i)
        for i in together:
            yield loader.result(i)
