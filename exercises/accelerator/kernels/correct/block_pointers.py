"""With block pointers, which know shape and strides, and Triton's own softmax on the row."""


# %% solution="hard-swish"
@triton.jit
def hard_swish_kernel(x_ptr, out_ptr, n, BLOCK: tl.constexpr):
    first = tl.program_id(0) * BLOCK
    x_block = tl.make_block_ptr(x_ptr, (n,), (1,), (first,), (BLOCK,), (0,))
    out_block = tl.make_block_ptr(out_ptr, (n,), (1,), (first,), (BLOCK,), (0,))
    x = tl.load(x_block, boundary_check=(0,), padding_option="zero")
    y = tl.where(x <= -3.0, 0.0, tl.where(x >= 3.0, x, x * (x + 3.0) * (1.0 / 6.0)))
    tl.store(out_block, y, boundary_check=(0,))


# %% solution="softmax"
@triton.jit
def softmax_kernel(x_ptr, out_ptr, x_row_stride, out_row_stride, n_columns, BLOCK: tl.constexpr):
    x_ptr += tl.program_id(0) * x_row_stride
    out_ptr += tl.program_id(0) * out_row_stride
    lanes = tl.arange(0, BLOCK)
    x = tl.load(x_ptr + lanes, mask=lanes < n_columns, other=-1e30)
    tl.store(out_ptr + lanes, tl.softmax(x), mask=lanes < n_columns)


# %% solution="softmax-bytes"
def softmax_bytes(n_rows, n_columns, block, bytes_per_number):
    table, column = bytes_per_number * n_rows * n_columns, bytes_per_number * n_rows
    kernels = [table + column, table + column + table, table + table, table + column, table + column + table]
    return sum(kernels), table + table, 3 * table + table


# %% solution="matmul"
@triton.jit
def matmul_kernel(
    a_ptr, b_ptr, c_ptr, M, N, K, a_m, a_k, b_k, b_n, c_m, c_n,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr,
):  # fmt: skip
    i = tl.program_id(0) * BLOCK_M
    j = tl.program_id(1) * BLOCK_N
    a_block = tl.make_block_ptr(a_ptr, (M, K), (a_m, a_k), (i, 0), (BLOCK_M, BLOCK_K), (1, 0))
    b_block = tl.make_block_ptr(b_ptr, (K, N), (b_k, b_n), (0, j), (BLOCK_K, BLOCK_N), (1, 0))
    c_block = tl.make_block_ptr(c_ptr, (M, N), (c_m, c_n), (i, j), (BLOCK_M, BLOCK_N), (1, 0))
    sums = tl.zeros((BLOCK_M, BLOCK_N), dtype=tl.float32)
    for _ in range(tl.cdiv(K, BLOCK_K)):
        a = tl.load(a_block, boundary_check=(0, 1), padding_option="zero")
        b = tl.load(b_block, boundary_check=(0, 1), padding_option="zero")
        sums += tl.dot(a, b)
        a_block = tl.advance(a_block, (0, BLOCK_K))
        b_block = tl.advance(b_block, (BLOCK_K, 0))
    tl.store(c_block, sums, boundary_check=(0, 1))
