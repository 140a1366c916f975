"""Takes the scale out in float16, and goes to float32 afterwards.

Caught by: step.small_gradients_and_old_weights
"""


# %% solution="mixed-step"
def mixed_step(master, net, scale, max_norm, learning_rate):
    scaled = net.backward({name: w.astype(np.float16) for name, w in master.items()}, scale)
    g = {name: (v / np.float16(scale)).astype(np.float32) for name, v in scaled.items()}
    norm = np.sqrt(sum(float((v**2).sum()) for v in g.values()))
    if not np.isfinite(norm):
        return master
    shorter = min(1.0, max_norm / norm)
    return {name: (w - learning_rate * shorter * g[name]).astype(np.float32) for name, w in master.items()}
