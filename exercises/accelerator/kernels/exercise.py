# The one source of this exercise.

# %% [markdown]
# # Write a kernel
#
# Your profiler shows a dozen small operations between two matrix products. Most of them read a whole table from memory
# and write a whole table back. The GPU computes almost nothing, and it is busy all the time. One kernel of your own can
# do the same with one read and one write.
#
# After this exercise you can
#
# - write a kernel that many programs run at once, each on its own block, and none outside of the array;
# - fuse a softmax over rows into one kernel, also when the rows have gaps between them in memory;
# - count what fusing saves;
# - multiply matrices in tiles, with sums that stay exact enough.
#
# | part | what you write | minutes |
# |---|---|---|
# | 1 · A kernel with a mask | one kernel, about five lines | 11 |
# | 2 · A softmax in one kernel | one kernel, about eight lines | 22 |
# | | then a good place to stop | |
# | 3 · The bytes that it saves | one function, three formulas | 12 |
# | 4 · A matrix product in tiles | one kernel: a stretch, graded like the others | + 25 |
#
# With 6 minutes of reading, parts 1 to 3 take 51 minutes. No part needs the answer of another. `wb.check("…")` checks
# your answer as often as you like, and `wb.hint("…")` gives a hint.
#
# Kernels are written in **Triton**, a language inside Python (Tillet and others, 2019). Triton exists for Linux only:
# on a Mac or on Windows, use a hub or a Linux machine. Without a GPU, kernels are interpreted: you need not set the
# variable `TRITON_INTERPRET`.

# %%
import numpy as np
import torch
import triton
import triton.language as tl
from torch.utils.benchmark import Timer

import workbench as wb
from workbench.kernels import Memory, launch

# %% tags=["parameters"]
rows, columns = 4096, 1000  # the table of which the cell after part 3 counts or measures the softmax

# %% [markdown]
# ## How a kernel looks
#
# A kernel is a function that runs many times at once. Each run is a **program**. All programs get the same arguments;
# only their number differs. There are no loops over the array: each program takes one **block** of numbers.
#
# | | |
# |---|---|
# | `x_ptr` | a **pointer**: the place in memory where the array `x` begins. It knows no length and no shape |
# | `tl.program_id(0)` | the number of this program: 0, 1, 2, … |
# | `tl.arange(0, BLOCK)` | the numbers 0 to BLOCK − 1, as one block. BLOCK is a power of two, known before the start |
# | `tl.load(x_ptr + places, mask=…, other=…)` | reads the numbers at these places |
# | `tl.store(out_ptr + places, values, mask=…)` | writes numbers to these places |
#
# Each element of a block is called a **lane**. Where the **mask** is False, a lane is switched off: nothing is read or
# written for it. After a load, such a lane holds `other`. Without `other`, it may hold anything. Places are counted in
# numbers, not in bytes.
#
# This kernel changes the sign of each number. It has a fault that we come to.


# %%
@triton.jit
def negate_kernel(x_ptr, out_ptr, BLOCK: tl.constexpr):
    first = tl.program_id(0) * BLOCK
    here = first + tl.arange(0, BLOCK)
    tl.store(out_ptr + here, -tl.load(x_ptr + here))


def negate(n, BLOCK):
    """Runs the kernel on n numbers, with as many programs as it takes, and shows what crossed the memory."""
    memory = Memory()
    x_ptr = memory.place("x", np.arange(n, dtype=np.float32))
    out_ptr = memory.empty("out", (n,))
    launch(memory, negate_kernel, (triton.cdiv(n, BLOCK),), x_ptr, out_ptr, BLOCK=BLOCK)  # cdiv: divide, round up
    print(f"{n} numbers in blocks of {BLOCK}: out = {memory.values('out')}")
    return memory.table()


negate(n=8, BLOCK=4)

# %% [markdown]
# `launch` runs one program after another on a **counted memory**: it sees each read and each write. On a GPU you would
# write `negate_kernel[(2,)](x, out, BLOCK=4)`, with tensors in place of pointers, and the programs would run at once.
#
# Eight numbers, blocks of four: two programs, each number crosses once. Now six numbers:

# %%
negate(n=6, BLOCK=4)

# %% [markdown]
# The result is right. But look at the column `outside`: the second program also read and wrote two places after the
# end. Here this is only counted. On a GPU there is no such guard: these places may belong to another array, and its
# numbers are gone. No error tells you.
#
# ## 1 · A kernel with a mask
#
# Write the hard swish of the unit *roofline* as one kernel: `x * clamp(x + 3, 0, 6) / 6`, for each number of `x`.
# `clamp(v, 0, 6)` replaces what is below 0 by 0, and what is above 6 by 6: `tl.maximum(v, 0.0)` and
# `tl.minimum(v, 6.0)` help. (Python's own `max` and `min` do not compare lane by lane here.)
#
# Program 0 takes the first BLOCK numbers, program 1 the next BLOCK, and so on. The last block may be longer than what
# is left. Read and write nothing outside of the arrays, and each number once. (The first check has whole blocks only.)


