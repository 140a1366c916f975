"""Mixed precision halves the weights, and that is it.  Caught by: states.in_mixed_precision, states.real_models"""


# %% solution="resident-bytes"
def resident_bytes(tensors, optimizer, precision):
    n_all = sum(math.prod(shape) for shape, _ in tensors)
    n_trained = sum(math.prod(shape) for shape, trained in tensors if trained)
    width = 2 if precision == "mixed" else 4
    return {
        "weights": width * n_all,
        "gradients": width * n_trained,
        "master": 0,
        "states": 4 * n_trained * {"sgd": 0, "momentum": 1, "adam": 2}[optimizer],
    }
