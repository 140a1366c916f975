"""Moves the arrays of `master` themselves: the caller's old weights are gone.

Caught by: step.small_gradients_and_old_weights
"""


# %% solution="mixed-step"
def mixed_step(master, net, scale, max_norm, learning_rate):
    scaled = net.backward({name: w.astype(np.float16) for name, w in master.items()}, scale)
    g = {name: v.astype(np.float32) / scale for name, v in scaled.items()}
    norm = np.sqrt(sum(float((v**2).sum()) for v in g.values()))
    if not np.isfinite(norm):
        return master
    for name, w in master.items():
        w -= learning_rate * min(1.0, max_norm / norm) * g[name]
    return master
