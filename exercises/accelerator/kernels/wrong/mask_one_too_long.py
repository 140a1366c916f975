"""Counts the numbers from 1 to n, so the mask lets place n through.

Caught by: hard-swish.short_last_block, hard-swish.other_sizes
"""


# %% solution="hard-swish"
@triton.jit
def hard_swish_kernel(x_ptr, out_ptr, n, BLOCK: tl.constexpr):
    offsets = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = offsets <= n
    x = tl.load(x_ptr + offsets, mask=inside)
    tl.store(out_ptr + offsets, x * tl.minimum(tl.maximum(x + 3.0, 0.0), 6.0) / 6.0, mask=inside)
