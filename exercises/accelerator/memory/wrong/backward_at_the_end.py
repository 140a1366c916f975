"""All forward passes first, then the backward passes: all activations wait together.

Caught by: accumulate.equal_micro_batches, accumulate.smaller_at_the_end, accumulate.different_tokens,
accumulate.any_batch
"""


# %% solution="train-step"
def train_step(device):
    device.zero_grad()
    bounds = [(a, min(a + device.fit_rows, device.n_rows)) for a in range(0, device.n_rows, device.fit_rows)]
    for first, last in bounds:
        device.forward(first, last)
    for first, last in reversed(bounds):
        device.backward(device.count_tokens(first, last) / device.count_tokens(0, device.n_rows))
    device.step()
