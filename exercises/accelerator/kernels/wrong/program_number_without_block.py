"""Takes the number of the program for a place: blocks overlap.

Caught by: hard-swish.whole_blocks, hard-swish.short_last_block, hard-swish.other_sizes, hard-swish.own_block_only
"""


# %% solution="hard-swish"
@triton.jit
def hard_swish_kernel(x_ptr, out_ptr, n, BLOCK: tl.constexpr):
    offsets = tl.program_id(0) + tl.arange(0, BLOCK)
    inside = offsets < n
    x = tl.load(x_ptr + offsets, mask=inside)
    tl.store(out_ptr + offsets, x * tl.minimum(tl.maximum(x + 3.0, 0.0), 6.0) / 6.0, mask=inside)
