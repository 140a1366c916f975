"""Only the activations fill the device.

Caught by: activations.largest_batch_as_filled, activations.largest_on_real_devices
"""


# %% solution="largest-batch"
def largest_batch(measured, device_bytes):
    (rows_a, bytes_a), (rows_b, bytes_b) = measured
    return device_bytes // ((bytes_b - bytes_a) // (rows_b - rows_a))
