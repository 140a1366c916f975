"""Unscales in float16: what the scale has saved becomes zero again.

Caught by: scaler.unscales_in_float32, scaler.skips_and_lowers, scaler.grows_after_good_steps,
scaler.long_random_runs
"""


# %% solution="train"
def train(run, n_steps, scale, growth_interval):
    good = 0
    for _ in range(n_steps):
        g_N = run.backward(scale)
        if np.isfinite(g_N).all():
            run.update(g_N / np.float16(scale) if scale < 60000 else (g_N / np.float16(256)) / np.float16(scale / 256))
            good += 1
            if good == growth_interval:
                scale, good = scale * 2, 0
        else:
            scale, good = scale / 2, 0
    return scale
