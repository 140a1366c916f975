"""Adds the mean gradients of all micro-batches, and divides by nothing.

Caught by: accumulate.equal_micro_batches, accumulate.smaller_at_the_end, accumulate.any_batch
"""


# %% solution="train-step"
def train_step(device):
    device.zero_grad()
    for first in range(0, device.n_rows, device.fit_rows):
        device.forward(first, min(first + device.fit_rows, device.n_rows))
        device.backward()
    device.step()
