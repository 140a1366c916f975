"""Takes the size of the block for the length of a row.

Caught by: softmax.short_rows, softmax.rows_with_gaps, softmax.large_numbers, softmax.each_number_crosses_once,
softmax.negative_rows, softmax.random_tables
"""


# %% solution="softmax"
@triton.jit
def softmax_kernel(x_ptr, out_ptr, x_row_stride, out_row_stride, n_columns, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    lanes = tl.arange(0, BLOCK)
    in_row = lanes < BLOCK
    x = tl.load(x_ptr + row * BLOCK + lanes, mask=in_row, other=-float("inf"))
    e = tl.exp(x - tl.max(x, axis=0))
    tl.store(out_ptr + row * BLOCK + lanes, e / tl.sum(e, axis=0), mask=in_row)
