# title: Does the arithmetic wait for the memory?
# minutes: 20
# profiles:
#   smoke: {parameters: {width: 1024, n_numbers: 2_000_000, square: 768, min_run_s: 0.02}}
#   laptop: {}
#   gpu: {parameters: {n_numbers: 256_000_000, square: 8192}}
#   cluster: {parameters: {n_numbers: 256_000_000, square: 8192}}

# %% [markdown]
# # Does the arithmetic wait for the memory?
#
# You paid for a device that computes three times as fast. Your job is not even twice as fast. Nothing is broken, and no
# tool reports an error. The new device is faster at one thing, and your job waited for another. The data sheet says how
# fast a device can compute. But before a number can be used, it has to arrive from the memory. Two counts and two
# limits tell you what you wait for. You can know it before you pay.
#
# After this lesson you can
#
# - **predict** how long an operation takes at best;
# - **say** whether it waits for the memory or for the arithmetic;
# - **read** a roofline, the picture that shows both limits;
# - **decide** whether a bigger batch, merged operations or a faster device would help.
#
# This takes about 20 minutes. Run the cells from top to bottom. Nothing here is graded.

# %%
import json
import math
import time
from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import torch
from torch.utils.benchmark import Measurement, Timer
from torch.utils.flop_counter import FlopCounterMode

import workbench as wb

found = wb.device()
device = found.torch if found.name == "cuda" else torch.device("cpu")
print("torch", torch.__version__, "· profile", wb.profile())

# %% tags=["parameters"]
width = 8192  # the layer has width × width weights
n_numbers = 32_000_000  # in each of the long arrays
square = 2048  # rows and columns of the product that shows how fast this device computes
min_run_s = 0.15  # each operation is repeated for about this long

# %% [markdown]
# ## Three words
#
# - A **kernel** is one piece of work that a device does in one go: add two arrays, multiply two matrices.
# - A **FLOP** is one operation on numbers with a fraction (*floating-point operation*), such as one addition or one
#   multiplication. **FLOP/s** says how many are done in a second. A GFLOP is a billion of them.
# - **Bytes moved** are the bytes that travel between the memory, where the arrays lie, and the units that compute. We
#   count each array that a kernel reads once, and each array that it writes once. A number in the format `float32`
#   has 4 bytes. A GB is a billion bytes.
#
# ## Predict
#
# Our kernel is a layer of a neural network. It has a large matrix of weights. To answer one request, it multiplies one
# vector by this matrix. It can also answer 16 requests at once: then it multiplies 16 vectors by the same matrix. This
# number of requests is called the **batch**.
#
# Sixteen requests need exactly 16 times the FLOPs of one. What do you believe about the time?

# %%
wb.predict(
    "batch",
    f"A layer of {width:,} × {width:,} weights answers 16 requests at once instead of 1: 16 times the FLOPs. How many "
    "times as long does it take?",
)

# %% [markdown]
# ## Run
#
# PyTorch has its own stopwatch, `Timer`. It repeats a kernel, waits until the device is done, and tells us the
# **median**: half of the runs took less, half took more. On a CPU we measure one core, with a clock that stands still
# while other programs use the core. In the exercise you build a stopwatch yourself.


# %%
def times_s(run: Callable[[], object]) -> Measurement:
    """The times of many runs, in seconds."""
    clock = {} if device.type == "cuda" else {"timer": time.process_time}  # the usual clock also counts other programs
    return Timer("run()", globals={"run": run}, **clock).blocked_autorange(min_run_time=min_run_s)


def count_layer(batch: int, dtype: torch.dtype) -> dict[str, object]:
    """FLOPs and bytes moved of the layer, for so many requests at once. Nothing is computed here."""
    requests, weights, answers = (
        torch.empty(rows, width, dtype=dtype, device="meta") for rows in (batch, width, batch)
    )
    with FlopCounterMode(display=False) as counter:  # PyTorch counts the FLOPs of matrix products
        torch.mm(requests, weights, out=answers)
    bytes_moved = requests.nbytes + weights.nbytes + answers.nbytes
    return {"kernel": f"layer, batch {batch:,}", "flops": counter.get_total_flops(), "bytes": bytes_moved}


