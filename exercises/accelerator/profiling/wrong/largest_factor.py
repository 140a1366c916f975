"""Chooses the fix that advertises the largest factor.

Caught by: what-if.which_fix, what-if.best_of_three
"""


# %% solution="best-fix"
def best_fix(tasks, fixes):
    return max(fixes, key=lambda name: max(fixes[name].values()))
