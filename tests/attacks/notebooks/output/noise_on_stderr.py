"""No attack: right answers that warn and write to stderr, which plain nbgrader grades with 0; here it keeps its points.

Earns: total 3, pairs 2, tray 3
"""

# %%
import sys
import warnings

warnings.warn("this is only a warning", stacklevel=1)
print("noise", file=sys.stderr)


# %% solution="total"
def running_total(values_N):
    print("noise", file=sys.stderr)
    return np.cumsum(values_N)


# %% solution="pairs"
n_pairs = 66


# %% solution="tray"
def weigh(tray):
    warnings.warn("more noise", stacklevel=1)
    return sum(tray.take() for _ in range(tray.left()))
