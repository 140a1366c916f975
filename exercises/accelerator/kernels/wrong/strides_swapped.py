"""Takes the stride of the rows for that of the columns, and the other way round, in B.

Caught by: matmul.ragged_tiles, matmul.any_strides
"""


# %% solution="matmul"
@triton.jit
def matmul_kernel(
    a_ptr, b_ptr, c_ptr, M, N, K, a_m, a_k, b_k, b_n, c_m, c_n,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr,
):  # fmt: skip
    m = tl.program_id(0) * BLOCK_M + tl.arange(0, BLOCK_M)
    n = tl.program_id(1) * BLOCK_N + tl.arange(0, BLOCK_N)
    sums = tl.zeros((BLOCK_M, BLOCK_N), dtype=tl.float32)
    for start in range(0, K, BLOCK_K):
        k = start + tl.arange(0, BLOCK_K)
        a = tl.load(a_ptr + m[:, None] * a_m + k[None, :] * a_k, mask=(m[:, None] < M) & (k[None, :] < K), other=0.0)
        b = tl.load(b_ptr + k[:, None] * b_n + n[None, :] * b_k, mask=(k[:, None] < K) & (n[None, :] < N), other=0.0)
        sums = tl.dot(a, b, sums)
    tl.store(c_ptr + m[:, None] * c_m + n[None, :] * c_n, sums, mask=(m[:, None] < M) & (n[None, :] < N))
