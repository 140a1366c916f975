# %% [markdown]
# # What fills the device
#
# `CUDA out of memory`, after two hours in the queue. So you halve the batch, and halve it again, until the job starts.
# Perhaps you rent the card with twice the memory. Or you count first: five minutes with a pencil tell whether a job
# fits, what fills the device, and which of three remedies helps.
#
# After this exercise you can
#
# - count the bytes of weights, gradients, optimizer states and activations, before the job starts;
# - predict the largest batch that fits;
# - split a batch into micro-batches, so that the step stays the same;
# - choose which activations to keep, so that a step fits with the least extra work.
#
# | part | minutes | what you write |
# |---|---|---|
# | 1 · What stays on the device | 11 | one function |
# | 2 · What the backward pass waits for | 18 | two functions |
# | 3 · One step in small portions | 13 | one function; then a good place to stop |
# | 4 · Keep or compute again | 13 | one function |
# | 5 · A chain of fifty layers | + 30 | one function: a stretch, graded like the others |
#
# Run the cells from top to bottom. `wb.check("…")` checks your answer as often as you like, and `wb.hint("…")` gives a
# hint. No part needs the answer to another one.

# %%
import itertools
import math

import numpy as np
import torch
from checks_chain import run_plan
from checks_device import TrainingDevice
from torch.autograd.graph import saved_tensors_hooks

import workbench as wb

# %% tags=["parameters"]
n_rows = 256  # in part 2: the rows of a batch, and the numbers in a row
width = 512

# %% [markdown]
# ## 1 · What stays on the device
#
# A **parameter** (or weight) is a number that training changes. Its **gradient** says in which direction. The
# **optimizer** makes the change, and some optimizers remember earlier gradients: their **states**. All these are arrays
# of the same shape, and the device has to hold them all when the optimizer starts.
#
# Which arrays there are depends on the program. Here are the optimizers, as code for one number `w` with gradient `g`.
# Everything is in `float32`, a format with 4 bytes:
#
# ```python
# # "sgd"                  # "momentum"              # "adam"
# w = w - rate * g         m = 0.9 * m + g           m = 0.9 * m + 0.1 * g
#                          w = w - rate * m          v = 0.999 * v + 0.001 * g * g
#                                                    w = w - rate * m / (sqrt(v) + 1e-8)
# ```
#
# (Adam also divides `m` and `v` by two factors that are the same for all numbers. They take no memory to speak of.)
#
# **Mixed precision** computes in a format with 2 bytes, such as `bfloat16`. But small changes get lost in it:
# 1 + 0.001 is 1 in `bfloat16`. So the optimizer works on a second copy of the weights in `float32`, the **master
# copy**. This is how one step goes (Rajbhandari and others, 2020, section 3.1):
#
# ```python
# g16 = gradient(w16)      # weights and gradients with 2 bytes
# g = float32(g16)         # one number after another: this needs no array
# …                        # an optimizer from above: w, m and v in float32. w is the master copy
# w16 = bfloat16(w)        # for the next step
# ```
#
# A **frozen** parameter is never changed. It takes part in the forward pass, in the format of the weights, and that is
# all.


# %% solution="resident-bytes"
def resident_bytes(tensors: list[tuple[tuple[int, ...], bool]], optimizer: str, precision: str) -> dict[str, int]:
    """Bytes on the device when the optimizer starts, without activations.

    tensors: (shape, trained) for each tensor of parameters; trained is False for a frozen one
    optimizer: "sgd", "momentum" or "adam"
    precision: "float32", or "mixed" as in the text
    Returns {"weights": …, "gradients": …, "master": …, "states": …}; "weights" are those of the forward pass
    """
    ### BEGIN SOLUTION "Return the bytes of the four kinds of arrays, 0 where there are none."
    n_all = sum(math.prod(shape) for shape, _ in tensors)
    n_trained = sum(math.prod(shape) for shape, trained in tensors if trained)
    number_bytes = {"float32": 4, "mixed": 2}[precision]
    return {
        "weights": number_bytes * n_all,
        "gradients": number_bytes * n_trained,
        "master": 4 * n_trained if precision == "mixed" else 0,
        "states": 4 * n_trained * ["sgd", "momentum", "adam"].index(optimizer),
    }
    ### END SOLUTION


# %% part="states"
wb.check("states")

