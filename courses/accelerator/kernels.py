# title: One kernel instead of four
# minutes: 24
# profiles:
#   smoke: {parameters: {rows: 512, columns: 500, min_run_s: 0.02, with_compiler: false}, env: {TRITON_INTERPRET: 1}}
#   laptop: {env: {TRITON_INTERPRET: 1}}
#   gpu: {parameters: {rows: 65536, columns: 4000}}
#   cluster: {parameters: {rows: 65536, columns: 4000}}

# %% [markdown]
# # One kernel instead of four
#
# Between two matrix products your model does small things: normalise a row, scale it, add something. Each is one line
# of PyTorch. Together they can cost more than the products, because most lines read a whole table from memory, and
# many write a whole one back. You could buy a faster memory. Or you could write the lines as one kernel: then the table
# travels in once and out once. That kernel is ten lines of Python. It also takes away the guard rails of Python.
#
# After this lesson you can
#
# - **read** a kernel: what a program, a block and a mask are;
# - **predict** what a kernel without a mask does to its neighbours;
# - **write** a kernel in which one program does one row;
# - **count** how many trips to the memory a merged kernel saves, and say when it is worth it.
#
# This takes about 24 minutes. Run the cells from top to bottom. Nothing here is graded. The unit *roofline* explains
# why bytes decide.

# %%
import inspect
import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
import triton
import triton.language as tl
from torch.utils.benchmark import Timer

import workbench as wb
from workbench.kernels import Memory, launch

found = wb.device()
on_gpu = found.name == "cuda" and os.environ.get("TRITON_INTERPRET") != "1"
print("triton", triton.__version__, "· kernels are", "compiled for the GPU" if on_gpu else "interpreted on the CPU")

# %% tags=["parameters"]
rows, columns = 8192, 2000  # the table whose times are measured
min_run_s = 0.3  # each way is repeated for about this long
with_compiler = True  # whether torch.compile takes part: its first call takes seconds

# %% [markdown]
# ## A kernel, and four words
#
# **Triton** is a language for kernels inside Python (Tillet and others 2019). It exists for Linux. Without a GPU, its
# *interpreter* runs the same code on the CPU: slowly, but with the same results. (Python's own `and`, `min` and `max`
# of blocks are an exception: leave them alone.) You need not set the variable `TRITON_INTERPRET` for that: here,
# kernels are interpreted wherever there is no GPU.
#
# - A kernel is started as many **programs** at once. All run the same code. Only their number differs, and each takes
#   its own **block** of the array. There is no loop over the array.
# - The kernel does not get arrays. It gets a **pointer**: the place in memory where an array begins.
# - Each element of a block is called a **lane**.
#
# `@triton.jit` makes a kernel of a function, and `tl.constexpr` marks a number that is fixed before the start. This
# kernel doubles each number:


# %%
@triton.jit
def double_kernel(x_ptr, out_ptr, BLOCK: tl.constexpr):
    first = tl.program_id(0) * BLOCK  # program 0 begins at 0, program 1 at BLOCK, …
    places = first + tl.arange(0, BLOCK)  # as many places as lanes
    tl.store(out_ptr + places, 2 * tl.load(x_ptr + places))


# %% [markdown]
# To start it, we say how many programs there shall be. BLOCK has to be a power of two. For 8 numbers in blocks of 4 we
# need 2 programs: `(2,)`. `Memory` stands for the memory of a device, and counts what crosses. The column *outside* is
# for reads and writes of places that belong to no array:

# %%
memory = Memory()
x_ptr, out_ptr = memory.place("x", np.arange(8, dtype=np.float32)), memory.empty("out", (8,))
launch(memory, double_kernel, (2,), x_ptr, out_ptr, BLOCK=4)
print(memory.values("out"))
memory.table()

# %% [markdown]
# ## Predict
#
# Real arrays are seldom a multiple of the block. Take 1,000 numbers and BLOCK = 256. Three programs do 768 numbers, so
# we need a fourth.
#
# Frameworks cut their arrays from one large piece of memory. So three arrays lie one after another here: `x` with 1,000
# numbers, `out` with 1,000, and `weights` with 500, which belong to another layer. The kernel is the one above. It
# is told where `x` and `out` begin, and nothing about `weights`.

# %%
wb.predict(
    "weights",
    "Four programs of the kernel above, 256 numbers each, double 1,000 numbers. How many of the 500 weights have "
    "changed afterwards?",
)


