"""Names both resources on the ridge, since both take equally long there.

Caught by: roofline.named_resource_helps
"""


# %% solution="what-bounds"
def what_bounds(flops, bytes_moved, peak_flop_s, bandwidth_byte_s):
    if flops * bandwidth_byte_s == bytes_moved * peak_flop_s:
        return "both"
    return "compute" if flops * bandwidth_byte_s > bytes_moved * peak_flop_s else "memory"
