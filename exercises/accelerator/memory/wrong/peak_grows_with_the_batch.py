"""Twice the batch, twice the memory: forgets what is there with any batch.

Caught by: activations.largest_batch_as_filled, activations.largest_on_real_devices
"""


# %% solution="largest-batch"
def largest_batch(measured, device_bytes):
    rows, peak = max(measured)
    return device_bytes * rows // peak