def layer(batch: int) -> dict[str, object]:
    """The counts of the layer in float32, and its measured time."""
    requests = torch.rand(batch, width, device=device)
    answers = torch.empty(batch, width, device=device)
    seconds = times_s(lambda: torch.mm(requests, weights, out=answers)).median
    return {**count_layer(batch, torch.float32), "seconds": seconds}


torch.manual_seed(2026)
weights = torch.rand(width, width, device=device)
one, sixteen = layer(1), layer(16)
print(f"batch  1: {one['seconds'] * 1e3:8.3f} ms")
print(f"batch 16: {sixteen['seconds'] * 1e3:8.3f} ms")

# %%
longer_time, more_flops, more_bytes = (sixteen[what] / one[what] for what in ("seconds", "flops", "bytes"))
wb.settle(
    "batch",
    longer_time,
    why=f"Batch 16 took {longer_time:.2f} times as long. The FLOPs grew by a factor of {more_flops:g}. The bytes moved "
    f"grew by a factor of {more_bytes:.3f}, from {one['bytes'] / 1e6:.1f} to {sixteen['bytes'] / 1e6:.1f} MB.",
)

# %% [markdown]
# ## Explain
#
# If you said 16, you thought that the time goes into the arithmetic. Let us ask this device how fast it is at each of
# the two jobs.
#
# - **How fast does its memory move numbers?** We take three kernels with hardly any arithmetic. One copies a long
#   array. One reads two long arrays. One changes a long array in its place.
# - **How fast does it compute?** The product of two large square matrices uses each number very often.
#
# The highest speed is our limit, so here we take the shortest time instead of the median. (The layer may set a record
# too, so we let it take part.)

# %%
x, y, scratch = (torch.rand(n_numbers, device=device) for _ in range(3))
a, b, product = (torch.rand(square, square, device=device) for _ in range(3))
copy_byte_s = (x.nbytes + y.nbytes) / min(times_s(lambda: y.copy_(x)).times)
read_byte_s = (x.nbytes + y.nbytes) / min(times_s(lambda: torch.dot(x, y)).times)
change_byte_s = (x.nbytes + x.nbytes) / min(times_s(lambda: x.mul_(1.0)).times)
with FlopCounterMode(display=False) as counter:
    torch.mm(a, b, out=product)
product_flop_s = counter.get_total_flops() / min(times_s(lambda: torch.mm(a, b, out=product)).times)

batches = [1, 4, 16, 64, 256]
layers = pd.DataFrame([one if batch == 1 else sixteen if batch == 16 else layer(batch) for batch in batches])
bandwidth_byte_s = max(copy_byte_s, read_byte_s, change_byte_s, *layers["bytes"] / layers["seconds"])
peak_flop_s = max(product_flop_s, *layers["flops"] / layers["seconds"])

told = {"copy": copy_byte_s, "read": read_byte_s, "change in place": change_byte_s}
print("measured:", ", ".join(f"{name} {byte_s / 1e9:,.1f} GB/s" for name, byte_s in told.items()))
print(f"limits:   memory {bandwidth_byte_s / 1e9:,.1f} GB/s, arithmetic {peak_flop_s / 1e9:,.1f} GFLOP/s")
print(f"While one byte is moved, {peak_flop_s / bandwidth_byte_s:,.1f} FLOPs can be done.")

# %% [markdown]
# Now we can say how long each job would take alone. The two go on at the same time: while some numbers are computed,
# the next are on their way. So at best the kernel takes as long as **the longer of the two**.


# %%
def both_jobs(kernels: pd.DataFrame) -> pd.DataFrame:
    """For each kernel, in ms: how long the memory and the arithmetic would need alone, and what was measured."""
    memory_ms = 1e3 * kernels["bytes"] / bandwidth_byte_s
    arithmetic_ms = 1e3 * kernels["flops"] / peak_flop_s
    jobs = {
        "kernel": kernels["kernel"],
        "MB moved": kernels["bytes"] / 1e6,
        "million FLOPs": kernels["flops"] / 1e6,
        "memory alone, ms": memory_ms,
        "arithmetic alone, ms": arithmetic_ms,
        "measured, ms": 1e3 * kernels["seconds"],
        "the longer job": ["arithmetic" if more else "memory" for more in arithmetic_ms > memory_ms],
    }
    return pd.DataFrame(jobs).set_index("kernel")


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """The table with about three digits for each number."""
    return table.map(lambda v: v if isinstance(v, str) else f"{v:,.{0 if v >= 100 else 1 if v >= 10 else 3}f}")


