"""The optimizer remembers one array, whichever it is.  Caught by: states.in_float32, states.in_mixed_precision"""


# %% solution="resident-bytes"
def resident_bytes(tensors, optimizer, precision):
    n_all = sum(math.prod(shape) for shape, _ in tensors)
    n_trained = sum(math.prod(shape) for shape, trained in tensors if trained)
    width = 2 if precision == "mixed" else 4
    return {
        "weights": width * n_all,
        "gradients": width * n_trained,
        "master": 4 * n_trained if precision == "mixed" else 0,
        "states": 4 * n_trained * (optimizer != "sgd"),
    }
