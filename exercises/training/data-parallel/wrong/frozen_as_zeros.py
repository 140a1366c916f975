"""Sends zeros for a frozen parameter, "so that all ranks make the same calls".
Caught by: average.travels_once, average.a_larger_team
"""


# %% solution="average_gradients"
def average_gradients(comm, model, n_samples):
    n_total = comm.all_reduce(torch.tensor([n_samples])).item()
    for p in model.parameters():
        gradient = torch.zeros_like(p) if p.grad is None else p.grad
        p.grad = comm.all_reduce(gradient * (n_samples / n_total))
