"""Adds the time of the memory to the time of the arithmetic, as if the two waited for each other.

Caught by: roofline.rate_as_simulated, roofline.rate_on_real_machines
"""


# %% solution="attainable-rate"
def attainable_rate(flops, bytes_moved, peak_flop_s, bandwidth_byte_s):
    return flops / (flops / peak_flop_s + bytes_moved / bandwidth_byte_s)
