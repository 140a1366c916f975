"""Believes that the result has the input's type, and cuts off fractions.
Caught by: running-mean.keeps_fractions_of_whole_numbers
"""


# %% solution="running-mean"
def running_mean(values_N, window):
    if window > len(values_N):
        raise ValueError("the window does not fit")
    means_M = np.zeros_like(values_N[: len(values_N) - window + 1])
    for i in range(len(means_M)):
        means_M[i] = values_N[i : i + window].mean()
    return means_M