jobs = both_jobs(layers)
at_best_ms = jobs[["memory alone, ms", "arithmetic alone, ms"]].max(axis=1).tolist()
ratio = at_best_ms[batches.index(16)] / at_best_ms[0]
print(f"At best, batch 16 takes {ratio:.2f} times as long as batch 1.")
readable(jobs)

# %% [markdown]
# Read the first line. The arithmetic for one request is soon done. Then it waits for the weights: all of them have to
# come from the memory. With more requests, the weights still come **once**, and each of them is used more often. So
# the column *MB moved* hardly grows at first, while the FLOPs grow with the batch. Further down, the arithmetic is the
# longer job. From there on, twice the batch takes, at best, about twice the time.
#
# Many measured times are longer than both jobs. The limits say what is possible. They do not promise that a program
# reaches it for each shape, and a real kernel may move more bytes than we count. What lies between the longer job and
# the measured time could be saved by a better program. The longer job itself could not.
#
# - A kernel that waits for the memory is called **memory-bound**. Faster arithmetic does not help it.
# - A kernel that waits for the arithmetic is called **compute-bound**. A faster memory does not help it.

# %% [markdown]
# ## A worked example: four kernels or one
#
# The layer used each weight for several requests. But many kernels touch each number only once. One of them is the
# *hard swish*, which small networks for images use (Howard and others 2019):
#
# ```python
# y = x * clamp(x + 3, 0, 6) / 6
# ```
#
# `clamp` replaces what is below 0 by 0, and what is above 6 by 6. We write this in two ways: with four kernels, and
# with the one kernel that PyTorch has for it.


# %%
def four_kernels() -> None:
    """Each line reads whole arrays from memory, and writes a whole array back."""
    torch.add(x, 3, out=scratch)
    torch.clamp(scratch, 0, 6, out=y)
    torch.mul(x, y, out=scratch)
    torch.div(scratch, 6, out=y)


def one_kernel() -> None:
    """The same, number by number: what is in between never goes to memory."""
    torch.ops.aten.hardswish.out(x, out=y)  # `torch.nn.functional.hardswish`, but into an array that is there


x.uniform_(-4, 4)
four_kernels()
by_four = y.clone()
one_kernel()
print("same result:", torch.allclose(y, by_four, atol=1e-6))

# %% [markdown]
# First count, for each number of `x`. `clamp` compares twice: 2 FLOPs.
#
# | kernel | FLOPs | numbers read | numbers written |
# |---|---|---|---|
# | `add(x, 3)` | 1 | 1 | 1 |
# | `clamp(…, 0, 6)` | 2 | 1 | 1 |
# | `mul(x, …)` | 1 | 2 | 1 |
# | `div(…, 6)` | 1 | 1 | 1 |
# | **four kernels** | **5** | **5** | **4** |
# | **one kernel** | **5** | **1** | **1** |
#
# The FLOPs are the same. Four kernels move 9 numbers, one kernel moves 2. In `float32` this is 36 and 8 bytes. If the
# arithmetic decided, both would take the same time. If the memory decides, four kernels take 4.5 times as long.

# %%
swish = pd.DataFrame(
    [
        ("hard swish, four kernels", 5 * n_numbers, 36 * n_numbers, times_s(four_kernels).median),
        ("hard swish, one kernel", 5 * n_numbers, 8 * n_numbers, times_s(one_kernel).median),
    ],
    columns=["kernel", "flops", "bytes", "seconds"],
)
print(f"measured: four kernels take {swish['seconds'][0] / swish['seconds'][1]:.1f} times as long as one")
readable(both_jobs(swish))

# %% [markdown]
# To merge kernels in this way is called **fusing**. It saves no arithmetic. It saves trips to the memory. Tools such as
# `torch.compile` do it for you; now you know what to expect from them.

# %% [markdown]
# ## Your turn
#
# Training ends each step with the optimizer. It changes the weights `w`. With *momentum*, it keeps a second array `v`
# that remembers earlier gradients `g`:
#
# ```python
# v = 0.9 * v + g
# w = w - 0.001 * v
# ```
#
# That is 4 FLOPs for each weight. Suppose that one kernel does both lines in one pass. How many bytes does it move?
# (3 minutes)


