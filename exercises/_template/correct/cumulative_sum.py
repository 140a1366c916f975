"""Another right answer must score full marks too: here the differences of a cumulative sum."""


# %% solution="running-mean"
def running_mean(values_N, window):
    if window > len(values_N):
        raise ValueError(f"a window of {window} does not fit on {len(values_N)} values")
    sums_N1 = np.concatenate([[0.0], np.cumsum(values_N)])
    return (sums_N1[window:] - sums_N1[:-window]) / window
