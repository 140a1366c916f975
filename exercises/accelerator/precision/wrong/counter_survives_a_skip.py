"""Counts good steps, but not in a row: a skipped step leaves the counter as it is.

Caught by: scaler.grows_after_good_steps, scaler.long_random_runs
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
            scale = scale / 2
    return scale
