"""Believes that a row begins right after the one before: the number of columns for the stride.

Caught by: softmax.rows_with_gaps, softmax.each_number_crosses_once, softmax.negative_rows, softmax.random_tables
"""


# %% solution="softmax"
@triton.jit
def softmax_kernel(x_ptr, out_ptr, x_row_stride, out_row_stride, n_columns, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    lanes = tl.arange(0, BLOCK)
    in_row = lanes < n_columns
    x = tl.load(x_ptr + row * n_columns + lanes, mask=in_row, other=-float("inf"))
    e = tl.exp(x - tl.max(x, axis=0))
    tl.store(out_ptr + row * n_columns + lanes, e / tl.sum(e, axis=0), mask=in_row)
