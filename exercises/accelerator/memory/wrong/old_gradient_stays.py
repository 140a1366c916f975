"""Never sets the gradient to 0.  Caught by: accumulate.equal_micro_batches, accumulate.any_batch"""


# %% solution="train-step"
def train_step(device):
    for first in range(0, device.n_rows, device.fit_rows):
        last = min(first + device.fit_rows, device.n_rows)
        device.forward(first, last)
        device.backward(device.count_tokens(first, last) / device.count_tokens(0, device.n_rows))
    device.step()
