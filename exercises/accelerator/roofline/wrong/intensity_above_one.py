"""Takes a kernel with more FLOPs than bytes for bound by compute, on any machine.

Caught by: roofline.named_resource_helps, roofline.bound_near_the_ridge
"""


# %% solution="what-bounds"
def what_bounds(flops, bytes_moved, peak_flop_s, bandwidth_byte_s):
    return "compute" if flops > bytes_moved else "memory"
