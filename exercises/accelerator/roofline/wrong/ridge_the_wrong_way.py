"""Compares with the ridge the wrong way round: many FLOPs per byte, so much traffic.

Caught by: roofline.named_resource_helps, roofline.bound_near_the_ridge
"""


# %% solution="what-bounds"
def what_bounds(flops, bytes_moved, peak_flop_s, bandwidth_byte_s):
    return "memory" if flops / bytes_moved > peak_flop_s / bandwidth_byte_s else "compute"
