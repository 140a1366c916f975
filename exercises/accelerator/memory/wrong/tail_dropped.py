"""Leaves out the rows that do not fill a micro-batch.

Caught by: accumulate.smaller_at_the_end, accumulate.any_batch
"""


# %% solution="train-step"
def train_step(device):
    device.zero_grad()
    full = device.n_rows // device.fit_rows * device.fit_rows
    for first in range(0, full, device.fit_rows):
        last = first + device.fit_rows
        device.forward(first, last)
        device.backward(device.count_tokens(first, last) / device.count_tokens(0, full))
    device.step()
