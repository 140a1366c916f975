# %% [markdown]
# # Roofline and honest timing
#
# You rented a faster GPU, and your model runs as slowly as before. Or you measured a speed-up of 100, and nobody else
# can repeat it. Both cost money and trust. And both can be avoided with one page of arithmetic and one careful
# stopwatch.
#
# After this exercise you can
#
# - count the operations of a piece of work, and the bytes that it moves;
# - predict how fast it can run on a machine, and name what holds it back;
# - measure it so that start-up, waiting and outliers do not spoil the number;
# - choose the change that saves the most time, before you write it.
#
# | part | minutes | what you write |
# |---|---|---|
# | 1 · Count a matrix product | 8 | one function, two lines |
# | 2 · Count softmax and layer norm | 16 | two functions, two lines each |
# | 3 · Under the roof | 11 | two short functions; then a good place to stop |
# | 4 · A stopwatch that does not lie | 22 | one function |
# | 5 · Which change pays? | + 12 | one function: a stretch, graded like the others |
#
# Parts 1 to 4 take 57 minutes. Run the cells from top to bottom. `wb.check("…")` checks your answer as often as you
# like, and `wb.hint("…")` gives a hint. The checks of a part need no other part. Three cells put parts together, and
# say so.

# %%
import math
import statistics
import time

import numpy as np
import torch

import workbench as wb
from workbench.devices import Device, Quirks

# %% tags=["parameters"]
matmul_size = 1024  # rows and columns of the matrices that part 4 multiplies on your machine
vector_length = 16_000_000  # how many numbers it copies

# %% [markdown]
# ## 1 · Count a matrix product
#
# A **kernel** is one piece of work that a device does in one go: a matrix product, a softmax, a copy. Two numbers
# describe it.
#
# **FLOPs** are its floating-point operations. This is a count. FLOP/s (FLOPs per second) is a speed. People count in
# different ways, and then their numbers differ by a factor of two. So always say how you count. Here:
#
# - each addition, subtraction, multiplication, division, comparison, square root and exponential is **1 FLOP**;
# - a multiply-add `total + a * b` is therefore **2 FLOPs**, also where the hardware does it in one instruction;
# - the first step of a sum counts too: `0 + x` is 1 FLOP.
#
# **Bytes moved** are what goes between the device's main memory and its compute units. A cache is a small, fast memory
# between memory and compute units. How much it saves depends on the machine, so we count for the best possible cache:
#
# - each number of an input crosses **once**, however often it is used;
# - each number of the result crosses **once**;
# - what is needed only in between never crosses.
#
# A real kernel never moves less than this. It may move more.
#
# Count C = A · B, where A has m rows and k columns, and B has k rows and n columns. This is the plain algorithm:
#
# ```python
# for i in range(m):
#     for j in range(n):
#         total = 0
#         for p in range(k):
#             total = total + A[i, p] * B[p, j]
#         C[i, j] = total
# ```


# %% solution="matmul-cost"
def matmul_cost(m: int, k: int, n: int, bytes_per_number: int) -> tuple[int, int]:
    """FLOPs and bytes moved of an (m × k) matrix times a (k × n) matrix.

    bytes_per_number: 4 for float32, 2 for bfloat16, …
    Returns (flops, bytes_moved).
    """
    ### BEGIN SOLUTION "Return the FLOPs and the bytes moved, as formulas of m, k, n and bytes_per_number."
    flops = 2 * m * k * n
    bytes_moved = bytes_per_number * (m * k + k * n + m * n)
    return flops, bytes_moved
    ### END SOLUTION


# %% part="matmul"
wb.check("matmul")

# %% [markdown]
# ## 2 · Count softmax and layer norm
#
# These two work on each row of a table by itself. Below is what they do with **one** row, in plain Python.
#
# Count with the same rules for a whole table. Two remarks:
#
# - `max(top, v)` compares two numbers: 1 FLOP, also in the first step.
# - `weight` and `bias` of the layer norm have one number for each column. All rows share them. `epsilon` is a constant
#   in the program: it is added, but it does not cross the memory.


# %%
def softmax_row(x: list[float]) -> list[float]:
    top = -math.inf
    for v in x:
        top = max(top, v)
    e = [math.exp(v - top) for v in x]
    total = 0.0
    for v in e:
        total = total + v
    return [v / total for v in e]


