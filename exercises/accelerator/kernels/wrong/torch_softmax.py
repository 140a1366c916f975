"""Calls PyTorch's softmax on what it is given: pointers, of which it knows neither shape nor numbers.

Caught by: softmax.full_rows, softmax.short_rows, softmax.rows_with_gaps, softmax.large_numbers,
softmax.each_number_crosses_once, softmax.negative_rows, softmax.random_tables
"""


# %% solution="softmax"
@triton.jit
def softmax_kernel(x_ptr, out_ptr, x_row_stride, out_row_stride, n_columns, BLOCK: tl.constexpr):
    out_ptr = torch.softmax(x_ptr, 1)
