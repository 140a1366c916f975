"""Takes the lower bound for the upper one: minimum with 0, then maximum with 6.

Caught by: hard-swish.whole_blocks, hard-swish.short_last_block, hard-swish.other_sizes, hard-swish.own_block_only
"""


# %% solution="hard-swish"
@triton.jit
def hard_swish_kernel(x_ptr, out_ptr, n, BLOCK: tl.constexpr):
    offsets = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = offsets < n
    x = tl.load(x_ptr + offsets, mask=inside, other=0.0)
    tl.store(out_ptr + offsets, x * tl.maximum(tl.minimum(x + 3.0, 0.0), 6.0) / 6.0, mask=inside)
