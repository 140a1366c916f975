# The only source of the graded notebook. What stands above the first cell is shown to nobody, all else to the learner.
#
# A line `# %%` begins a cell, and its marker says what it is:
#   solution="NAME"    the learner writes it. Between BEGIN and END SOLUTION stands your answer; the learner gets the
#                      sentence in quotes (as a NotImplementedError) or the line without quotes in its place.
#   part="NAME"        runs the checks of a part of checks.py, and nothing else
#   written="NAME"     is answered in prose; a person gives the points by the rubric in exercise.yaml. A region in it
#                      holds a model answer for that person.
#   tags=["parameters"]  names that a profile of exercise.yaml may set

# %% [markdown]
# # Running mean
#
# A sensor reports a temperature each minute, and the curve shakes. You will smooth it with the mean of a sliding
# window, and see what that costs.

# %%
import numpy as np

import workbench as wb

# %% tags=["parameters"]
n_minutes = 240

# %%
celsius = np.loadtxt("data/celsius.txt")[:n_minutes]
print(f"{len(celsius)} minutes, from {celsius.min():.1f} to {celsius.max():.1f} °C")

# %% [markdown]
# ## 1 · The mean of each window
#
# A window of 3 slides over 5 values and fits in 3 places. So there are 3 means:
#
# | values | 2 | 4 | 9 | 4 | 2 |
# |---|---|---|---|---|---|
# | means | | 5 | 5.67 | 5 | |


# %% solution="running-mean"
def running_mean(values_N: np.ndarray, window: int) -> np.ndarray:
    """The mean of each full window of `values_N`, in order; ValueError when the window does not fit."""
    ### BEGIN SOLUTION "Return one mean for each place where the whole window fits."
    return np.lib.stride_tricks.sliding_window_view(values_N, window).mean(axis=1)
    ### END SOLUTION


# %% part="running-mean"
wb.check("running-mean")

# %% [markdown]
# ## 2 · How many means?
#
# A series has 1,000 values, the window is 25. How many means come out?

# %% solution="n-means"
### BEGIN SOLUTION n_means = None  # a whole number
n_means = 1000 - 25 + 1
### END SOLUTION

# %% part="n-means"
wb.check("n-means")

# %% [markdown]
# ## 3 · One spike
#
# One value in the middle of a long series is wrong by 10 °C. You smooth with a window of 5. What happens?
#
# - `"gone"`: the means do not show it
# - `"one"`: one mean is wrong by 10 °C
# - `"window"`: five means are wrong by 2 °C
# - `"all"`: every mean is wrong by a little

# %% solution="spike"
### BEGIN SOLUTION spike = None  # one of "gone", "one", "window", "all"
spike = "window"
### END SOLUTION

# %% part="spike"
wb.check("spike")

# %% [markdown]
# ## 4 · The ends
#
# The smooth curve is shorter than the series. Describe in about five sentences how you would treat the two ends, and
# what could go wrong.

# %% [markdown] written="edges"
# ### BEGIN SOLUTION "*Your answer*"
# Keep the curve short: nothing is invented, but the last minutes are lost, which is wrong for an alarm. Or repeat the
# last value: the length stays, but a shaking last value weighs double, which is wrong for a trend.
# ### END SOLUTION
