"""Keeps the queue full to the end, and asks for batches that do not exist.

Caught by: prefetch.every_batch_in_order, prefetch.few_or_none
"""


# %% solution="prefetch"
def prefetch(loader, n_batches, depth):
    for i in range(depth):
        loader.submit(i)
    for i in range(n_batches):
        batch = loader.result(i)
        loader.submit(i + depth)
        yield batch
