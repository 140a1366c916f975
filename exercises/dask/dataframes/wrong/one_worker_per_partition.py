"""The hot orders of a partition need one other worker, chosen by partition. They still travel as one block.

Caught by: skew.no_worker_has_too_many
"""


# %% solution="order_workers"
def order_workers(shop_R, hot, n_workers):
    other = int(shop_R[0]) % n_workers
    return np.where(np.isin(shop_R, hot), other, shop_R % n_workers)
