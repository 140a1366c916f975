"""Keeps hidden inputs of one part and tells them in the error of a later part's visible check, which learners read.

Earns: total 3
"""

# %%
seen = []


# %% solution="total"
def running_total(values_N):
    seen.append(values_N.tolist())
    return np.cumsum(values_N)


# %% solution="pairs"
class Told(Exception):
    pass


n_pairs = repr(seen)


# %% solution="tray"
def weigh(tray):
    raise Told(repr(seen))
