"""Takes all of mixed precision for 2 bytes, the states of Adam too.

Caught by: states.in_mixed_precision, states.real_models
"""


# %% solution="resident-bytes"
def resident_bytes(tensors, optimizer, precision):
    n_all = sum(math.prod(shape) for shape, _ in tensors)
    n_trained = sum(math.prod(shape) for shape, trained in tensors if trained)
    width = 2 if precision == "mixed" else 4
    return {
        "weights": width * n_all,
        "gradients": width * n_trained,
        "master": 4 * n_trained if precision == "mixed" else 0,
        "states": width * n_trained * {"sgd": 0, "momentum": 1, "adam": 2}[optimizer],
    }
