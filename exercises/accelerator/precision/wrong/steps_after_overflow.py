"""Trusts that clipping tames an infinite gradient, and steps.

Caught by: step.skips_overflow
"""


# %% solution="mixed-step"
def mixed_step(master, net, scale, max_norm, learning_rate):
    scaled = net.backward({name: w.astype(np.float16) for name, w in master.items()}, scale)
    g = {name: np.nan_to_num(v.astype(np.float32)) / scale for name, v in scaled.items()}
    norm = np.sqrt(sum(float((v.astype(np.float64) ** 2).sum()) for v in g.values()))
    shorter = min(1.0, max_norm / norm) if norm else 1.0
    return {name: (w - learning_rate * shorter * g[name]).astype(np.float32) for name, w in master.items()}