# %%
def run_in_pool(kernel, *numbers):
    """Runs a kernel on x and out, which lie before the weights; what x, out and weights hold afterwards."""
    pool = np.concatenate([np.arange(1, 1001), np.zeros(1000), np.full(500, 0.5)]).astype(np.float32)
    if on_gpu:
        tensor = torch.from_numpy(pool).cuda()
        kernel[(4,)](tensor, tensor[1000:], *numbers, BLOCK=256)
        pool = tensor.cpu().numpy()
    else:
        memory = Memory()
        x_ptr = memory.place("pool", pool)
        launch(memory, kernel, (4,), x_ptr, x_ptr + 1000, *numbers, BLOCK=256)
        pool = memory.values("pool")
    return np.split(pool, [1000, 2000])


x, out, weights = run_in_pool(double_kernel)
changed = int((weights != 0.5).sum())
print("out is right:", bool((out == 2 * x).all()), "· we got to this line, so no error came")
print("the first weights:", weights[:4], "… were 0.5 each")

# %%
wb.settle(
    "weights",
    changed,
    why=f"Four programs have 4 × 256 = 1,024 lanes, and 1,000 of them have a number. The other {changed} wrote too, to "
    "the places that come next.",
)

# %% [markdown]
# ## Explain
#
# If you said 0, you expected what Python does: an array knows its length, and a place after its end is an error. A
# pointer knows no length. `out_ptr + 1010` is a place in memory like any other, and it is the eleventh weight. The
# result of our kernel is right, no error came, and another layer is broken. Such a fault shows up hours later, as a
# loss that is suddenly NaN. (After `x` comes `out`: so the fourth program doubled numbers of `out`, which the first
# program had doubled before.)
#
# The answer is a **mask**: for each lane, True or False. Where it is False, nothing is read or written for this lane.
# The kernel has to be told how many numbers there are.


# %%
@triton.jit
def masked_double_kernel(x_ptr, out_ptr, n, BLOCK: tl.constexpr):
    places = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    has_number = places < n
    x = tl.load(x_ptr + places, mask=has_number)
    tl.store(out_ptr + places, 2 * x, mask=has_number)


x, out, weights = run_in_pool(masked_double_kernel, 1000)
print("out is right:", bool((out == 2 * x).all()), "· weights changed:", int((weights != 0.5).sum()))

# %% [markdown]
# ## A worked example: one program for each row
#
# Many language models normalise each row of a table with *RMSNorm* (Zhang and Sennrich 2019): they divide the row by
# the root of the mean of its squares, so that its numbers have a typical size of 1. (Real programs add a tiny number to
# the mean, for rows of zeros.) In PyTorch, each of these lines is a kernel:


# %%
def four_kernels(x):
    squares = x * x  # 1
    mean = squares.mean(1, keepdim=True)  # 2: one number for each row
    scale = torch.rsqrt(mean)  # 3: 1 / √mean
    return x * scale  # 4


# %% [markdown]
# As one kernel: a program takes a whole row, does everything with it on the chip, and writes the result. The row may
# be shorter than the block, so there is a mask again. And there is something new. The lanes after the end of the row
# take part in `tl.sum`. They must hold a number that does not change a sum: `other=0.0`. Without `other`, Triton does
# not say what they hold.


# %%
@triton.jit
def rms_norm_kernel(x_ptr, out_ptr, n_columns, BLOCK: tl.constexpr):
    lane = tl.arange(0, BLOCK)
    has_number = lane < n_columns
    places = tl.program_id(0) * n_columns + lane  # row r begins after r rows
    x = tl.load(x_ptr + places, mask=has_number, other=0.0)
    mean = tl.sum(x * x, axis=0) / n_columns  # not / BLOCK: the other lanes are no numbers of the row
    tl.store(out_ptr + places, x * tl.rsqrt(mean), mask=has_number)


def run_rows(kernel, table):
    """Runs a kernel with one program for each row of a table; its result and the memory that it ran on."""
    memory, (n_rows, n_columns) = Memory(trace=True), table.shape
    pointers = memory.place("x", table), memory.empty("out", table.shape)
    launch(memory, kernel, (n_rows,), *pointers, n_columns, BLOCK=triton.next_power_of_2(n_columns))
    return memory.values("out"), memory


table = np.random.default_rng(2026).normal(size=(12, 50)).astype(np.float32)
got, one_memory = run_rows(rms_norm_kernel, table)
print("equal to PyTorch:", np.allclose(got, four_kernels(torch.from_numpy(table)), atol=1e-6))
one_memory.table()

