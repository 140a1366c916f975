"""Forgets to take the scale out: the learning rate is multiplied by it.

Caught by: step.step_of_float32, step.clipped_by_true_norm, step.any_scale
"""


# %% solution="mixed-step"
def mixed_step(master, net, scale, max_norm, learning_rate):
    scaled = net.backward({name: w.astype(np.float16) for name, w in master.items()}, scale)
    g = {name: v.astype(np.float32) for name, v in scaled.items()}
    norm = np.sqrt(sum(float((v**2).sum()) for v in g.values())) / scale
    if not np.isfinite(norm):
        return master
    shorter = min(1.0, max_norm / norm)
    return {name: (w - learning_rate * shorter * g[name]).astype(np.float32) for name, w in master.items()}
