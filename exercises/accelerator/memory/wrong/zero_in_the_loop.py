"""Sets the gradient to 0 for each micro-batch, by habit.

Caught by: accumulate.equal_micro_batches, accumulate.smaller_at_the_end, accumulate.different_tokens,
accumulate.any_batch
"""


# %% solution="train-step"
def train_step(device):
    for first in range(0, device.n_rows, device.fit_rows):
        last = min(first + device.fit_rows, device.n_rows)
        device.zero_grad()
        device.forward(first, last)
        device.backward(device.count_tokens(first, last) / device.count_tokens(0, device.n_rows))
    device.step()
