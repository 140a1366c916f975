"""Forgets that a frozen parameter has no gradient to send.
Caught by: average.travels_once, average.a_larger_team, accumulate.talks_once, accumulate.accumulates_a_tied_model
"""


# %% solution="average_gradients"
def average_gradients(comm, model, n_samples):
    n_total = comm.all_reduce(torch.tensor([n_samples])).item()
    for p in model.parameters():
        p.grad = comm.all_reduce(p.grad * (n_samples / n_total))


# %% solution="accumulate_gradients"
def accumulate_gradients(comm, model, loss_of, micro_batches):
    for micro_batch in micro_batches:
        (loss_of(model, micro_batch) / len(micro_batches)).backward()
    for p in model.parameters():
        p.grad = comm.all_reduce(p.grad, op="mean")