def layer_norm_row(x: list[float], weight: list[float], bias: list[float], epsilon: float = 1e-5) -> list[float]:
    total = 0.0
    for v in x:
        total = total + v
    mean = total / len(x)
    centred = [v - mean for v in x]
    squares = 0.0
    for d in centred:
        squares = squares + d * d
    scale = 1 / math.sqrt(squares / len(x) + epsilon)
    return [d * scale * w + b for d, w, b in zip(centred, weight, bias, strict=True)]


generator = torch.Generator().manual_seed(0)
row, weight, bias = torch.randn(3, 8, generator=generator, dtype=torch.float64)
softmax_gap = np.abs(softmax_row(row.tolist()) - torch.softmax(row, 0).numpy()).max()
layer_norm_torch = torch.nn.functional.layer_norm(row, (8,), weight, bias).numpy()
layer_norm_gap = np.abs(layer_norm_row(row.tolist(), weight.tolist(), bias.tolist()) - layer_norm_torch).max()
print(f"largest difference from PyTorch: softmax {softmax_gap:.0e}, layer norm {layer_norm_gap:.0e}")


# %% solution="softmax-cost"
def softmax_cost(rows: int, columns: int, bytes_per_number: int) -> tuple[int, int]:
    """FLOPs and bytes moved of `softmax_row` on each row of a table.

    Returns (flops, bytes_moved).
    """
    ### BEGIN SOLUTION "Return the FLOPs and the bytes moved for a table of rows × columns numbers."
    flops = 5 * rows * columns
    bytes_moved = bytes_per_number * 2 * rows * columns
    return flops, bytes_moved
    ### END SOLUTION


# %% solution="layer-norm-cost"
def layer_norm_cost(rows: int, columns: int, bytes_per_number: int) -> tuple[int, int]:
    """FLOPs and bytes moved of `layer_norm_row` on each row of a table.

    Returns (flops, bytes_moved).
    """
    ### BEGIN SOLUTION "Return the FLOPs and the bytes moved for a table of rows × columns numbers."
    flops = rows * (7 * columns + 5)
    bytes_moved = bytes_per_number * (2 * rows * columns + 2 * columns)
    return flops, bytes_moved
    ### END SOLUTION


# %% part="row-kernels"
wb.check("row-kernels")

# %% [markdown]
# ## 3 · Under the roof
#
# A machine has two limits: its compute units do at most `peak_flop_s` FLOPs in a second, and its memory moves at most
# `bandwidth_byte_s` bytes in a second. So a kernel has a *time for compute* and a *time for memory*. In the best case,
# compute units and memory work at the same time. Then the kernel takes the longer of the two times.
#
# The **attainable rate** is the FLOPs of the kernel divided by this best time. A kernel is **bound** (limited) by the
# resource that takes longer: "compute" or "memory". Making only the faster resource faster does not help it.
#
# FLOPs per byte are called the **intensity** of a kernel. Draw the attainable rate over the intensity: first it rises,
# then it is flat. No kernel gets above this line. It looks like a roof, and so it is called the *roofline* (Williams,
# Waterman, Patterson, 2009). The corner between slope and flat line is the **ridge**: there, both times are equal. Its
# intensity is peak / bandwidth.


# %% solution="attainable-rate"
def attainable_rate(flops: float, bytes_moved: float, peak_flop_s: float, bandwidth_byte_s: float) -> float:
    """The highest rate, in FLOP/s, that a kernel can reach on a machine.

    flops ≥ 0 (a copy has none: its rate is 0), bytes_moved > 0; the limits are in FLOP/s and byte/s.
    """
    ### BEGIN SOLUTION "Return the highest rate in FLOP/s when compute and memory work at the same time."
    return min(peak_flop_s, flops / bytes_moved * bandwidth_byte_s)
    ### END SOLUTION