# %% solution="momentum_bytes"
def momentum_bytes(n_weights: int, bytes_per_number: int) -> int:
    """Bytes moved by one step of the optimizer with momentum, done by one kernel.

    Args:
        n_weights: how many numbers `w` has; `v` and `g` have as many.
        bytes_per_number: 4 for float32, 2 for bfloat16.
    """
    ### BEGIN SOLUTION "Return the bytes of everything that the step reads and of everything that it writes."
    read, written = 3, 2  # v, g, w are read; v and w are written
    return (read + written) * n_weights * bytes_per_number
    ### END SOLUTION


# %%
wb.your_turn(
    "one weight in float32",
    lambda: momentum_bytes(1, 4),
    want=20,
    hints=[
        "Which of `w`, `v` and `g` must be known before the step? Which of them have another value after it?",
        "The new `v` is written, and it is also used in the second line. Does one kernel have to read it again?",
    ],
)

# %%
wb.your_turn(
    "a model of 7 billion weights in bfloat16",
    lambda: momentum_bytes(7_000_000_000, 2),
    want=70_000_000_000,
    hints=["All 7 billion weights have the same count. How many bytes does a number have here?"],
)

# %% [markdown]
# Does your count predict the time? PyTorch has this kernel: `torch.optim.SGD(…, momentum=0.9, fused=True)`. Here is
# your count, together with what this device measures.

# %%
w = torch.nn.Parameter(x)
w.grad = torch.rand(n_numbers, device=device)
optimizer = torch.optim.SGD([w], lr=0.001, momentum=0.9, fused=True)
momentum_s = times_s(optimizer.step).median
yours = pd.DataFrame(columns=["kernel", "flops", "bytes", "seconds"])
try:
    your_bytes = momentum_bytes(n_numbers, 4)
except NotImplementedError:
    your_bytes = None
if isinstance(your_bytes, int) and your_bytes > 0:
    yours.loc[0] = ["momentum, your count", 4 * n_numbers, your_bytes, momentum_s]
    print(f"By your count, one step takes at best {1e3 * your_bytes / bandwidth_byte_s:.3g} ms.")
    print(f"Measured: {1e3 * momentum_s:.3g} ms.")
else:
    print("This appears when `momentum_bytes` returns a number of bytes.")

# %% [markdown]
# ## See it: the roof of this machine
#
# Each kernel has a number that no faster device can change: its FLOPs for each byte moved. It is called the
# **intensity**. Draw it to the right, and the FLOP/s upwards. Both scales are logarithmic: 1, 10 and 100 are equally
# far apart. Then the two limits become two straight lines. Together they look like a roof (Williams, Waterman and
# Patterson 2009).

# %% tags=["hide-input"]
# How the picture is drawn: you may skip this cell.
INK, SLOPE, FLAT = "#1b1f24", "#2f6fab", "#a34a16"


def place(kernels: pd.DataFrame) -> tuple[list[float], list[float]]:
    """Where kernels stand in the picture: FLOPs for each byte, and GFLOP/s."""
    intensity, rate = kernels["flops"] / kernels["bytes"], kernels["flops"] / kernels["seconds"] / 1e9
    return list(intensity), list(rate)


def draw_roof(axis: plt.Axes, left: float, right: float) -> None:
    """Draws the two limits from intensity `left` to `right`, each until they meet."""
    gb_s, peak = bandwidth_byte_s / 1e9, peak_flop_s / 1e9
    corner = peak / gb_s
    axis.plot([left, corner], [left * gb_s, peak], color=SLOPE, lw=3)
    axis.plot([corner, right], [peak, peak], color=FLAT, lw=3, ls=(0, (5, 1)))
    axis.axvline(corner, color=INK, lw=1, ls=":")
    slope = {"rotation": math.degrees(math.atan(gb_s)), "rotation_mode": "anchor", "transform_rotates_text": True}
    above = {"va": "bottom", "fontsize": 12}
    axis.text(corner / 1.2, peak / 1.07, f"memory: {gb_s:,.3g} GB/s", color=SLOPE, ha="right", **slope, **above)
    axis.text(right, 1.1 * peak, f"arithmetic: {peak:,.0f} GFLOP/s", color=FLAT, ha="right", **above)
    floor = {"transform": axis.get_xaxis_transform(), "va": "bottom", "fontsize": 11, "color": INK}
    axis.text(corner / 1.1, 0.02, "← waits for the memory", ha="right", **floor)
    axis.text(corner * 1.1, 0.02, "waits for the arithmetic →", ha="left", **floor)


