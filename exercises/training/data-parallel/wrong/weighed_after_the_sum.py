"""Weighs the mean over the ranks by this rank's share: each rank ends with another gradient.
Caught by: average.different_batches, average.a_larger_team
"""


# %% solution="average_gradients"
def average_gradients(comm, model, n_samples):
    n_total = comm.all_reduce(torch.tensor([n_samples])).item()
    for p in model.parameters():
        if p.requires_grad:
            p.grad = comm.all_reduce(p.grad, op="mean") * (n_samples / n_total) * comm.world_size
