"""Answers with NaN, infinities, numbers beyond all types, complex and negative zeros, where numbers are compared."""

# %% solution="total"
def running_total(values_N):
    return np.full(len(values_N), np.nan)


# %% solution="pairs"
n_pairs = 10**1200


# %% solution="tray"
def weigh(tray):
    return float("inf")
