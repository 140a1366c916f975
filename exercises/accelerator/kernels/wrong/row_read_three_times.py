"""Reads the row again for the sum and for the result: it is in the cache anyway.

Caught by: softmax.each_number_crosses_once, softmax.random_tables
"""


# %% solution="softmax"
@triton.jit
def softmax_kernel(x_ptr, out_ptr, x_row_stride, out_row_stride, n_columns, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    lanes = tl.arange(0, BLOCK)
    in_row = lanes < n_columns
    places = x_ptr + row * x_row_stride + lanes
    top = tl.max(tl.load(places, mask=in_row, other=-float("inf")), axis=0)
    total = tl.sum(tl.exp(tl.load(places, mask=in_row, other=-float("inf")) - top), axis=0)
    e = tl.exp(tl.load(places, mask=in_row, other=-float("inf")) - top)
    tl.store(out_ptr + row * out_row_stride + lanes, e / total, mask=in_row)
