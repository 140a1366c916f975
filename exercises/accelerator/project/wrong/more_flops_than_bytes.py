"""Compares FLOPs with bytes, as if they were the same thing, and forgets the device.

Caught by: kernel.both_sides_of_the_ridge
"""


# %% solution="bound-by"
def bound_by(flops, moved, peak_flop_s, bandwidth_byte_s):
    return "compute" if flops > moved else "memory"
