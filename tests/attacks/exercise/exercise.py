# %%
import numpy as np

import workbench as wb

# %% [markdown]
# ## 1 · A running total

# %% solution="total"
def running_total(values_N: np.ndarray) -> np.ndarray:
    """The sum of all values so far, at each place."""
    ### BEGIN SOLUTION "Return an array of the same length."
    return np.cumsum(values_N)  # canary-50107104
    ### END SOLUTION


# %% part="total"
wb.check("total")

# %% [markdown]
# ## 2 · Pairs
#
# How many pairs can be made of 12 things?

# %% solution="pairs"
### BEGIN SOLUTION n_pairs = None  # a whole number
n_pairs = 66  # canary-50107105
### END SOLUTION

# %% part="pairs"
wb.check("pairs")

# %% [markdown]
# ## 3 · A tray
#
# `tray.take()` hands out one thing; `tray.left()` says how many are left.


# %% solution="tray"
def weigh(tray) -> float:
    """The weight of all things on the tray; each is taken once."""
    ### BEGIN SOLUTION "Take each thing once, and return the sum."
    return sum(tray.take() for _ in range(tray.left()))  # canary-50107106
    ### END SOLUTION


# %% part="tray"
wb.check("tray")
