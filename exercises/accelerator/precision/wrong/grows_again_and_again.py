"""Does not begin to count again after a growth: then every good step doubles the scale.

Caught by: scaler.grows_after_good_steps, scaler.long_random_runs, scaler.last_step_decides
"""


# %% solution="train"
def train(run, n_steps, scale, growth_interval):
    good = 0
    for _ in range(n_steps):
        g_N = run.backward(scale)
        if np.isfinite(g_N).all():
            run.update(g_N.astype(np.float32) / scale)
            good += 1
            if good >= growth_interval:
                scale = scale * 2
        else:
            scale, good = scale / 2, 0
    return scale
