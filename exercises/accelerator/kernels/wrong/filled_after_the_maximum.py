"""Switches the lanes after the row off for the sum, but the maximum has seen what they held.

Caught by: softmax.short_rows, softmax.rows_with_gaps, softmax.large_numbers, softmax.each_number_crosses_once,
softmax.negative_rows, softmax.random_tables
"""


# %% solution="softmax"
@triton.jit
def softmax_kernel(x_ptr, out_ptr, x_row_stride, out_row_stride, n_columns, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    lanes = tl.arange(0, BLOCK)
    in_row = lanes < n_columns
    x = tl.load(x_ptr + row * x_row_stride + lanes, mask=in_row)
    e = tl.where(in_row, tl.exp(x - tl.max(x, axis=0)), 0.0)
    tl.store(out_ptr + row * out_row_stride + lanes, e / tl.sum(e, axis=0), mask=in_row)
