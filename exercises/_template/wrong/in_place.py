"""Saves memory by writing the means over the caller's values.  Caught by: running-mean.leaves_its_input_alone"""


# %% solution="running-mean"
def running_mean(values_N, window):
    if window > len(values_N):
        raise ValueError("the window does not fit")
    n_means = len(values_N) - window + 1
    means_M = values_N[:n_means] if values_N.dtype.kind == "f" else np.empty(n_means)
    for i in range(n_means):
        means_M[i] = values_N[i : i + window].mean()
    return means_M