# %% [markdown]
# 12 rows of 50 numbers: each of the 600 numbers was read once and written once. The block has 64 lanes, but the 14
# lanes without a number moved nothing.

# %% [markdown]
# ## Your turn
#
# Layer norm needs rows whose mean is 0. Write the rest of a kernel that takes its mean off each row: load the row,
# subtract its mean, store the result. (4 minutes)


# %% solution="centre"
@triton.jit
def centre_kernel(x_ptr, out_ptr, n_columns, BLOCK: tl.constexpr):
    """Takes the mean of a row off each of its numbers. Program r does row r."""
    lane = tl.arange(0, BLOCK)
    has_number = lane < n_columns
    places = tl.program_id(0) * n_columns + lane
    ### BEGIN SOLUTION "Load the row into x, and compute its mean; the lanes after its end must not count."
    x = tl.load(x_ptr + places, mask=has_number, other=0.0)
    mean = tl.sum(x, axis=0) / n_columns
    tl.store(out_ptr + places, x - mean, mask=has_number)
    ### END SOLUTION


# %%
wb.your_turn(
    "two rows of three numbers",
    lambda: run_rows(centre_kernel, np.array([[1, 2, 3], [10, 20, 60]], np.float32))[0].tolist(),
    want=[[-1, 0, 1], [-20, -10, 30]],
    hints=[
        "What shall the fourth lane hold, so that the sum of four lanes is the sum of three numbers?",
        "By how many numbers do you divide: those of the row, or those of the block?",
    ],
)

# %% [markdown]
# ## See it: trips to the memory
#
# Below are four kernels that do what the four lines of PyTorch do, one after the other. `Memory` has kept each access.
# The picture shows both ways. To the right: where in memory. Downwards: bytes moved so far.

# %% tags=["hide-input"]
# The four kernels, and how the picture is drawn: you may skip this cell.


@triton.jit
def square_kernel(x_ptr, squares_ptr, n_columns, BLOCK: tl.constexpr):
    lane = tl.arange(0, BLOCK)
    places = tl.program_id(0) * n_columns + lane
    x = tl.load(x_ptr + places, mask=lane < n_columns)
    tl.store(squares_ptr + places, x * x, mask=lane < n_columns)


@triton.jit
def mean_kernel(squares_ptr, mean_ptr, n_columns, BLOCK: tl.constexpr):
    row, lane = tl.program_id(0), tl.arange(0, BLOCK)
    squares = tl.load(squares_ptr + row * n_columns + lane, mask=lane < n_columns, other=0.0)
    tl.store(mean_ptr + row, tl.sum(squares, axis=0) / n_columns)


@triton.jit
def scale_kernel(mean_ptr, scale_ptr):
    row = tl.program_id(0)
    tl.store(scale_ptr + row, tl.rsqrt(tl.load(mean_ptr + row)))


@triton.jit
def multiply_kernel(x_ptr, scale_ptr, out_ptr, n_columns, BLOCK: tl.constexpr):
    row, lane = tl.program_id(0), tl.arange(0, BLOCK)
    places = row * n_columns + lane
    x = tl.load(x_ptr + places, mask=lane < n_columns)
    tl.store(out_ptr + places, x * tl.load(scale_ptr + row), mask=lane < n_columns)


def run_four(table):
    """RMSNorm with four kernels; the memory that they ran on, and how many bytes had moved after each."""
    memory, (n_rows, n_columns) = Memory(trace=True), table.shape
    block, grid = triton.next_power_of_2(n_columns), (n_rows,)
    x, squares = memory.place("x", table), memory.empty("squares", table.shape)
    mean, scale = memory.empty("mean", (n_rows,)), memory.empty("scale", (n_rows,))
    out, ends = memory.empty("out", table.shape), []
    for kernel, pointers, numbers in (
        (square_kernel, (x, squares), {"n_columns": n_columns, "BLOCK": block}),
        (mean_kernel, (squares, mean), {"n_columns": n_columns, "BLOCK": block}),
        (scale_kernel, (mean, scale), {}),
        (multiply_kernel, (x, scale, out), {"n_columns": n_columns, "BLOCK": block}),
    ):
        launch(memory, kernel, grid, *pointers, **numbers)
        ends.append(memory.bytes_read() + memory.bytes_written())
    return memory, ends


