"""Believes that gradients of the ranks are added, as those of samples are.
Caught by: average.equal_batches, average.different_batches, average.a_larger_team
"""


# %% solution="average_gradients"
def average_gradients(comm, model, n_samples):
    for p in model.parameters():
        if p.requires_grad:
            p.grad = comm.all_reduce(p.grad)