# %% solution="what-bounds"
def what_bounds(flops: float, bytes_moved: float, peak_flop_s: float, bandwidth_byte_s: float) -> str:
    """The resource that holds the kernel back: "compute" or "memory". On the ridge, return either of them."""
    ### BEGIN SOLUTION "Return \"compute\" or \"memory\": the resource that takes longer for this kernel."
    ridge_flop_per_byte = peak_flop_s / bandwidth_byte_s
    return "memory" if flops / bytes_moved < ridge_flop_per_byte else "compute"
    ### END SOLUTION


# %% part="roofline"
wb.check("roofline")

# %% [markdown]
# Now use all of it: this table needs your answers to parts 1 to 3. Both machines are the same card, an NVIDIA H100 SXM.
# Its memory moves 3.35 TB/s. It computes 67 TFLOP/s in float32, and 989.5 TFLOP/s in bfloat16, a format of 2 bytes with
# only 2 to 3 decimal digits. (The *H100 Tensor Core GPU data sheet* of NVIDIA prints 1,979. This holds only with
# *structured sparsity*: two of every four neighbours in a matrix are zero.) These numbers are limits: a real kernel
# stays below them.

# %%
machines = {"H100, float32": (67e12, 3.35e12, 4), "H100, bfloat16": (1979e12 / 2, 3.35e12, 2)}
shapes = {
    "matrix product 4096³": ("matmul", (4096, 4096, 4096)),
    "matrix × 1 vector": ("matmul", (4096, 4096, 1)),
    "softmax 4096²": ("softmax", (4096, 4096)),
    "layer norm 4096²": ("layer norm", (4096, 4096)),
}

try:
    costs = {"matmul": matmul_cost, "softmax": softmax_cost, "layer norm": layer_norm_cost}
    table = [f"{'':22}{'machine':16}{'FLOP/byte':>10}{'TFLOP/s':>10}{'% of peak':>11}  bound by"]
    for label, (kernel, shape) in shapes.items():
        for name, (peak_flop_s, bandwidth_byte_s, bytes_per_number) in machines.items():
            flops, bytes_moved = costs[kernel](*shape, bytes_per_number)
            rate = attainable_rate(flops, bytes_moved, peak_flop_s, bandwidth_byte_s)
            bound = what_bounds(flops, bytes_moved, peak_flop_s, bandwidth_byte_s)
            rates = f"{flops / bytes_moved:>10,.1f}{rate / 1e12:>10,.2f}{rate / peak_flop_s:>11.1%}"
            table.append(f"{label:22}{name:16}{rates}  {bound}")
    print("\n".join(table))
except NotImplementedError as todo:
    print(f"This table appears when parts 1 to 3 are there. Next: {todo}")

# %% [markdown]
# Look at "matrix × 1 vector". A language model that writes text for one user does mostly this. How much of the card's
# peak can it use?
#
# **This is a good place to stop.** Save the notebook, and come back for the stopwatch.

# %% [markdown]
# ## 4 · A stopwatch that does not lie
#
# Five things spoil measurements on a GPU. The device of this exercise has them all:
#
# 1. **Launches do not wait.** `launch` puts the kernel into a queue and returns at once (only the first launch waits,
#    for the compiler: see 2). The device works through the queue later. `synchronize` waits until the queue is empty.
# 2. **The first launch compiles.** For each kernel and each size, the first launch may take hundreds of times longer.
# 3. **The device is cold.** Up to 30 launches after the start are slower, until caches are filled and the chip runs at
#    full speed. Launches of any kernel and size count here, also those that compile.
# 4. **Other programs disturb the measurement.** Each time differs by a few per cent, and some launches take many times
#    longer because another program had its turn.
# 5. **The queue is not empty.** When you get the device, it may still hold somebody else's work.
#
# The answer to 4 is not the mean, which one bad launch can double. It is also not the minimum: it shows your luckiest
# launch. Here we ask for the **median**: half of the launches are faster, half are slower (Hoefler and Belli, 2015, say
# when to use which). It also survives one launch that compiles, or that waits for somebody else's work. Empty the queue
# all the same before you start the clock: a mean does not survive that. And a median does not survive 30 cold launches
# out of 50. Out of 200, they shift it by little, but not by zero. So warm up first, untimed.
#
# Write `benchmark`. It gets a device with three methods:
#
# - `device.launch(kernel, size)` queues one run of a kernel on `size` numbers, as in `device.launch("softmax", 4096)`;
# - `device.synchronize()` waits until the queue is empty;
# - `device.now()` reads the device's own clock, in seconds. Python's `time` knows nothing of it.
#
# Launch only the kernel and the size that you are asked for. Machine time is paid for: each call of `benchmark` may
# launch at most **200** times. Your result has to be within 5 % of the true typical time. The times have a standard
# deviation of about 3.5 %. For the mean of n launches it is 3.5 / √n %, and for the median 1.25 times that: 0.6 % with
# 50 launches. So take **50 timed launches or more on the warm device**. (Then a correct benchmark fails by chance less
# than once in a million times.) Each kernel here takes at least 1 ms, and you can neglect the time of the calls
# themselves.
#
# Here is a device to practise on, and the measurement that everybody does first:

