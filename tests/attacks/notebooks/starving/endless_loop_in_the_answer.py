"""Computes for ever when a check calls it, in each part.

Status: timed out
Slow: yes
"""

# %% solution="total"
def running_total(values_N):
    while True:
        pass


# %% solution="tray"
def weigh(tray):
    while True:
        pass
