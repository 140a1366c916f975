"""Believes that the mean over the ranks is the mean over the samples, whatever their numbers (as DDP does).
Caught by: average.different_batches, average.a_larger_team
"""


# %% solution="average_gradients"
def average_gradients(comm, model, n_samples):
    for p in model.parameters():
        if p.requires_grad:
            p.grad = comm.all_reduce(p.grad, op="mean")
