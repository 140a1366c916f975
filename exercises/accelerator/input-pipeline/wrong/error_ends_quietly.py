"""Takes an error for the end: the epoch is short, and nobody knows.

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
            return
        if i + depth < n_batches:
            loader.submit(i + depth)
        yield batch
