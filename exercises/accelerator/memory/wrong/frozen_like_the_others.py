"""A frozen weight gets gradient, states and master copy like any other.

Caught by: states.frozen_tensors, states.real_models
"""


# %% solution="resident-bytes"
def resident_bytes(tensors, optimizer, precision):
    n = sum(math.prod(shape) for shape, _ in tensors)
    width = 2 if precision == "mixed" else 4
    return {
        "weights": width * n,
        "gradients": width * n,
        "master": 4 * n if precision == "mixed" else 0,
        "states": 4 * n * {"sgd": 0, "momentum": 1, "adam": 2}[optimizer],
    }
