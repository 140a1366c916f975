"""Divides by the length of one micro-batch, where the number of micro-batches is meant.
Caught by: accumulate.micro_batches, accumulate.talks_once, accumulate.accumulates_a_tied_model
"""


# %% solution="accumulate_gradients"
def accumulate_gradients(comm, model, loss_of, micro_batches):
    for micro_batch in micro_batches:
        (loss_of(model, micro_batch) / len(micro_batch)).backward()
    for p in model.parameters():
        if p.requires_grad:
            p.grad = comm.all_reduce(p.grad, op="mean")
