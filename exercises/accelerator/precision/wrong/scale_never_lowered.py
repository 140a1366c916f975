"""Skips, and hopes that the next batch fits: the scale stays, and so does the overflow.

Caught by: scaler.skips_and_lowers, scaler.grows_after_good_steps, scaler.long_random_runs,
scaler.last_step_decides
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
            good = 0
    return scale
