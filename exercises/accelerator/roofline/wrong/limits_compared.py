"""Takes the smaller one of the two limits for the rate, as if FLOP/s and byte/s were the same.

Caught by: roofline.rate_as_simulated, roofline.rate_on_real_machines
"""


# %% solution="attainable-rate"
def attainable_rate(flops, bytes_moved, peak_flop_s, bandwidth_byte_s):
    return min(peak_flop_s, bandwidth_byte_s)