INK, READ, WRITE = "#1b1f24", "#2f6fab", "#a34a16"


def draw_trips(axis, memory, sizes, title):
    """Draws each access as a line: thin where numbers were read, thick where they were written."""
    widths = [max(size, 150) + 60 for size in sizes.values()]  # room for the name of a short array
    ends = np.cumsum(widths)
    starts = {name: end - (width + sizes[name]) / 2 for name, end, width in zip(sizes, ends, widths, strict=True)}
    moved = 0
    for access in memory.log:
        at = starts[access.array] + access.offsets
        style = {"color": READ, "lw": 1.1} if access.kind == "read" else {"color": WRITE, "lw": 2.6}
        axis.plot([at.min() - 4, at.max() + 4], [moved / 1000] * 2, solid_capstyle="butt", **style)
        moved += 4 * len(at)
    axis.set_xticks([starts[name] + size / 2 for name, size in sizes.items()], list(sizes), fontsize=11)
    for name, size in sizes.items():
        axis.axvspan(starts[name] - 10, starts[name] + size + 10, color="#eef1f4", zorder=0)
    axis.xaxis.tick_top()
    axis.tick_params(length=0)
    axis.set_title(title, loc="left", fontsize=12, pad=26)
    axis.set_xlim(0, ends[-1])
    axis.spines[:].set_visible(False)
    return moved


# %%
four_memory, ends = run_four(table)
assert np.allclose(four_memory.values("out"), got, atol=1e-6)
whole, column = table.size, len(table)
four_sizes = {"x": whole, "squares": whole, "mean": column, "scale": column, "out": whole}

figure, (left, right) = plt.subplots(
    1, 2, figsize=(11, 6.4), layout="constrained", sharey=True, width_ratios=[3 * whole + 600, 2 * whole + 120]
)
four_bytes = draw_trips(left, four_memory, four_sizes, f"four kernels: {ends[-1] / 1000:.1f} kB")
one_bytes = draw_trips(right, one_memory, {"x": whole, "out": whole}, "")
right.set_title(f"one kernel: {one_bytes / 1000:.1f} kB", loc="left", fontsize=12, pad=26)
left.set(ylabel="kB moved so far", ylim=(1.02 * four_bytes / 1000, -0.25))
for number, (start, end) in enumerate(zip([0, *ends], ends, strict=False), start=1):
    left.axhline(end / 1000, color=INK, lw=0.8, ls=":")
    # In the lower left corner of its band; kernel 3 has hardly any, so its name stands above, at the right.
    at, side = (end, "left") if end - start > 500 else (start, "right")
    name = f"kernel {number}" if side == "left" else f"kernel {number}: between these two lines"
    left.text(40 if side == "left" else left.get_xlim()[1] - 40, at / 1000 - 0.06, name, ha=side)
right.axhline(one_bytes / 1000, color=INK, lw=0.8, ls=":")
for color, width, label in ((READ, 1.1, "read (thin)"), (WRITE, 2.6, "written (thick)")):
    right.plot([], [], color=color, lw=width, label=label)
right.legend(loc="lower center", frameon=False, fontsize=11)

trips = pd.DataFrame(
    {
        "kB read": [m.bytes_read() / 1000 for m in (four_memory, one_memory)],
        "kB written": [m.bytes_written() / 1000 for m in (four_memory, one_memory)],
        "kB moved": [four_bytes / 1000, one_bytes / 1000],
    },
    index=pd.Index(["four kernels", "one kernel"], name="RMSNorm of 12 × 50"),
).round(2)
wb.picture(
    figure,
    f"Two strips, with memory to the right and bytes moved downwards. Left, four kernels: x is read and squares are "
    f"written, squares are read for the mean, x is read again, and out is written: {four_bytes / 1000:.1f} kB. Right, "
    f"one kernel: x is read and out is written, row by row: {one_bytes / 1000:.1f} kB. The left strip is "
    f"{four_bytes / one_bytes:.2f} times as long.",
    table=trips,
)

# %% [markdown]
# Each staircase through a table is one walk. Four kernels walk five times: `x` twice, `squares` twice, `out` once.
# One kernel walks twice, and `squares` never exists. `mean` and `scale` have one number for each row: hardly a walk.
# Kernel 3 has nothing else, and is so short that it fits between two dotted lines.
#
# The FLOPs are the same in both ways. What is saved is walks.
#
# ## Does the clock agree?
#
# If the memory decides, the times have the ratio of the bytes. You do not have to write each merged kernel by hand:
# `torch.compile` reads your four lines and makes merged kernels of them, in Triton on a GPU, in C++ on a CPU. For C++
# it needs a compiler on this machine. A copy of the table moves what the merged kernel moves, so we measure it, too.