# %%
quirks = Quirks(compile_s=0.8, cold_launches=15, cold_factor=1.6, noise=0.035, outlier_share=0.05)
practice = Device(np.random.default_rng(3), {"softmax": 2e-6, "matmul": 5e-6}, quirks)

start_s = practice.now()
practice.launch("softmax", 1000)
first_try_s = practice.now() - start_s
start_s = practice.now()
practice.launch("softmax", 1000)
second_try_s = practice.now() - start_s
print(f"first try {first_try_s * 1e3:.3f} ms, second try {second_try_s * 1e3:.3f} ms")
print(f"the truth is {practice.true_s('softmax', 1000) * 1e3:.3f} ms")

# %% [markdown]
# The first number is the compilation, the second only the queueing. Neither is the kernel.


# %% solution="benchmark"
def benchmark(device: Device, kernel: str, size: int) -> float:
    """The typical (median) time of one launch of `kernel` on `size` numbers, in seconds, on a warm device.

    Launches at most 200 times. The device may be busy with somebody else's work when you get it.
    """
    ### BEGIN SOLUTION "Return the typical time of one launch on a warm device, in seconds."
    for _ in range(40):
        device.launch(kernel, size)
    device.synchronize()
    times_s = []
    for _ in range(101):
        start_s = device.now()
        device.launch(kernel, size)
        device.synchronize()
        times_s.append(device.now() - start_s)
    return statistics.median(times_s)
    ### END SOLUTION


# %%
try:
    practice = Device(np.random.default_rng(4), {"softmax": 2e-6, "matmul": 5e-6}, quirks)
    print(f"your benchmark {benchmark(practice, 'softmax', 1000) * 1e3:.3f} ms")
    print(f"the truth is   {practice.true_s('softmax', 1000) * 1e3:.3f} ms")
    print(f"launches {len(practice.launches)} (at most 200), calls of synchronize {practice.synchronizations}")
except NotImplementedError as todo:
    print(todo)

# %% part="benchmark"
wb.check("benchmark")

# %% [markdown]
# ### Your own machine
#
# The class below gives your real machine the same three methods. So your `benchmark` of part 4 measures it: the GPU if
# PyTorch finds one, else the CPU. Its `synchronize` calls `torch.cuda.synchronize` on a GPU. On a CPU, PyTorch has
# finished the work when `launch` returns, so there is nothing to wait for.
#
# Here, `size` is not a count of numbers. It is the length of the vector for "copy", but **one side** of the square
# matrices for "matmul".
#
# The numbers are not graded. Three things to keep in mind: a small matrix product does not reach the peak; a vector
# that fits into a cache measures the cache, not the memory; and the naive stopwatch also sees the start, so that it can
# be far too slow, even on a CPU.


# %%
class ThisMachine:
    """The real device, with the methods of the practice device; matrices have `size` × `size` numbers."""

    def __init__(self) -> None:
        self.where = "cuda" if torch.cuda.is_available() else "cpu"
        self.name = torch.cuda.get_device_name() if self.where == "cuda" else f"CPU, {torch.get_num_threads()} threads"
        self.arrays: dict[tuple[str, int], tuple[torch.Tensor, ...]] = {}

    def prepare(self, kernel: str, size: int) -> None:
        """Makes the arrays of a kernel, if they are not there yet."""
        if (kernel, size) not in self.arrays:
            shape = {"matmul": (size, size), "copy": (size,)}[kernel]
            self.arrays[kernel, size] = tuple(torch.rand(shape, device=self.where) for _ in range(3))

    def launch(self, kernel: str, size: int) -> None:
        self.prepare(kernel, size)
        a, b, result = self.arrays[kernel, size]
        if kernel == "matmul":
            torch.mm(a, b, out=result)
        else:
            result.copy_(a)

    def synchronize(self) -> None:
        if self.where == "cuda":
            torch.cuda.synchronize()

    def now(self) -> float:
        return time.perf_counter()