def draw_kernels(axis: plt.Axes) -> None:
    """Draws the measured kernels under the roof, each with its name."""
    line = {"arrowstyle": "-", "color": INK, "lw": 0.7, "shrinkB": 5}
    ground = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1}
    name = {"textcoords": "offset points", "fontsize": 11, "color": INK, "bbox": ground}
    xs, ys = place(layers)
    axis.plot(xs, ys, "o-", color=INK, ms=8, lw=1, mfc="white", mew=2)
    axis.annotate(f"layer, batch {batches[0]}", (xs[0], ys[0]), xytext=(-95, 40), arrowprops=line, **name)
    for batch, x_at, y_at in list(zip(batches, xs, ys, strict=True))[1:]:
        axis.annotate(f"{batch:,}", (x_at, y_at), xytext=(8, -14), **name)
    xs, ys = place(swish)
    axis.plot(xs, ys, "s", color=INK, ms=8)
    axis.annotate("", (xs[1], ys[1]), (xs[0], ys[0]), arrowprops={"arrowstyle": "->", "color": INK, "shrinkB": 7})
    axis.annotate("hard swish,\nfour kernels", (xs[0], ys[0]), xytext=(0, -10), va="top", ha="center", **name)
    axis.annotate("hard swish, one kernel", (xs[1], ys[1]), xytext=(25, -35), arrowprops=line, **name)
    xs, ys = place(yours)
    axis.plot(xs, ys, "^", color=INK, ms=9)
    for x_at, y_at in zip(xs, ys, strict=True):
        axis.annotate("momentum, your count", (x_at, y_at), xytext=(-105, 40), arrowprops=line, **name)


# %%
kernels = pd.concat([part for part in (layers, swish, yours) if len(part)], ignore_index=True)
intensities, rates = place(kernels)
ridge = peak_flop_s / bandwidth_byte_s
points = pd.DataFrame({"FLOPs for each byte": intensities, "GFLOP/s": rates}, index=kernels["kernel"])
points["the longer job"] = both_jobs(kernels)["the longer job"]

figure, axis = plt.subplots(figsize=(11, 6.2), layout="constrained")
axis.set(xscale="log", yscale="log", xlabel="intensity: FLOPs for each byte moved", ylabel="GFLOP/s")
axis.set_title(f"What this device can do, and what {len(kernels)} kernels do", loc="left", fontsize=13)
draw_roof(axis, left=0.06, right=4 * max(intensities))
draw_kernels(axis)
axis.set_ylim(min(rates) / 4, 2 * peak_flop_s / 1e9)
axis.spines[["top", "right"]].set_visible(False)
for scale in (axis.xaxis, axis.yaxis):
    scale.set_major_formatter(lambda value, _: f"{value:,g}")

wb.picture(
    figure,
    "A roofline, both axes logarithmic: GFLOP/s over FLOPs for each byte moved. The roof rises with the memory's "
    f"limit, {bandwidth_byte_s / 1e9:,.1f} GB/s. At {ridge:,.1f} FLOPs for each byte it turns flat, at the limit of "
    f"the arithmetic, {peak_flop_s / 1e9:,.0f} GFLOP/s. The hard swish stands far left, under the slope. With one "
    "kernel instead of four it moves to the right and up. The layer starts under the slope with batch 1, and ends "
    f"under the flat part with batch {batches[-1]:,}.",
    table=readable(points),
)

# %% [markdown]
# How to read it: no kernel can be above the roof, but for the noise of measuring. Where a kernel is under the
# **slope**, the memory decides. Where it is under the **flat part**, the arithmetic decides. The corner between them is
# called the **ridge**. Two ways lead upwards:
#
# - **To the right**, along the slope: fewer bytes for the same FLOPs. The hard swish went this way when four kernels
#   became one. So did the layer, when the batch grew.
# - **Straight up**, to the roof: a better program for the same kernel.
#
# A faster device is a higher roof. Ask first which part of it is above your kernel.
#
# Two well-known kernels are missing: softmax and layer norm. PyTorch's counter does not count them. In the exercise you
# count them yourself, and predict where they stand.

