"""Looks for inf, and forgets nan.

Caught by: scaler.skips_and_lowers, scaler.long_random_runs, scaler.last_step_decides
"""


# %% solution="train"
def train(run, n_steps, scale, growth_interval):
    good = 0
    for _ in range(n_steps):
        g_N = run.backward(scale)
        if not np.isinf(g_N).any():
            run.update(g_N.astype(np.float32) / scale)
            good += 1
            if good == growth_interval:
                scale, good = scale * 2, 0
        else:
            scale, good = scale / 2, 0
    return scale
