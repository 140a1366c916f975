"""Clears the gradients before each micro-batch, out of habit.
Caught by: accumulate.micro_batches, accumulate.talks_once, accumulate.accumulates_a_tied_model
"""


# %% solution="accumulate_gradients"
def accumulate_gradients(comm, model, loss_of, micro_batches):
    for micro_batch in micro_batches:
        model.zero_grad()
        loss_of(model, micro_batch).backward()
    for p in model.parameters():
        if p.requires_grad:
            p.grad = comm.all_reduce(p.grad, op="mean")