# %% [markdown]
# ## What would you buy?
#
# The counts belong to the layer. The limits belong to the device. So we can put the layer under other roofs. Their
# limits are from data sheets (see the sources), and real kernels stay below them. `bfloat16` is a format with 2 bytes.

# %%
devices = {  # FLOP/s, byte/s, format of the numbers
    "this device in float32": (peak_flop_s, bandwidth_byte_s, torch.float32),
    "H100 in float32": (67e12, 3.35e12, torch.float32),
    "A100 in bfloat16": (312e12, 2.039e12, torch.bfloat16),
    "H100 in bfloat16": (989e12, 3.35e12, torch.bfloat16),
}


def jobs_ms(batch: int, name: str) -> tuple[float, float]:
    """What the memory and the arithmetic of a device would need alone for the layer, in ms."""
    flop_s, byte_s, dtype = devices[name]
    count = count_layer(batch, dtype)
    return 1e3 * count["bytes"] / byte_s, 1e3 * count["flops"] / flop_s


longer = pd.DataFrame(index=pd.Index(devices, name=f"layer of {width:,} × {width:,}"))
for batch in [*batches, 1024]:
    both = [jobs_ms(batch, name) for name in devices]
    longer[f"batch {batch:,}"] = ["arithmetic" if a_ms > m_ms else "memory" for m_ms, a_ms in both]
longer

# %% [markdown]
# The table names the longer job. Now your own case: choose a batch and a device. Would a larger batch help? Which
# number of the device would you pay for?


# %%
def decide(batch: int = 1, device: str = "this device in float32") -> pd.DataFrame:
    """Shows both jobs of the layer, and what a change would bring at best."""
    memory_ms, arithmetic_ms = jobs_ms(batch, device)
    figure, axis = plt.subplots(figsize=(9, 1.5), layout="constrained")
    bars = axis.barh(["arithmetic", "memory"], [arithmetic_ms, memory_ms], color=[FLAT, SLOPE], height=0.6)
    axis.bar_label(bars, fmt="{:.3g} ms", padding=4, color=INK)
    axis.set(xlim=(0, 1.15 * max(memory_ms, arithmetic_ms)), xticks=[])
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)
    wb.picture(figure, f"Two bars: memory {memory_ms:.3g} ms, arithmetic {arithmetic_ms:.3g} ms.")

    if arithmetic_ms > memory_ms:
        print("Compute-bound: pay for FLOP/s. A larger batch makes every answer later, and saves hardly anything.")
    else:
        print("Memory-bound: take a larger batch, or move fewer bytes. More FLOP/s would stand idle.")
    changes = {
        f"batch {batch:,}, as it is": (batch, max(memory_ms, arithmetic_ms)),
        "twice the FLOP/s": (batch, max(memory_ms, arithmetic_ms / 2)),
        "twice the byte/s": (batch, max(memory_ms / 2, arithmetic_ms)),
        f"batch {2 * batch:,}": (2 * batch, max(jobs_ms(2 * batch, device))),
    }
    at_best = {change: (f"{ms:.3g}", f"{ms / requests:.3g}") for change, (requests, ms) in changes.items()}
    return pd.DataFrame(at_best.values(), list(at_best), ["ms at best", "ms for each request"])


wb.explore(decide, batch=[2**i for i in range(11)], device={name: name for name in devices}, table=longer)

# %% [markdown]
# ## Quiz
#
# Each choice has its own reply. Read the reply to yours first.

# %%
wb.quiz(
    "Your service answers one request at a time, with large layers in bfloat16. You go from an A100 to an H100: 3.2 "
    "times the FLOP/s and 1.6 times the byte/s. How much faster is a layer at best?",
    {
        "3.2 times": "You bought arithmetic, but with batch 1 it stands idle. Look at the table above: with batch 1, "
        "the memory is the longer job on both devices.",
        "about 2.4 times, between the two": "You let both limits count a little. But the two jobs go on at the same "
        "time, and only the longer one decides. Here it is the memory, before and after.",
        "1.6 times": "All weights have to come from the memory for each request, and the memory is 1.6 times as fast.",
        "Not at all: the program is the same": "The program moves the same bytes, but each byte arrives earlier. A "
        "memory-bound kernel does gain from a faster memory.",
    },
    right="1.6 times",
)

