"""Believes that an array has an end that a kernel cannot pass: there is no mask.

Caught by: hard-swish.short_last_block, hard-swish.other_sizes, softmax.short_rows, softmax.rows_with_gaps,
softmax.large_numbers, softmax.each_number_crosses_once, softmax.negative_rows, softmax.random_tables
"""


# %% solution="hard-swish"
@triton.jit
def hard_swish_kernel(x_ptr, out_ptr, n, BLOCK: tl.constexpr):
    offsets = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = offsets < n
    x = tl.load(x_ptr + offsets)
    tl.store(out_ptr + offsets, x * tl.minimum(tl.maximum(x + 3.0, 0.0), 6.0) / 6.0)


# %% solution="softmax"
@triton.jit
def softmax_kernel(x_ptr, out_ptr, x_row_stride, out_row_stride, n_columns, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    lanes = tl.arange(0, BLOCK)
    in_row = lanes < n_columns
    x = tl.load(x_ptr + row * x_row_stride + lanes)
    e = tl.exp(x - tl.max(x, axis=0))
    tl.store(out_ptr + row * out_row_stride + lanes, e / tl.sum(e, axis=0))
