"""Leaves out what cannot be loaded: the training goes on without these samples, and nobody knows.

Caught by: prefetch.error_of_the_loader, prefetch.errors_arrive
"""


# %% solution="prefetch"
def prefetch(loader, n_batches, depth):
    for i in range(min(depth, n_batches)):
        loader.submit(i)
    for i in range(n_batches):
        try:
            batch = loader.result(i)
        except OSError:
            batch = None
        if i + depth < n_batches:
            loader.submit(i + depth)
        if batch is not None:
            yield batch