# %% [markdown]
# What does this mean for a model of 7 billion weights? Your function says it here. The second line trains only small
# added matrices and freezes the rest, as LoRA does (Hu and others, 2022).

# %%
seven_billion = ((7_000_000_000,), True)
frozen_with_adapters = [((7_000_000_000,), False), ((20_000_000,), True)]
try:
    for name, tensors in {"all weights trained": [seven_billion], "adapters only": frozen_with_adapters}.items():
        for precision in ("float32", "mixed"):
            came = resident_bytes(tensors, "adam", precision)
            told = ", ".join(f"{kind} {size / 1e9:.1f}" for kind, size in came.items())
            print(f"{name:20} {precision:8} {sum(came.values()) / 1e9:6.1f} GB: {told}")
except NotImplementedError as todo:
    print(f"This table appears when part 1 is there. Next: {todo}")

# %% [markdown]
# Look at the first two lines: mixed precision does not make the sum of these arrays smaller. What it does make smaller
# comes next.
#
# ## 2 · What the backward pass waits for
#
# The forward pass computes array after array. Most of them are needed again: the backward pass uses them to compute
# gradients. So they have to wait on the device. They are called **activations**, or *saved tensors*.
#
# Which arrays wait? Look into the formulas of the backward pass. `x` is the input of a layer, `y` its output, and `dy`
# the gradient that arrives from behind:
#
# | layer | forward | backward |
# |---|---|---|
# | `"linear"` | y = x · W | dW = xᵀ · dy, and dx = dy · Wᵀ |
# | `"bias"` | y = x + b | db = the sum of dy over the rows, and dx = dy |
# | `"relu"` | y = max(x, 0) | dx = dy where y > 0, else 0 |
# | `"tanh"` | y = tanh(x) | dx = dy · (1 − y²) |
# | `"gelu"` | y = x · Φ(x) | dx = dy · (Φ(x) + x · φ(x)) |
# | `"dropout"` | y = x · mask · 2, mask is random | dx = dy · mask · 2 |
#
# (Φ and φ are two functions of x, computed where they are needed. For the count you need not know more of them.)
#
# Count what waits at the end of the forward pass:
#
# - the **arrays between the layers** that some backward formula uses. The input and the output of the whole network
#   count like any other array, if a formula uses them. The backward pass uses exactly what the table says, no more;
# - an array waits **once**, however many layers use it: the output of one layer *is* the input of the next;
# - each **mask**: one byte for each number, whatever the format;
# - weights and biases do not count here. They were counted in part 1.


# %% solution="activation-bytes"
def activation_bytes(layers: list[tuple[str, int, int]], rows: int, bytes_per_number: int) -> int:
    """Bytes of the activations that wait for the backward pass.

    layers: (kind, n_in, n_out), from first to last, the first is "linear"; a row of n_in numbers becomes one of n_out
    rows: so many rows go through the layers at once
    bytes_per_number: 4 for float32, 2 for bfloat16; a mask has 1
    """
    ### BEGIN SOLUTION "Return the bytes of all arrays that the backward formulas use, each counted once."
    row_numbers = [layers[0][1], *(n_out for _, _, n_out in layers)]  # of the array before each layer, and of the last
    waiting, mask_numbers = set(), 0
    for place, (kind, _, n_out) in enumerate(layers):
        if kind in ("linear", "gelu"):
            waiting.add(place)
        elif kind in ("relu", "tanh"):
            waiting.add(place + 1)
        elif kind == "dropout":
            mask_numbers += n_out
    return rows * (bytes_per_number * sum(row_numbers[place] for place in waiting) + mask_numbers)
    ### END SOLUTION


# %% [markdown]
# Is it true? PyTorch tells what it keeps, if you ask: `saved_tensors_hooks` calls a function for each tensor that is
# saved for the backward pass. (Not graded. `native_dropout` is the dropout that PyTorch uses on a GPU.)

# %%
network = [("linear", width, 4 * width), ("gelu", 4 * width, 4 * width), ("dropout", 4 * width, 4 * width)]
network += [("linear", 4 * width, width), ("relu", width, width), ("linear", width, width), ("tanh", width, width)]
FUNCTIONS = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "gelu": torch.nn.functional.gelu,
    "dropout": lambda x: torch.native_dropout(x, 0.5, True)[0],
}


