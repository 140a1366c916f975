"""Puts an error of its own in the place of the loader's: the cause is gone.

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
            raise OSError("a batch could not be loaded") from None
        if i + depth < n_batches:
            loader.submit(i + depth)
        yield batch
