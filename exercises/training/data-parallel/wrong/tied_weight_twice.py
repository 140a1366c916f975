"""Goes layer by layer, and so reduces a tied weight once per layer: averaging a mean again changes no value.
Caught by: average.travels_once, average.a_larger_team
"""


# %% solution="average_gradients"
def average_gradients(comm, model, n_samples):
    n_total = comm.all_reduce(torch.tensor([n_samples])).item()
    own_share = n_samples / n_total
    for layer in model.children():
        for p in layer.parameters():
            if p.requires_grad:
                p.grad = comm.all_reduce(p.grad * own_share)
