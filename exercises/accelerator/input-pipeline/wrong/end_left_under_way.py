"""Ends with the last submission: what is under way then is never handed over.

Caught by: prefetch.every_batch_in_order
"""


# %% solution="prefetch"
def prefetch(loader, n_batches, depth):
    under_way = deque()
    for i in range(n_batches):
        if len(under_way) == depth:
            batch = loader.result(under_way.popleft())
            loader.submit(i)
            under_way.append(i)
            yield batch
        else:
            loader.submit(i)
            under_way.append(i)
