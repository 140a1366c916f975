"""Divides by the number of micro-batches, also where they differ.

Caught by: accumulate.smaller_at_the_end, accumulate.different_tokens, accumulate.any_batch
"""


# %% solution="train-step"
def train_step(device):
    device.zero_grad()
    n = math.ceil(device.n_rows / device.fit_rows)
    for first in range(0, device.n_rows, device.fit_rows):
        device.forward(first, min(first + device.fit_rows, device.n_rows))
        device.backward(1 / n)
    device.step()
