"""Counts an array for each layer that uses it.

Caught by: activations.arrays_that_are_read, activations.random_networks
"""


# %% solution="activation-bytes"
def activation_bytes(layers, rows, bytes_per_number):
    total = 0
    for kind, n_in, n_out in layers:
        total += rows * bytes_per_number * {"linear": n_in, "gelu": n_in, "relu": n_out, "tanh": n_out}.get(kind, 0)
        total += rows * n_out * (kind == "dropout")
    return total
