"""Joins two masks with Python's `and`, which keeps one of them.

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
        a_mask = (m[:, None] < M) and (k[None, :] < K)
        b_mask = (k[:, None] < K) and (n[None, :] < N)
        a = tl.load(a_ptr + m[:, None] * a_m + k[None, :] * a_k, mask=a_mask, other=0.0)
        b = tl.load(b_ptr + k[:, None] * b_k + n[None, :] * b_n, mask=b_mask, other=0.0)
        sums = tl.dot(a, b, sums)
    tl.store(c_ptr + m[:, None] * c_m + n[None, :] * c_n, sums, mask=(m[:, None] < M) and (n[None, :] < N))
