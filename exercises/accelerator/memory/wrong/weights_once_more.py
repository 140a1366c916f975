"""The linear layer needs its weights in the backward pass, so they are counted as waiting.

Caught by: activations.arrays_that_are_read, activations.random_networks
"""


# %% solution="activation-bytes"
def activation_bytes(layers, rows, bytes_per_number):
    sizes = [layers[0][1], *(n_out for _, _, n_out in layers)]
    waiting = {i for i, (kind, _, _) in enumerate(layers) if kind in ("linear", "gelu")}
    waiting |= {i + 1 for i, (kind, _, _) in enumerate(layers) if kind in ("relu", "tanh")}
    masks = sum(n_out for kind, _, n_out in layers if kind == "dropout")
    weights = sum(n_in * n_out for kind, n_in, n_out in layers if kind == "linear")
    return rows * (bytes_per_number * sum(sizes[i] for i in waiting) + masks) + bytes_per_number * weights
