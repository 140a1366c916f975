"""Clips each array by its own norm, which turns the gradient into another direction.

Caught by: step.clipped_by_true_norm, step.any_scale
"""


# %% solution="mixed-step"
def mixed_step(master, net, scale, max_norm, learning_rate):
    scaled = net.backward({name: w.astype(np.float16) for name, w in master.items()}, scale)
    g = {name: v.astype(np.float32) / scale for name, v in scaled.items()}
    if not all(np.isfinite(v).all() for v in g.values()):
        return master
    g = {name: v * min(1.0, max_norm / np.linalg.norm(v)) for name, v in g.items()}
    return {name: (w - learning_rate * g[name]).astype(np.float32) for name, w in master.items()}
