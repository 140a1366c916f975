"""Counts skipped steps towards the next growth.

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
            scale, good = scale / 2, good + 1
    return scale