def single_launch_s(machine: ThisMachine, kernel: str, size: int) -> float:
    """What the naive stopwatch says: one launch, no warm-up, no waiting."""
    machine.prepare(kernel, size)
    machine.synchronize()
    began_s = machine.now()
    machine.launch(kernel, size)
    return machine.now() - began_s


this_machine = ThisMachine()
naive_s = single_launch_s(this_machine, "matmul", matmul_size)
try:
    matmul_s = benchmark(this_machine, "matmul", matmul_size)
    copy_s = benchmark(this_machine, "copy", vector_length)
    flop_s = 2 * matmul_size**3 / matmul_s
    byte_s = 2 * 4 * vector_length / copy_s  # float32: each number is read once and written once
    print(this_machine.name)
    print(f"matrix product {matmul_size}³, float32: {flop_s / 1e9:,.0f} GFLOP/s")
    print(f"the naive stopwatch says {naive_s / matmul_s:.2f} × the time of your benchmark")
    print(f"copy of {4 * vector_length / 1e6:,.1f} MB: {byte_s / 1e9:,.1f} GB/s")
    print(f"so the ridge of this machine is near {flop_s / byte_s:.2g} FLOP/byte")
except NotImplementedError as todo:
    print(f"This measurement appears when part 4 is there. Next: {todo}")

# %% [markdown]
# ## 5 · Which change pays?
#
# This part is a stretch, outside of the 57 minutes.
#
# You have an idea: merge two kernels into one (**fusing**), use shorter numbers, take a bigger batch, buy another card.
# Each takes a week to try. Which one first?
#
# Write `best_plan`. Each plan says how one step of the program would run: the machine, the kernels, and how many
# samples a step handles. The kernels of a step run **one after another**. Each of them takes the best time of part 3.
# You want the plan with the **least time per sample**.


# %% solution="best-plan"
def best_plan(plans: dict[str, dict]) -> str:
    """The name of the plan with the least time per sample.

    plans: name → {"samples": samples of one step,
                   "peak_flop_s": FLOP/s, "bandwidth_byte_s": byte/s of the machine,
                   "kernels": [(flops, bytes_moved), …] of one step, run one after another;
                              flops may be 0: a copy takes time too}
    """
    ### BEGIN SOLUTION "Return the name of the plan whose step takes the least time for each of its samples."

    def seconds_per_sample(plan: dict) -> float:
        peak_flop_s, bandwidth_byte_s = plan["peak_flop_s"], plan["bandwidth_byte_s"]
        step_s = sum(max(flops / peak_flop_s, moved / bandwidth_byte_s) for flops, moved in plan["kernels"])
        return step_s / plan["samples"]

    return min(plans, key=lambda name: seconds_per_sample(plans[name]))
    ### END SOLUTION


# %% part="decide"
wb.check("decide")

# %% [markdown]
# Try it on a real question. One layer of a language model multiplies each token (a piece of a word) by a matrix of
# 4096 × 16384 numbers. Then it applies GELU, a smooth relative of `max(0, x)`, to each number of the result. A program
# that writes text for one user handles 1 token in a step. A program that trains handles thousands.
#
# The last plan buys a card that we made up: an H100 with a memory of twice the bandwidth.
#
# Think first: which plan wins with 1 token, and which with 4096? Which one hardly matters in both cases? (The table
# needs your answers to parts 1 and 5.)

# %%
H100_FLOAT32 = {"peak_flop_s": 67e12, "bandwidth_byte_s": 3.35e12}
H100_BFLOAT16 = {"peak_flop_s": 1979e12 / 2, "bandwidth_byte_s": 3.35e12}
FASTER_MEMORY = {"peak_flop_s": 67e12, "bandwidth_byte_s": 2 * 3.35e12}