# %%
def rms_norm(x):
    """RMSNorm of a table on the GPU, by our kernel."""
    out = torch.empty_like(x)
    block = triton.next_power_of_2(x.shape[1])
    rms_norm_kernel[(len(x),)](x, out, x.shape[1], BLOCK=block)
    return out


def median_ms(way, x):
    """The median time of one run. On a CPU it is time of one core, and leaves out other programs."""
    clock = {} if on_gpu else {"timer": time.process_time}
    measured = Timer("way(x)", globals={"way": way, "x": x}, **clock).blocked_autorange(min_run_time=min_run_s)
    return 1e3 * measured.median


def compiled(way, x):
    """What torch.compile makes of it; None, and a sentence, where it cannot."""
    if not with_compiler:
        print("torch.compile: left out, as the parameter says")
        return None
    if not on_gpu and not any(shutil.which(name) for name in ("g++", "clang++")):
        print("torch.compile needs a C++ compiler (g++), and there is none here: its line is missing below.")
        return None
    start_s = time.perf_counter()
    try:
        fast = torch.compile(way)
        fast(x)
    except RuntimeError as error:
        print("torch.compile does not work here:", str(error).splitlines()[0][:200])
        return None
    print(f"torch.compile: the first call took {time.perf_counter() - start_s:.1f} s")
    return fast


big = torch.randn(rows, columns, device="cuda" if on_gpu else "cpu")
ways = {"a copy": torch.clone, "four lines of PyTorch": four_kernels}
if on_gpu:
    ways["our kernel"] = rms_norm
torch_compile = compiled(four_kernels, big)
if torch_compile:
    ways["torch.compile"] = torch_compile
    print("equal results:", torch.allclose(torch_compile(big), four_kernels(big), atol=1e-5))
times = pd.Series({name: median_ms(way, big) for name, way in ways.items()}, name="ms")
clock = pd.DataFrame({"ms": times.round(3), "× a copy": (times / times["a copy"]).round(2)})
clock.rename_axis(f"{rows:,} × {columns:,} in float32")

# %%
lines = times["four lines of PyTorch"]
four_numbers, one_number = 5 * columns + 4, 2 * columns  # of each row: five walks and 4 single numbers; two walks
print(f"By bytes, four kernels should take {four_numbers / one_number:.2f} times as long as one: {columns:,} columns.")
print(
    f"(In the picture {four_bytes / one_bytes:.2f}: in a row of {table.shape[1]}, the 4 single numbers count for more.)"
)
for name in ("our kernel", "torch.compile"):
    if name in times:
        print(f"Measured: {lines / times[name]:.2f} times as long as {name}.")
if not on_gpu:
    print("Our own kernel is interpreted here, so its time would say nothing. Its bytes do.")

# %% [markdown]
# The ratios need not be equal: each result also needs new memory, arithmetic takes time too, and a cache can keep what
# one line leaves for the next. But the count told the direction before anything was run.
#
# So when do you write a kernel yourself? When `torch.compile` does not find how to merge: a trick that changes the
# order of the arithmetic (as in FlashAttention), an unusual layout, a format of your own. First look what it finds.

# %% [markdown]
# ## Quiz
#
# Each choice has its own reply. Read the reply to yours first.

# %%
wb.quiz(
    "A row has 1,000 numbers in float32, and a program has a block of 1,024 lanes with a mask. How many bytes does it "
    "read?",
    {
        "4,096": "You counted lanes. A lane that is switched off reads nothing; it is only given the value of `other`.",
        "4,000": "Only lanes with a number read. The other 24 cost a little arithmetic, and no trip to the memory.",
        "Without the mask 4,000, with the mask 4,096": "The other way round: without a mask all 1,024 lanes read, "
        "24 of them what belongs to somebody else.",
        "4,000, and 96 from the next row": "That is what happens without a mask. The mask keeps these lanes silent.",
    },
    right="4,000",
)

