"""Hands the number of samples to all_reduce as a Python number.
Caught by: average.equal_batches, average.different_batches, average.travels_once, average.a_larger_team
"""


# %% solution="average_gradients"
def average_gradients(comm, model, n_samples):
    n_total = comm.all_reduce(n_samples)
    for p in model.parameters():
        if p.requires_grad:
            p.grad = comm.all_reduce(p.grad * (n_samples / n_total))
