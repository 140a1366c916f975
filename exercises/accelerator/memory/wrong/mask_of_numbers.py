"""A mask has as many bytes as the array it hides.  Caught by: activations.masks, activations.random_networks"""


# %% solution="activation-bytes"
def activation_bytes(layers, rows, bytes_per_number):
    sizes = [layers[0][1], *(n_out for _, _, n_out in layers)]
    waiting = {i for i, (kind, _, _) in enumerate(layers) if kind in ("linear", "gelu")}
    waiting |= {i + 1 for i, (kind, _, _) in enumerate(layers) if kind in ("relu", "tanh")}
    masks = sum(n_out for kind, _, n_out in layers if kind == "dropout")
    return rows * bytes_per_number * (sum(sizes[i] for i in waiting) + masks)