# %%
wb.quiz(
    "Rows of a million numbers do not fit into one block: the chip cannot hold them. How do you normalise them in one "
    "kernel?",
    {
        "One program for each number": "A program does not see what another has read. The mean needs the whole row.",
        "A block of 2²⁰ lanes: it is just slower": "A block lives on the chip. What does not fit there is moved out to "
        "memory behind your back, or the kernel is refused.",
        "Not at all: one kernel cannot do it": "A program may loop. It needs the row twice, so it reads it twice.",
        "A program goes through its row block by block, twice": "Once for the mean, once for the result. That is "
        "three walks instead of two, and still fewer than five.",
    },
    right="A program goes through its row block by block, twice",
)

# %% [markdown]
# ## From laptop to cluster
#
# Is this the code that a GPU runs? Triton brings its own compiler, and needs no GPU to compile. Here is our kernel,
# made for an H100 on this machine:

# %%
COMPILE = """
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
import triton, kernel

kinds = {"x_ptr": "*fp32", "out_ptr": "*fp32", "n_columns": "i32", "BLOCK": "constexpr"}
made = triton.compile(ASTSource(kernel.rms_norm_kernel, kinds, {"BLOCK": 1024}), target=GPUTarget("cuda", 90, 32))
lines = made.asm["ptx"].splitlines()
loads, stores = ([line.strip() for line in lines if f"{kind}.global" in line] for kind in ("ld", "st"))
print(len(made.asm["cubin"]), "bytes of machine code;", len(loads), "loads and", len(stores), "stores, the first ones:")
print(loads[0], stores[0], sep="\\n")
"""
with tempfile.TemporaryDirectory() as folder:
    text = "import triton\nimport triton.language as tl\n\n\n" + textwrap.dedent(inspect.getsource(rms_norm_kernel.fn))
    Path(folder, "kernel.py").write_text(text, encoding="utf-8")
    # A process of its own: in this one, Triton may have been imported to interpret.
    own = {**os.environ, "TRITON_INTERPRET": "0", "TRITON_CACHE_DIR": folder, "PYTHONPATH": folder}
    said = subprocess.run([sys.executable, "-c", COMPILE], env=own, capture_output=True, text=True, check=False)
print(said.stdout or f"It could not be compiled here: {said.stderr.strip().splitlines()[-1]}")

# %% [markdown]
# A program of 1,024 lanes runs on 128 threads here, and each thread loads 8 numbers. The `@%p…` in front is your mask:
# the instruction is carried out only where it is true. More nodes change nothing for
# this kernel: each GPU runs it on its own rows. On a GPU, the cell under *Does the clock agree?* times it beside a
# copy:
#
# ```
# srun --gpus=1 --cpus-per-task=4 --mem=16G autograder build accelerator/kernels --run --profile gpu
# ```

# %%
recorded = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(Path("data/kernels").glob("*.json"))]
for record in recorded:
    print(record["date"], "·", record["machine"], "·", record["versions"])
    print(pd.DataFrame(record["results"]).to_string(index=False))
if not recorded:
    print("No measurement from a GPU has been recorded yet, so none is shown.")
    print("To record one, run there: python courses/accelerator/data/kernels/record.py")
    print("It measures the exercise's solutions, so it is for those who have the source of the kit.")

# %% [markdown]
# ## Sources
#
# - P. Tillet, H. T. Kung, D. Cox: *Triton: An Intermediate Language and Compiler for Tiled Neural Network
#   Computations*. MAPL 2019, DOI 10.1145/3315508.3329973.
# - B. Zhang, R. Sennrich: *Root Mean Square Layer Normalization*. NeurIPS 2019, arXiv:1910.07467.
# - Triton 3.7, documentation of `triton.language.load` and `store` (`mask`, `other`).
# - J. Ansel, E. Yang, H. He and others: *PyTorch 2: Faster Machine Learning Through Dynamic Python Bytecode
#   Transformation and Graph Compilation*. ASPLOS 2024, DOI 10.1145/3620665.3640366. Section 4: how kernels are merged.
# - T. Dao, D. Y. Fu, S. Ermon, A. Rudra, C. Ré: *FlashAttention: Fast and Memory-Efficient Exact Attention with
#   IO-Awareness*. NeurIPS 2022, arXiv:2205.14135.
# - NVIDIA, *Parallel Thread Execution ISA*, "Predicated Execution": what `@%p` means.
#
# ## Next: the exercise
#
# In the exercise *Write a kernel* you write the softmax as one kernel: rows with gaps between them, rows shorter than
# the block, and numbers so large that exp overflows. Then you count what it saves. Who wants more multiplies matrices
# in tiles.
