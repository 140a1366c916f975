"""Leaves the clipping to the scale, which already keeps gradients finite.

Caught by: step.clipped_by_true_norm, step.any_scale
"""


# %% solution="mixed-step"
def mixed_step(master, net, scale, max_norm, learning_rate):
    scaled = net.backward({name: w.astype(np.float16) for name, w in master.items()}, scale)
    g = {name: v.astype(np.float32) / scale for name, v in scaled.items()}
    if not all(np.isfinite(v).all() for v in g.values()):
        return master
    return {name: (w - learning_rate * g[name]).astype(np.float32) for name, w in master.items()}
