"""A batch is a power of two.  Caught by: activations.largest_batch_as_filled, activations.largest_on_real_devices"""


# %% solution="largest-batch"
def largest_batch(measured, device_bytes):
    (rows_a, bytes_a), (rows_b, bytes_b) = measured
    per_row = (bytes_b - bytes_a) // (rows_b - rows_a)
    most = (device_bytes - bytes_a + rows_a * per_row) // per_row
    return 2 ** int(math.log2(most)) if most > 0 else 0
