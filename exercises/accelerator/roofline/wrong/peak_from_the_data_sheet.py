"""Believes the data sheet: the machine reaches its peak with every kernel.

Caught by: roofline.rate_as_simulated, roofline.rate_on_real_machines
"""


# %% solution="attainable-rate"
def attainable_rate(flops, bytes_moved, peak_flop_s, bandwidth_byte_s):
    return peak_flop_s