# %% solution="hard-swish"
@triton.jit
def hard_swish_kernel(x_ptr, out_ptr, n, BLOCK: tl.constexpr):
    """The hard swish of each number.

    x_ptr, out_ptr: two arrays of n float32 numbers, without gaps. Programs: enough for n numbers, along axis 0.
    """
    ### BEGIN SOLUTION "Load this program's block, compute the hard swish, and store it; with a mask."
    offsets = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = offsets < n
    x = tl.load(x_ptr + offsets, mask=inside)
    tl.store(out_ptr + offsets, x * tl.minimum(tl.maximum(x + 3.0, 0.0), 6.0) / 6.0, mask=inside)
    ### END SOLUTION


# %%
memory = Memory()
pointers = memory.place("x", np.linspace(-4, 4, 6, dtype=np.float32)), memory.empty("out", (6,))
try:
    launch(memory, hard_swish_kernel, (2,), *pointers, 6, BLOCK=4)
    x = memory.values("x")
    print("came:    ", memory.values("out") + 0.0)
    print("expected:", x * np.clip(x + 3, 0, 6) / 6 + 0.0, memory.table(), sep="\n\n")
except NotImplementedError as todo:
    print(todo)

# %% part="hard-swish"
wb.check("hard-swish")

# %% [markdown]
# ## 2 · A softmax in one kernel
#
# Softmax turns each row of a table into shares that sum to 1: exp(x) divided by the sum of exp(x) over the row. Written
# with whole tables, it takes five kernels. What one leaves for a later one goes through memory:
#
# ```python
# top = x.amax(1, keepdim=True)     # 1: the largest number of each row
# z = x - top                       # 2: with that, exp cannot overflow
# e = exp(z)                        # 3
# total = e.sum(1, keepdim=True)    # 4
# out = e / total                   # 5
# ```
#
# Write it as **one** kernel with **one program for each row**. The row comes from memory once, everything else happens
# on the chip, and the result goes back once. BLOCK is a power of two and at least the length of a row, so a row always
# fits into one block. `tl.max(v, axis=0)`, `tl.sum(v, axis=0)` and `tl.exp(v)` are what you need besides.
#
# Three things make it more than a line:
#
# - **The row may be shorter than the block.** What the other lanes hold must change neither the maximum nor the sum.
# - **Rows may have gaps between them**, as when the table is a part of a larger one. Row r of `x` begins
#   `r * x_row_stride` numbers after `x_ptr`. Within a row there are no gaps. `out` has a stride of its own.
# - **Numbers may be large**: 10,000 or −10,000 in float32 is no reason for a NaN.


# %% solution="softmax"
@triton.jit
def softmax_kernel(x_ptr, out_ptr, x_row_stride, out_row_stride, n_columns, BLOCK: tl.constexpr):
    """Softmax of each row: program r does row r.

    x_ptr, out_ptr: tables of float32 with n_columns ≤ BLOCK numbers in each row.
    x_row_stride, out_row_stride: how many numbers lie between the starts of two rows of x, and of out.
    """
    ### BEGIN SOLUTION "Load this program's row, compute its softmax, and store it; lanes after its end must not count."
    row = tl.program_id(0)
    lanes = tl.arange(0, BLOCK)
    in_row = lanes < n_columns
    x = tl.load(x_ptr + row * x_row_stride + lanes, mask=in_row, other=-float("inf"))
    e = tl.exp(x - tl.max(x, axis=0))
    tl.store(out_ptr + row * out_row_stride + lanes, e / tl.sum(e, axis=0), mask=in_row)
    ### END SOLUTION


# %%
memory = Memory()
table = np.array([[1, 2, 3], [0, 0, 0]], dtype=np.float32)
pointers = memory.place("x", table, strides=(5, 1)), memory.empty("out", (2, 3))
try:
    launch(memory, softmax_kernel, (2,), *pointers, 5, 3, 3, BLOCK=4)
    print(memory.values("out"), memory.table(), sep="\n\n")
except NotImplementedError as todo:
    print(todo)

# %% part="softmax"
wb.check("softmax")

# %% [markdown]
# **This is a good place to stop.** Save the notebook, and come back for the count.