def kept_by_pytorch(layers: list[tuple[str, int, int]], rows: int) -> int:
    """Bytes that PyTorch keeps for the backward pass on this machine, in float32, without the weights."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    weights = {i: torch.rand(a, b, device=device, requires_grad=True) for i, (_, a, b) in enumerate(layers)}
    arrays = {}
    with saved_tensors_hooks(lambda t: arrays.update({t.untyped_storage().data_ptr(): t}) or t, lambda t: t):
        x = torch.rand(rows, layers[0][1], device=device)
        for i, (kind, _, _) in enumerate(layers):
            x = x @ weights[i] if kind == "linear" else FUNCTIONS[kind](x)
    weight_places = {w.untyped_storage().data_ptr() for w in weights.values()}
    return sum(t.nbytes for place, t in arrays.items() if place not in weight_places)


print(f"PyTorch keeps {kept_by_pytorch(network, n_rows):>15,} bytes")
try:
    print(f"you count     {activation_bytes(network, n_rows, 4):>15,} bytes")
except NotImplementedError as todo:
    print(todo)

# %% [markdown]
# A program of somebody else's is harder to count: you would have to read it all. Then **measure twice**: run one step
# with a small batch, and one with another. PyTorch tells the peak, `torch.cuda.max_memory_allocated()`. In a step, some
# bytes do not depend on the batch, and the others grow by the same amount with each row. What is the largest batch that
# fits?


# %% solution="largest-batch"
def largest_batch(measured: list[tuple[int, int]], device_bytes: int) -> int:
    """The largest number of rows whose step fits into device_bytes; 0 when not even one row fits.

    measured: two pairs (rows, peak bytes of a step with so many rows), in any order, exact
    """
    ### BEGIN SOLUTION "Return the largest number of rows that fits, as the two measurements tell."
    (few, low_bytes), (many, high_bytes) = sorted(measured)
    bytes_for_a_row = (high_bytes - low_bytes) // (many - few)
    bytes_without_rows = low_bytes - few * bytes_for_a_row
    return max(0, (device_bytes - bytes_without_rows) // bytes_for_a_row)
    ### END SOLUTION


# %% part="activations"
wb.check("activations")

# %% [markdown]
# ## 3 · One step in small portions
#
# The batch that you want does not fit. But the gradient of a mean is a weighted sum over the samples, and a sum can be
# made in portions: the rows go through the model in **micro-batches**, and their gradients add up. This is **gradient
# accumulation**. The activations are those of one micro-batch. The step is the same as with the big batch, if you add
# up the right numbers.
#
# Here the loss is that of a language model: the **mean over all tokens that count**. Rows have different numbers of
# tokens, because short texts are filled up to the full length, and filling does not count. Each row has at least one
# token that counts. A row takes the same memory, however many of its tokens count.
#
# Write one training step on a device with these methods:
#
# - `device.forward(first, last)` sends rows `first` to `last − 1` through the model, **keeps their activations**, and
#   returns their mean loss over their tokens that count. More rows at once than fit are a `MemoryError`.
# - `device.backward(scale=1.0)` takes the newest activations, computes the gradient of **that mean loss**, **adds**
#   `scale` times this gradient to what the device has, and frees these activations.
# - `device.count_tokens(first, last)`: how many tokens count in rows `first` to `last − 1`.
# - `device.zero_grad()` sets the gradient to 0. The device may still hold the gradient of the step before.
# - `device.step()` changes the weights once, by the gradient (plain SGD).
#
# `device.n_rows` is the number of rows of the big batch, and `device.fit_rows` the number of rows whose activations
# fit. Each call of `forward` costs time: use as few as possible.


# %% solution="train-step"
def train_step(device: TrainingDevice) -> None:
    """One step on all rows: equal to a step on the big batch, with at most device.fit_rows rows in memory."""
    ### BEGIN SOLUTION "Send all rows through in micro-batches, add up the right gradients, and step once."
    device.zero_grad()
    n_tokens = device.count_tokens(0, device.n_rows)
    for first in range(0, device.n_rows, device.fit_rows):
        last = min(first + device.fit_rows, device.n_rows)
        device.forward(first, last)
        device.backward(scale=device.count_tokens(first, last) / n_tokens)
    device.step()
    ### END SOLUTION


# %%
# Six rows with 1 to 5 tokens each; four rows fit. The second device has room for all.
small, large = (TrainingDevice([5, 4, 1, 2, 1, 3], fit_rows=fit, seed=1) for fit in (4, 6))
large.forward(0, 6)
large.backward()
large.step()
try:
    train_step(small)
    print("weights after the big batch:", large.weights.round(4))
    print("weights after your step:    ", small.weights.round(4))
    print("equal:", np.allclose(small.weights, large.weights))
    print(f"forward passes {small.passes}, at most {small.peak_rows} rows in memory")
except NotImplementedError as todo:
    print(todo)

# %% part="accumulate"
wb.check("accumulate")

# %% [markdown]
# In October 2024, the `Trainer` of the widely used library Transformers turned out to get this wrong: it averaged the
# mean losses of micro-batches, although they had different numbers of tokens (Hugging Face, "Fixing Gradient
# Accumulation", 2024).
#
# **This is a good place to stop.** Save the notebook, and come back for the second remedy.

# %% [markdown]
# ## 4 · Keep or compute again
#
# What if one row alone is too large? Then do not keep all activations: drop some, and **compute them again** when the
# backward pass needs them. What is kept is called a **checkpoint** (Chen and others, 2016). This costs time. How much
# depends on what you keep.
#
# Our network is a chain of layers 0, 1, 2, … The backward pass of a layer needs the **input** of this layer. `mib_L[i]`
# is the size of the input of layer i in MiB (1 MiB is 2²⁰ bytes), and `ms_L[i]` the time of its forward pass. A
# **plan** is a list of layers: those whose input is kept. One step goes like this:
#
# 1. **Forward** through all layers. The inputs in the plan are kept, the others are dropped at once: an input that is
#    dropped is gone when the next one appears. The input of layer 0 is the batch itself: it is always kept.
# 2. **Backward** from the last layer to the first. If the input of the layer is missing, run forward again, from the
#    nearest kept input before it: all inputs on the way are computed again, and **all of them stay**, since the next
#    layers of the backward pass need them.
# 3. When a layer is done with its backward pass, its input is **freed**.
#
# The **peak** is the most that lies in memory at once. We count the inputs of layers only. `run_plan` carries out a
# plan:

# %%
chain_mib, chain_ms = [2, 2, 2, 2, 2, 2], [1, 1, 1, 1, 1, 1]
for kept in ([0, 1, 2, 3, 4, 5], [0], [0, 2, 4], [0, 3]):
    peak_mib, again_ms = run_plan(chain_mib, chain_ms, kept)
    print(f"keep {str(kept):20} peak {peak_mib:3} MiB, computed again {again_ms} ms")

# %% [markdown]
# Here all layers are alike. In a real network they are not: early layers of an image network have large arrays, and
# attention is slow. Write a function that finds the best plan for a chain of at most **10** layers. You may use
# `run_plan`.


# %% solution="best-plan"
def best_plan(mib_L: list[int], ms_L: list[int], budget_mib: int) -> list[int]:
    """The layers whose inputs to keep, so that the peak is at most budget_mib, with the least time for computing again.

    mib_L: size of the input of each layer, in MiB; L ≤ 10 layers
    ms_L: time of the forward pass of each layer, in ms
    Layer 0 is kept whether it is named or not. Where several plans are best, return any of them.
    Raises ValueError when no plan fits.
    """
    ### BEGIN SOLUTION "Return the layers whose inputs to keep, or raise ValueError when no plan fits."
    best_ms, best_kept = math.inf, None
    for choice in itertools.product([False, True], repeat=len(mib_L) - 1):
        kept = [0, *itertools.compress(range(1, len(mib_L)), choice)]
        peak_mib, again_ms = run_plan(mib_L, ms_L, kept)
        if peak_mib <= budget_mib and again_ms < best_ms:
            best_ms, best_kept = again_ms, kept
    if best_kept is None:
        raise ValueError(f"no plan fits into {budget_mib} MiB")
    return best_kept
    ### END SOLUTION


# %% part="plan"
wb.check("plan")

# %% [markdown]
# ## 5 · A chain of fifty layers
#
# This part is a stretch, outside of the 55 minutes.
#
# With 50 layers there are 2⁴⁹ plans. At a million plans a second, trying them all takes 18 years. But most of this work
# is done again and again. Walk through the chain from the front, and suppose that you have just kept the input of layer
# k. What do you have to know about the plan so far, to continue in the best way? Not all of it. Whoever agrees on that
# little can be compared, and the worse ones forgotten. This is **dynamic programming**.
#
# The same question as in part 4, for up to 50 layers. In the checks, budgets are at most 400 MiB; the cell after them
# has 600. All sizes are whole MiB. A call may take 4 seconds.


# %% solution="plan-long-chain"
def plan_long_chain(mib_L: list[int], ms_L: list[int], budget_mib: int) -> list[int]:
    """As best_plan, for up to 50 layers: the layers whose inputs to keep. Raises ValueError when no plan fits."""
    ### BEGIN SOLUTION "Return the layers whose inputs to keep, or raise ValueError when no plan fits."
    n_layers = len(mib_L)
    # For each layer: MiB kept so far, with this layer's input the newest → (ms computed again so far, layers kept).
    best = [{} for _ in range(n_layers + 1)]
    best[0][mib_L[0]] = (0, [0])
    for newest in range(n_layers):
        for kept_mib, (again_ms, kept) in best[newest].items():
            between_mib = between_ms = 0
            for following in range(newest + 1, n_layers + 1):  # the next one to keep; n_layers: none
                if kept_mib + between_mib > budget_mib:
                    break
                last = following == n_layers
                total_mib = 0 if last else kept_mib + mib_L[following]
                cost = (again_ms + between_ms, kept if last else [*kept, following])
                if total_mib <= budget_mib and cost < best[following].get(total_mib, (math.inf,)):
                    best[following][total_mib] = cost
                if not last:
                    between_mib += mib_L[following]
                    between_ms += ms_L[following - 1]
    if not best[n_layers]:
        raise ValueError(f"no plan fits into {budget_mib} MiB")
    return best[n_layers][0][1]
    ### END SOLUTION


# %% part="long-chain"
wb.check("long-chain")

# %% [markdown]
# What is the better plan worth? Here is a chain whose inputs shrink from 48 to 3 MiB, as in a network for images, with
# layers that take longer the deeper they are. `evenly spaced` is the best of the plans that keep every input, every
# second, every third, …

# %%
image_mib = [48] * 4 + [24] * 8 + [12] * 12 + [6] * 16 + [3] * 8
image_ms = [2] * 4 + [3] * 8 + [3] * 12 + [4] * 16 + [5] * 8
even = [run_plan(image_mib, image_ms, range(0, len(image_mib), gap)) for gap in range(1, len(image_mib))]
try:
    print(f"all kept: {sum(image_mib)} MiB. One forward pass: {sum(image_ms)} ms")
    print(f"{'budget, MiB':>12}{'evenly spaced: again, ms':>27}{'your plan: again, ms':>23}")
    for budget_mib in (600, 400, 300, 250, 200):
        fits = [ms for peak, ms in even if peak <= budget_mib]
        your_ms = run_plan(image_mib, image_ms, plan_long_chain(image_mib, image_ms, budget_mib))[1]
        print(f"{budget_mib:12}{min(fits) if fits else 'none fits':>27}{your_ms:23}")
except NotImplementedError as todo:
    print(f"This table appears when part 5 is there. Next: {todo}")
except ValueError as error:
    print(error)

# %% [markdown]
# In PyTorch, `torch.utils.checkpoint.checkpoint(layers, x, use_reentrant=False)` does this for a piece of a network: it
# keeps the input of the piece, and computes what is inside again. Now you know which pieces to choose.
#
# ## Sources
#
# - S. Rajbhandari, J. Rasley, O. Ruwase, Y. He, "ZeRO: Memory Optimizations Toward Training Trillion Parameter Models",
#   *SC20*, 2020, doi:10.1109/SC41405.2020.00024, section 3.1: the bytes of mixed-precision Adam.
# - D. P. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", *ICLR 2015*, arXiv:1412.6980, algorithm 1.
# - E. J. Hu and others, "LoRA: Low-Rank Adaptation of Large Language Models", *ICLR 2022*, arXiv:2106.09685.
# - T. Chen, B. Xu, C. Zhang, C. Guestrin, "Training Deep Nets with Sublinear Memory Cost", arXiv:1604.06174, 2016.
# - O. Beaumont and others, "Optimal checkpointing for heterogeneous chains: how to train deep neural networks with
#   limited memory", arXiv:1911.13214, 2019: chains whose layers differ; an input may be computed again several times.
# - Hugging Face, "Fixing Gradient Accumulation", blog, October 2024.
# - PyTorch documentation: "Autograd mechanics", hooks for saved tensors; `torch.utils.checkpoint`.
