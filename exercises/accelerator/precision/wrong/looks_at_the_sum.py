"""Looks whether the sum is finite: it overflows although every number is finite.

Caught by: scaler.skips_and_lowers, scaler.grows_after_good_steps
"""


# %% solution="train"
def train(run, n_steps, scale, growth_interval):
    good = 0
    for _ in range(n_steps):
        g_N = run.backward(scale)
        if np.isfinite(g_N.sum()):
            run.update(g_N.astype(np.float32) / scale)
            good += 1
            if good == growth_interval:
                scale, good = scale * 2, 0
        else:
            scale, good = scale / 2, 0
    return scale