# %% [markdown]
# ## 3 · The bytes that it saves
#
# How much does the fused kernel save? Count before you measure. As in the unit *roofline*, **bytes moved** are what
# crosses between memory and chip. Here we count kernel by kernel:
#
# - a program holds what it has read until it ends, if its code keeps it in a variable;
# - each `load` of a number is a read, each `store` of a number is a write; lanes that are masked off do not cross;
# - what one kernel leaves for the next goes through memory.
#
# Three ways to the same softmax. In each of them a program does one row. In a sketch of Python, with `x[r, c]` and the
# like for what lies in memory, and plain names for what a program holds (in way C, `t` begins at −∞ and `s` at 0):
#
# ```python
# # A · five kernels
# top[r] = max(x[r, c] for c in row)                         # 1
#
# t = top[r]                                                 # 2
# for c in row: z[r, c] = x[r, c] - t
#
# for c in row: e[r, c] = exp(z[r, c])                       # 3
#
# total[r] = sum(e[r, c] for c in row)                       # 4
#
# s = total[r]                                               # 5
# for c in row: out[r, c] = e[r, c] / s
#
# # B · one kernel: the row fits into one block
# v = [x[r, c] for c in row]                                 # held from here on
# for c in row: out[r, c] = exp(v[c] - max(v)) / sum(exp(u - max(v)) for u in v)
#
# # C · one kernel, three passes: the row is too long for a block, so the program goes through it block by block
# for each block: t = max(t, x[r, c] for c in block)         # first pass
# for each block: s = s + sum(exp(x[r, c] - t) for c in block)   # second pass: x is not held any more
# for each block: out[r, c] = exp(x[r, c] - t) / s           # third pass
# ```
#
# (There is a way with two passes instead of three: Milakov and Gimelshein, 2018. FlashAttention is built on it.)


# %% solution="softmax-bytes"
def softmax_bytes(n_rows: int, n_columns: int, block: int, bytes_per_number: int) -> tuple[int, int, int]:
    """Bytes moved by the softmax of a table, in the ways A, B and C.

    block: the lanes of a program's block. B: at least n_columns; C: it may be fewer, and the last block may be short.
    Returns (bytes of A, bytes of B, bytes of C).
    """
    ### BEGIN SOLUTION "Return the bytes that cross the memory in the ways A, B and C, reads and writes together."
    numbers = n_rows * n_columns
    five_kernels = 8 * numbers + 4 * n_rows
    return five_kernels * bytes_per_number, 2 * numbers * bytes_per_number, 4 * numbers * bytes_per_number
    ### END SOLUTION


# %% part="softmax-bytes"
wb.check("softmax-bytes")

# %% [markdown]
# ### Your kernel on your device
#
# With a GPU, this cell compiles your kernel and measures it beside PyTorch, and beside a plain copy of the table. A
# copy moves 2 numbers for each number of the table, and so does your kernel: a copy is the fastest that it can be.
# Without a GPU, it counts what your formulas of part 3 say. Run it after the check of part 2 is green: on a GPU, a
# kernel without a mask can destroy what other cells need.


# %%
def softmax(x):
    """The softmax of each row of a table on the GPU, by your kernel."""
    out = torch.empty_like(x)
    block = triton.next_power_of_2(x.shape[1])
    softmax_kernel[(x.shape[0],)](x, out, x.stride(0), out.stride(0), x.shape[1], BLOCK=block)
    return out


