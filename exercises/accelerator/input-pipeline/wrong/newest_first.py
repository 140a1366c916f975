"""Takes the last of the list, not the first: the newest batch overtakes the others.

Caught by: prefetch.every_batch_in_order
"""


# %% solution="prefetch"
def prefetch(loader, n_batches, depth):
    under_way, following = [], 0
    while under_way or following < n_batches:
        while len(under_way) < depth and following < n_batches:
            loader.submit(following)
            under_way.append(following)
            following += 1
        batch = loader.result(under_way.pop())
        if following < n_batches:
            loader.submit(following)
            under_way.append(following)
            following += 1
        yield batch
