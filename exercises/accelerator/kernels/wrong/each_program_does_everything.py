"""Believes that a kernel is called once and loops over the array, as a function in Python.

Caught by: hard-swish.whole_blocks, hard-swish.short_last_block, hard-swish.other_sizes, hard-swish.own_block_only
"""


# %% solution="hard-swish"
@triton.jit
def hard_swish_kernel(x_ptr, out_ptr, n, BLOCK: tl.constexpr):
    for start in range(0, n, BLOCK):
        offsets = start + tl.arange(0, BLOCK)
        inside = offsets < n
        x = tl.load(x_ptr + offsets, mask=inside)
        tl.store(out_ptr + offsets, x * tl.minimum(tl.maximum(x + 3.0, 0.0), 6.0) / 6.0, mask=inside)