# %%
wb.quiz(
    "A profiler calls your kernel memory-bound. `nvidia-smi` shows a GPU that is used to 100 %. What do you try first?",
    {
        "A GPU with more GB of memory": "You took memory-bound for out of memory. How much the memory holds is not in "
        "question here: what counts is how many bytes it moves in a second.",
        "Nothing: a GPU that is used to 100 % cannot do more": "This 100 % says that some kernel was running all the "
        "time. It does not say what the kernel waited for. The arithmetic can be idle meanwhile.",
        "A more clever algorithm with half the FLOPs": "You save what you have too much of. Under the slope, a kernel "
        "with half the FLOPs and the same bytes takes the same time.",
        "Fewer bytes for the same work": "Fused kernels, a larger batch or shorter numbers: each moves the kernel to "
        "the right, where the roof is higher.",
    },
    right="Fewer bytes for the same work",
)

# %% [markdown]
# ## From laptop to cluster
#
# The layer is the same everywhere. The corner of the roof is not. The more FLOPs a device can do while one byte is
# moved, the larger the batch that keeps it busy:

# %%
rows = []
for name, (flop_s, byte_s, _) in devices.items():
    bound_from = next((2**i for i in range(14) if jobs_ms(2**i, name)[1] > jobs_ms(2**i, name)[0]), None)
    rows.append((name, f"{byte_s / 1e9:,.0f}", f"{flop_s / byte_s:,.0f}", f"{bound_from:,}" if bound_from else "none"))
columns = ["device", "GB/s", "ridge, FLOPs for each byte", "compute-bound from batch (1, 2, 4, 8, …)"]
pd.DataFrame(rows, columns=columns).set_index("device")

# %% [markdown]
# With 2 machines (nodes) or 1,000, there is a third job: bytes that cross the **network**. In a DGX H100, each of the
# eight GPUs has an adapter of 400 Gbit/s. That is 50 GB/s, 67 times less than its memory. Again the longest job
# decides. The course *Training from one rank to thousands* counts these bytes.
#
# This notebook on a GPU, by Slurm:
#
# ```
# srun --gpus=1 --cpus-per-task=8 --mem=16G autograder build accelerator/roofline --run --profile gpu
# ```

# %%
recorded = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(Path("data/roofline").glob("*.json"))]
for record in recorded:
    print(record["date"], "·", record["machine"], "·", record["versions"])
    print(pd.DataFrame(record["results"]).to_string(index=False))
if not recorded:
    print("No measurement from a GPU or a cluster has been recorded yet, so none is shown.")
    print("To record one, run there, beside this notebook: python data/roofline/record.py")

# %% [markdown]
# ## Sources
#
# - S. Williams, A. Waterman, D. Patterson: *Roofline: An Insightful Visual Performance Model for Multicore
#   Architectures*. Communications of the ACM 52(4), 2009, DOI 10.1145/1498765.1498785.
# - A. Howard, M. Sandler, G. Chu and others: *Searching for MobileNetV3*. ICCV 2019, DOI 10.1109/ICCV.2019.00140.
#   Section 5.2: the hard swish.
# - PyTorch 2.13, documentation of `torch.utils.benchmark.Timer`, and of `torch.optim.SGD` (`momentum`, `fused`).
# - NVIDIA, *A100 Tensor Core GPU data sheet*, 2021, column "A100 80GB SXM"; *H100 Tensor Core GPU data sheet*, 2023,
#   column "H100 SXM". For bfloat16 without sparsity (matrices with zeros in fixed places).
# - NVIDIA, *DGX H100/H200 User Guide*, "Network Connections, Cables, and Adaptors": eight ConnectX-7 for eight
#   GPUs; NVIDIA, *ConnectX-7 data sheet*: 400 Gbit/s.
# - NVIDIA, *nvidia-smi documentation*, "Utilization": the share of time in which one or more kernels ran.
#
# ## Next: the exercise
#
# In the exercise *Roofline and honest timing* you do it without helpers: count a matrix product, softmax and layer norm
# for any shape, put them under any roof, and build the stopwatch that we borrowed here. At the end several changes
# compete, and you choose the one that pays. It changes with the batch.
