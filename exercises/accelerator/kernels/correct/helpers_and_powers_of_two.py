"""With kernels that call another one, exp2 for exp, tl.where after a load, and pointers that move along K."""


# %% solution="hard-swish"
@triton.jit
def clamp06(v):
    return tl.where(v < 0.0, 0.0, tl.where(v > 6.0, 6.0, v))


@triton.jit
def hard_swish_kernel(x_ptr, out_ptr, n, BLOCK: tl.constexpr):
    program = tl.program_id(axis=0)
    place = program * BLOCK + tl.arange(0, BLOCK)
    x = tl.load(x_ptr + place, place < n, 0.0)
    tl.store(out_ptr + place, x * clamp06(x + 3.0) / 6.0, place < n)


# %% solution="softmax"
LOG2_E = tl.constexpr(1.4426950408889634)


@triton.jit
def softmax_kernel(x_ptr, out_ptr, x_row_stride, out_row_stride, n_columns, BLOCK: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    lane = tl.arange(0, BLOCK)
    x = tl.load(x_ptr + (row * x_row_stride + lane), mask=lane < n_columns, other=0.0)
    x = tl.where(lane < n_columns, x, -float("inf"))
    power = tl.exp2((x - tl.max(x, 0)) * LOG2_E)
    tl.store(out_ptr + (row * out_row_stride + lane), power * (1.0 / tl.sum(power, 0)), mask=lane < n_columns)


# %% solution="softmax-bytes"
def softmax_bytes(n_rows, n_columns, block, bytes_per_number):
    ways = []
    for tables, columns in ((8, 4), (2, 0), (4, 0)):
        ways.append(bytes_per_number * n_rows * (tables * n_columns + columns))
    return ways


# %% solution="matmul"
@triton.jit
def matmul_kernel(
    a_ptr, b_ptr, c_ptr, M, N, K, a_m, a_k, b_k, b_n, c_m, c_n,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr,
):  # fmt: skip
    row, column = tl.program_id(0), tl.program_id(1)
    m = (row * BLOCK_M + tl.arange(0, BLOCK_M))[:, None]
    n = (column * BLOCK_N + tl.arange(0, BLOCK_N))[None, :]
    k = tl.arange(0, BLOCK_K)
    a_ptrs = a_ptr + m * a_m + k[None, :] * a_k
    b_ptrs = b_ptr + k[:, None] * b_k + n * b_n
    total = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
    for left in range(K, 0, -BLOCK_K):
        a = tl.load(a_ptrs, mask=(m < M) & (k[None, :] < left), other=0)
        b = tl.load(b_ptrs, mask=(n < N) & (k[:, None] < left), other=0)
        total = tl.dot(a, b, acc=total)
        a_ptrs += BLOCK_K * a_k
        b_ptrs += BLOCK_K * b_k
    tl.store(c_ptr + m * c_m + n * c_n, total, mask=(m < M) & (n < N))
