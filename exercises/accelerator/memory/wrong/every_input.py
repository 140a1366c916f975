"""Each layer keeps its input, whatever it is.

Caught by: activations.arrays_that_are_read, activations.random_networks
"""


# %% solution="activation-bytes"
def activation_bytes(layers, rows, bytes_per_number):
    return rows * sum(n_in * bytes_per_number + n_out * (kind == "dropout") for kind, n_in, n_out in layers)