def five_kernels(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return e / e.sum(1, keepdim=True)


block = triton.next_power_of_2(columns)
try:
    if wb.device().name == "cuda" and type(softmax_kernel).__name__ == "JITFunction":
        x = torch.randn(rows, columns, device="cuda")
        print("equal to PyTorch:", torch.allclose(softmax(x), torch.softmax(x, 1), atol=1e-6))
        ways = {"copy": torch.clone, "your kernel": softmax, "torch.softmax": lambda x: torch.softmax(x, 1)}
        ways |= {"five kernels": five_kernels}
        times_s = {}
        for name, way in ways.items():
            times_s[name] = Timer("way(x)", globals={"way": way, "x": x}).blocked_autorange(min_run_time=1).median
            share = times_s["copy"] / times_s[name]
            print(f"{name:14} {1e3 * times_s[name]:8.3f} ms, {share:4.0%} of the speed of a copy")
    else:
        a, b, c = softmax_bytes(rows, columns, block, 4)
        print(f"{rows} × {columns} numbers in float32: A {a:,} bytes, B {b:,} bytes, C {c:,} bytes")
        print(f"If the memory decides, five kernels take {a / b:.2f} times as long as one.")
except NotImplementedError as todo:
    print(f"This cell shows more when parts 2 and 3 are there. Next: {todo}")

# %% [markdown]
# ## 4 · A matrix product in tiles
#
# This part is a stretch, outside of the 51 minutes.
#
# C = A · B, where A has M rows and K columns, and B has K rows and N columns. One program computes one **tile** of C:
# BLOCK_M rows and BLOCK_N columns. Program (i, j) does the tile with number i along the rows of C, and j along its
# columns. It goes along K in steps of BLOCK_K: it loads a tile of A and a tile of B, multiplies them, and adds the
# product to its sums. At the end it writes its tile of C, once.
#
# | | |
# |---|---|
# | `tl.program_id(0)`, `tl.program_id(1)` | the numbers i and j |
# | `tl.zeros((BLOCK_M, BLOCK_N), dtype=tl.float32)` | a tile of zeros |
# | `for start in range(0, K, BLOCK_K):` | a loop inside a program |
# | `v[:, None]`, `v[None, :]` | a block as a column, and as a row: their sum is a tile |
# | `p & q` | two masks joined, lane by lane; `p and q` does not do that |
# | `tl.dot(a, b, sums)` | `sums` plus the product of two tiles |
#
# A and B are float16: numbers of 2 bytes with about 3 decimal digits, and none above 65,504. **Add up in float32**: a
# long sum in float16 loses its small terms. C is float32. (This is how the matrix units of a GPU are meant to be used.)
#
# Any of M, N and K may be no multiple of its block. Each table has two strides: `a_m` is how many numbers further the
# next **row** of A is, and `a_k` how many the next **column**. So a table stored column by column needs no copy.


# %% solution="matmul"
@triton.jit
def matmul_kernel(
    a_ptr, b_ptr, c_ptr, M, N, K, a_m, a_k, b_k, b_n, c_m, c_n,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr,
):  # fmt: skip
    """C = A · B. Program (i, j) does tile (i, j) of C.

    a_ptr: M × K numbers in float16, b_ptr: K × N in float16, c_ptr: M × N in float32.
    a_m, a_k, …: strides in numbers; A[m, k] lies m * a_m + k * a_k numbers after a_ptr.
    """
    ### BEGIN SOLUTION "Add the products of the tiles along K in float32, and store this program's tile of C."
    m = tl.program_id(0) * BLOCK_M + tl.arange(0, BLOCK_M)
    n = tl.program_id(1) * BLOCK_N + tl.arange(0, BLOCK_N)
    sums = tl.zeros((BLOCK_M, BLOCK_N), dtype=tl.float32)
    for start in range(0, K, BLOCK_K):
        k = start + tl.arange(0, BLOCK_K)
        a_mask = (m[:, None] < M) & (k[None, :] < K)
        b_mask = (k[:, None] < K) & (n[None, :] < N)
        a = tl.load(a_ptr + m[:, None] * a_m + k[None, :] * a_k, mask=a_mask, other=0.0)
        b = tl.load(b_ptr + k[:, None] * b_k + n[None, :] * b_n, mask=b_mask, other=0.0)
        sums = tl.dot(a, b, sums)
    tl.store(c_ptr + m[:, None] * c_m + n[None, :] * c_n, sums, mask=(m[:, None] < M) & (n[None, :] < N))
    ### END SOLUTION


# %% part="matmul"
wb.check("matmul")

# %% [markdown]
# Why tiles? Each number of A is read once for each tile along N, not once for each column of C. With tiles of 128 × 128
# that is 128 times less. So the product has many FLOPs for each byte: in the roofline, it stands beyond the ridge.
#
# ## What is graded
#
# Your kernels run in your own process, and the checker believes nothing that it says. Their memory is the checker's: it
# holds fresh
# numbers, and counts each read and each write. So it knows what came out, whether something outside was touched, and
# how often each number crossed. It cannot know that a Triton kernel did it: whoever makes the same reads and writes in
# another way has moved the same bytes. How fast your kernel is, is not graded.
#
# ## Sources
#
# - P. Tillet, H. T. Kung, D. Cox: *Triton: An Intermediate Language and Compiler for Tiled Neural Network
#   Computations*. MAPL 2019, DOI 10.1145/3315508.3329973.
# - Triton 3.7, documentation of `triton.language`: `load`, `store`, `dot`; tutorial "Fused Softmax".
# - M. Milakov, N. Gimelshein: *Online normalizer calculation for softmax*. 2018, arXiv:1805.02867.
# - T. Dao, D. Y. Fu, S. Ermon, A. Rudra, C. Ré: *FlashAttention: Fast and Memory-Efficient Exact Attention with
#   IO-Awareness*. NeurIPS 2022, arXiv:2205.14135.
