"""Brings the gradient to max_norm always, also when it was shorter.

Caught by: step.step_of_float32, step.clipped_by_true_norm, step.small_gradients_and_old_weights, step.any_scale
"""


# %% solution="mixed-step"
def mixed_step(master, net, scale, max_norm, learning_rate):
    scaled = net.backward({name: w.astype(np.float16) for name, w in master.items()}, scale)
    g = {name: v.astype(np.float32) / scale for name, v in scaled.items()}
    norm = np.sqrt(sum(float((v**2).sum()) for v in g.values()))
    if not np.isfinite(norm):
        return master
    return {name: (w - learning_rate * max_norm / norm * g[name]).astype(np.float32) for name, w in master.items()}
