"""Believes that each rank may step with its own gradient, since the ranks see like data.
Caught by: average.equal_batches, average.different_batches, average.travels_once, average.a_larger_team
"""


# %% solution="average_gradients"
def average_gradients(comm, model, n_samples):
    for p in model.parameters():
        if p.requires_grad:
            p.grad = p.grad.clone()
