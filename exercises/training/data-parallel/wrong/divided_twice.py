"""Averages the losses per rank, and then divides by the number of ranks again, "because the batch is larger".
Caught by: average.equal_batches, average.different_batches, average.travels_once, average.a_larger_team
"""


# %% solution="average_gradients"
def average_gradients(comm, model, n_samples):
    n_total = comm.all_reduce(torch.tensor([n_samples])).item()
    for p in model.parameters():
        if p.requires_grad:
            p.grad = comm.all_reduce(p.grad * (n_samples / n_total)) / comm.world_size
