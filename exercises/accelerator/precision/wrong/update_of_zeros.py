"""Replaces inf and nan by zeros and updates: an optimizer with a memory moves all the same.

Caught by: scaler.skips_and_lowers, scaler.grows_after_good_steps, scaler.long_random_runs
"""


# %% solution="train"
def train(run, n_steps, scale, growth_interval):
    good = 0
    for _ in range(n_steps):
        g_N = run.backward(scale)
        if np.isfinite(g_N).all():
            run.update(g_N.astype(np.float32) / scale)
            good += 1
            if good == growth_interval:
                scale, good = scale * 2, 0
        else:
            run.update(np.zeros_like(g_N))
            scale, good = scale / 2, 0
    return scale
