"""Divides by the number of micro-batches, and adds the ranks' gradients.
Caught by: accumulate.micro_batches, accumulate.talks_once, accumulate.accumulates_a_tied_model
"""


# %% solution="accumulate_gradients"
def accumulate_gradients(comm, model, loss_of, micro_batches):
    for micro_batch in micro_batches:
        (loss_of(model, micro_batch) / len(micro_batches)).backward()
    for p in model.parameters():
        if p.requires_grad:
            p.grad = comm.all_reduce(p.grad)