def layer(tokens: int, bytes_per_number: int, *, fused: bool = False) -> list[tuple[int, int]]:
    """(FLOPs, bytes moved) of the layer's kernels; GELU is taken as 10 FLOPs for each number."""
    flops, bytes_moved = matmul_cost(tokens, 4096, 16384, bytes_per_number)
    gelu_flops, gelu_bytes = 10 * tokens * 16384, 2 * bytes_per_number * tokens * 16384
    # Fused, GELU works on the result while it is still on the chip: no kernel and no bytes of its own.
    return [(flops + gelu_flops, bytes_moved)] if fused else [(flops, bytes_moved), (gelu_flops, gelu_bytes)]


def plans_for(tokens: int) -> dict[str, dict]:
    return {
        "as it is": {**H100_FLOAT32, "samples": tokens, "kernels": layer(tokens, 4)},
        "fuse GELU": {**H100_FLOAT32, "samples": tokens, "kernels": layer(tokens, 4, fused=True)},
        "bfloat16": {**H100_BFLOAT16, "samples": tokens, "kernels": layer(tokens, 2)},
        "16 × the batch (if 16 users write at once)": {
            **H100_FLOAT32,
            "samples": 16 * tokens,
            "kernels": layer(16 * tokens, 4),
        },
        "memory of twice the bandwidth": {**FASTER_MEMORY, "samples": tokens, "kernels": layer(tokens, 4)},
    }


def weighed_s(plan: dict) -> float:
    """The time per sample of a plan, weighed against known times by your best_plan. You need not read this."""
    low_s, high_s = 1e-12, 1.0
    for _ in range(60):
        known_s = math.sqrt(low_s * high_s)
        known = {"samples": 1, "peak_flop_s": 1.0, "bandwidth_byte_s": 1.0, "kernels": [(known_s, known_s)]}
        if best_plan({"plan": plan, "known": known}) == "plan":
            high_s = known_s
        else:
            low_s = known_s
    return high_s


try:
    for tokens in (1, 4096):
        times_s = {name: weighed_s(plan) for name, plan in plans_for(tokens).items()}
        print(f"{f'tokens in a step: {tokens}':46}{'µs per token':>12}{'× faster':>11}")
        before_s = 0.0
        for rank, (name, time_s) in enumerate(sorted(times_s.items(), key=lambda item: item[1]), start=1):
            place = "=" if math.isclose(time_s, before_s, rel_tol=1e-6) else rank
            print(f" {place}  {name:42}{time_s * 1e6:>12.3f}{times_s['as it is'] / time_s:>11.2f}")
            before_s = time_s
except NotImplementedError as todo:
    print(f"The plans from best to worst appear when parts 1 and 5 are there. Next: {todo}")

# %% [markdown]
# "=" means: as fast as the plan above.
#
# - **With 1 token**, the matrix crosses the memory for almost no work. What moves fewer bytes for each token wins. Half
#   the bytes (bfloat16) and twice the bandwidth come to the same.
# - **With 4096 tokens**, the matrix product is bound by compute. Faster arithmetic wins. A bigger batch saves nothing
#   more, and faster memory hardly anything.
# - **Which one hardly matters in both cases?** Fusing GELU: less than 0.1 % with 1 token, and less than 2 % with 4096.
#
# bfloat16 also changes the results: look whether your model still works before you take the speed.
#
# An idea is good or bad only for a kernel **and** a machine. That is what the roof is for.
#
# ## Sources
#
# - S. Williams, A. Waterman, D. Patterson, "Roofline: An Insightful Visual Performance Model for Multicore
#   Architectures", *Communications of the ACM* 52(4), 2009, doi:10.1145/1498765.1498785.
# - T. Hoefler, R. Belli, "Scientific Benchmarking of Parallel Computing Systems: Twelve Ways to Tell the Masses When
#   Reporting Performance Results", *SC '15*, 2015, doi:10.1145/2807591.2807644.
# - NVIDIA, *H100 Tensor Core GPU data sheet*, 2023, column "H100 SXM".
# - PyTorch documentation, "Benchmark Utils": `torch.utils.benchmark.Timer` warms up, waits for the device, and reports
#   a median. Use it in your own work.
