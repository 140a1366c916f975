"""Believes that smoothing keeps the length, and averages with zeros at the ends.
Caught by: running-mean.agrees_with_a_loop
"""


# %% solution="running-mean"
def running_mean(values_N, window):
    return np.convolve(values_N, np.ones(window) / window, mode="same")
