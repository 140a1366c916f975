"""Counts the steps between the windows, not the windows, and expects each value in one mean.
Caught by: n-means.counts_every_window, spike.spreads_over_the_window
"""

# %% solution="n-means"
n_means = 1000 - 25

# %% solution="spike"
spike = "one"
