"""Does not count a skipped batch as one, and asks for more batches than there are.

Caught by: scaler.skips_and_lowers, scaler.grows_after_good_steps, scaler.long_random_runs,
scaler.last_step_decides
"""


# %% solution="train"
def train(run, n_steps, scale, growth_interval):
    good, updates = 0, 0
    while updates < n_steps:
        g_N = run.backward(scale)
        if np.isfinite(g_N).all():
            run.update(g_N.astype(np.float32) / scale)
            updates, good = updates + 1, good + 1
            if good == growth_interval:
                scale, good = scale * 2, 0
        else:
            scale, good = scale / 2, 0
    return scale
