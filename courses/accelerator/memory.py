# title: What fills the device?
# minutes: 22
# profiles:
#   smoke: {parameters: {width: 64, n_rows: 512}, env: {OMP_NUM_THREADS: 1}}
#   laptop: {env: {OMP_NUM_THREADS: 1}}
#   gpu: {parameters: {width: 2048, n_rows: 16_384}}
#   cluster: {parameters: {width: 2048, n_rows: 16_384}}

# %% [markdown]
# # What fills the device?
#
# The job waited two hours in the queue. Then it ran for nine seconds: `CUDA out of memory`. So you halve the batch and
# wait again. Or you pay for the device with twice the memory. But the model is small! What fills the device, if not the
# model? You can know it before the job starts, with a pencil. And you can choose the remedy that costs least.
#
# After this lesson you can
#
# - **name** the four things that fill a device in training, and count their bytes;
# - **read** a memory curve: when is it highest, and why there?
# - **choose** between three remedies: a smaller batch, micro-batches, or computing some things again;
# - **say** what each of them costs.
#
# This takes about 22 minutes. Run the cells from top to bottom. Nothing here is graded.

# %%
import json
import os
import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # the profiler's own notes: off, before torch is imported

import matplotlib.pyplot as plt
import pandas as pd
import torch
from torch.autograd.graph import saved_tensors_hooks
from torch.profiler import profile, record_function
from torch.utils.checkpoint import checkpoint
from torch.utils.flop_counter import FlopCounterMode

import workbench as wb

found = wb.device()
device = found.torch if found.name == "cuda" else torch.device("cpu")
print("torch", torch.__version__, "· profile", wb.profile())

# %% tags=["parameters"]
width = 256  # numbers in a row of the batch
n_rows = 2048  # rows of the batch
n_blocks = 8  # blocks of the network

# %% [markdown]
# ## Four things
#
# - **Weights** are the numbers that training changes.
# - **Gradients** say for each weight in which direction to change it. There are as many as weights.
# - **Optimizer states** are what the optimizer remembers from one step to the next. Adam remembers two numbers for each
#   weight: a mean of its gradients, and a mean of their squares (Kingma and Ba 2015).
# - **Activations** are results of the forward pass that the backward pass will need again. Until then they wait on the
#   device.
#
# All numbers here are in `float32`, a format with 4 bytes. A MB is a million bytes.
#
# Our network is a chain of blocks, as in a transformer without its attention. Each block makes a row four times as
# wide, bends it by the function GELU, and makes it narrow again.


# %%
class Block(torch.nn.Module):
    """Rows of `width` numbers become rows of `width` numbers, by way of 4 · width."""

    def __init__(self) -> None:
        super().__init__()
        self.up = torch.nn.Linear(width, 4 * width, bias=False)
        self.down = torch.nn.Linear(4 * width, width, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.down(torch.nn.functional.gelu(self.up(x)))


torch.manual_seed(2026)
blocks = torch.nn.ModuleList([Block() for _ in range(n_blocks)]).to(device)
optimizer = torch.optim.Adam(blocks.parameters(), lr=1e-4)
batch = torch.randn(n_rows, width, device=device)
wanted = torch.randn(n_rows, width, device=device)

weight_bytes = sum(w.nbytes for w in blocks.parameters())
print(f"{n_blocks} blocks: the weights take {weight_bytes / 1e6:.1f} MB")

# %% [markdown]
# ## Predict
#
# One training step is a forward pass, a backward pass, and a change of the weights by Adam. There is one moment when
# most memory is taken, the **peak**. If the device has less, the job ends there.

# %%
wb.predict(
    "peak",
    f"The weights take {weight_bytes / 1e6:.1f} MB. We train with Adam, on a batch of {n_rows:,} rows. How many MB are "
    "taken at the peak of a step?",
    unit="MB",
)

# %% [markdown]
# ## Run
#
# PyTorch's profiler notes each time when memory is taken or given back. To this we add what was there before the step:
# weights, Adam's states and the batch. The important function is `training_step`; you may skip the other two.


# %%
def training_step(n_micro: int = 1, again: bool = False) -> None:
    """One step, the batch in n_micro equal portions. again: see the second half of the lesson."""
    for rows, target in zip(batch.chunk(n_micro), wanted.chunk(n_micro), strict=True):
        with record_function("forward"):
            x = rows
            for block in blocks:
                x = checkpoint(block, x, use_reentrant=False) if again else block(x)
            loss = torch.nn.functional.mse_loss(x, target) / n_micro
        with record_function("backward"):
            loss.backward()  # adds to the gradients
    with record_function("optimizer"):
        optimizer.step()
        optimizer.zero_grad()  # gives the gradients' memory back


def standing_bytes() -> dict[str, int]:
    """What is there between two steps, in bytes."""
    states = [state for of_weight in optimizer.state.values() for state in of_weight.values()]
    return {
        "weights": weight_bytes,
        "optimizer states": sum(state.nbytes for state in states if state.dim()),  # not the step numbers
        "batch": batch.nbytes + wanted.nbytes,
    }


def memory_curve(step: Callable[[], None]) -> pd.DataFrame:
    """What is taken on the device after each event of a step, in MB, and the phase of the step."""
    with profile(profile_memory=True) as profiler:
        step()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.json"
        profiler.export_chrome_trace(str(path))
        trace = json.loads(path.read_text(encoding="utf-8"))["traceEvents"]
    phases = [(e["ts"], e["name"]) for e in trace if e.get("name") in ("forward", "backward", "optimizer")]
    where = 1 if device.type == "cuda" else 0
    taken, curve = sum(standing_bytes().values()), []
    for event in sorted((e for e in trace if e.get("name") == "[memory]"), key=lambda e: e["ts"]):
        if event["args"]["Device Type"] == where:
            taken += event["args"]["Bytes"]
            curve.append((taken / 1e6, max(p for p in phases if p[0] <= event["ts"])[1]))
    return pd.DataFrame(curve, columns=["MB", "phase"])


training_step()  # the first step makes Adam's states
usual = memory_curve(training_step)
peak_mb = usual["MB"].max()
print(f"peak: {peak_mb:.1f} MB")

# %%
standing_mb = {name: size / 1e6 for name, size in standing_bytes().items()}
forward_mb = usual["MB"][usual["phase"] == "forward"].iloc[-1] - sum(standing_mb.values())
wb.settle(
    "peak",
    float(peak_mb),
    why=f"That is {peak_mb * 1e6 / weight_bytes:.1f} times the weights. Weights and Adam's states take "
    f"{standing_mb['weights'] + standing_mb['optimizer states']:.1f} MB, the gradients will take "
    f"{standing_mb['weights']:.1f} MB. But {forward_mb:.1f} MB came in the forward pass alone.",
)

# %% [markdown]
# ## Explain
#
# Many people count weights, gradients and two states: 4 times the weights. This part does not
# depend on the batch. What they forget is what the forward pass leaves behind for the backward pass. Here are the four,
# with the two moments that matter:

# %%
after_backward_mb = usual["MB"][usual["phase"] == "backward"].iloc[-1] - sum(standing_mb.values())
moments = pd.DataFrame(
    {
        "after the forward pass": [*standing_mb.values(), 0.0, forward_mb],
        "after the backward pass": [*standing_mb.values(), weight_bytes / 1e6, after_backward_mb - weight_bytes / 1e6],
    },
    index=[*standing_mb, "gradients", "activations"],
)
moments.loc["sum, MB"] = moments.sum()
moments.round(1)

# %% [markdown]
# The gradients come when the activations go. So the peak is less than the sum of everything. It comes where the forward
# pass ends and the backward pass begins: all activations are there, and hardly a gradient. It is a little higher than
# the sum of the first column, for the backward pass needs room to work: new gradients arrive before old activations
# are freed. (After the backward pass, a little is left of the activations: our program still
# holds the output of the network by the name `x`. What has a name is not freed.)

# %% [markdown]
# ## A worked example: which arrays wait?
#
# A layer `y = x · W` needs its input `x` in the backward pass, for the gradient of `W` is `xᵀ · dy`, where `dy` is the
# gradient of `y`. GELU needs its input, too. An array that two layers need waits only once. PyTorch tells us each array
# that it saves, if we ask with `saved_tensors_hooks`. Here is one block:


# %%
def saved_arrays(run: Callable[[], object]) -> dict[int, torch.Tensor]:
    """The arrays that wait for the backward pass, without the weights: each once, by its place in memory."""
    found = {}

    def save(tensor: torch.Tensor) -> torch.Tensor:
        found[tensor.untyped_storage().data_ptr()] = tensor.detach()
        return tensor

    with saved_tensors_hooks(save, lambda tensor: tensor):
        result = run()
    places = {w.untyped_storage().data_ptr() for w in blocks.parameters()}
    del result
    return {place: tensor for place, tensor in found.items() if place not in places}


one_block = saved_arrays(lambda: blocks[0](batch))
table = pd.DataFrame(
    [(" × ".join(f"{n:,}" for n in t.shape), t.nbytes / 1e6) for t in one_block.values()],
    columns=["shape", "MB"],
    index=["input of the block, for `up`", "output of `up`, for GELU", "output of GELU, for `down`"],
)
table.round(1)

# %%
input_bytes, *inside = (t.nbytes for t in one_block.values())
inside_bytes = sum(inside)
print(f"one block: {input_bytes / 1e6:.1f} MB for its input, {inside_bytes / 1e6:.1f} MB inside")
print(f"{n_blocks} blocks, counted: {n_blocks * (input_bytes + inside_bytes) / 1e6:.1f} MB")
print(f"forward pass, measured: {forward_mb:.1f} MB")

# %% [markdown]
# The count holds. (The input of the first block is the batch, which was there before. In exchange, the loss keeps the
# output of the last block. They have the same size.) Every array has one row for each row of the batch. So the
# activations grow with the batch, and the rest does not.
#
# ## Three remedies
#
# 1. **A smaller batch.** Half the rows, half the activations. But the training itself changes.
# 2. **Micro-batches.** Send the batch through in portions, and let the gradients add up. Only the activations of one
#    portion wait at a time. The step stays the same, if you add up the right numbers. This is called *gradient
#    accumulation*.
# 3. **Compute again.** Keep only the input of each block. When the backward pass comes to a block, run its forward pass
#    again. What is inside the block then waits for one block at a time. This is called *activation checkpointing*
#    (Chen and others 2016). It costs arithmetic.
#
# ## Your turn
#
# You keep only the inputs of all blocks. The backward pass begins with the last block. It computes again what is inside
# this block, uses it, and frees it, together with the input of the block. Then comes the block before it. How many
# bytes of activations wait at the fullest moment? (4 minutes)


# %% solution="waiting_bytes"
def waiting_bytes(n_blocks: int, input_bytes: int, inside_bytes: int) -> int:
    """The most bytes of activations that wait at once, if only the inputs of blocks are kept.

    Args:
        input_bytes: of the input of one block. All have the same size.
        inside_bytes: of the arrays inside one block, which are computed again.
    """
    ### BEGIN SOLUTION "Return the bytes that wait at the fullest moment."
    return n_blocks * input_bytes + inside_bytes
    ### END SOLUTION


# %%
wb.your_turn(
    "8 blocks, 2 MB for an input, 16 MB inside",
    lambda: waiting_bytes(8, 2, 16),
    want=32,
    hints=[
        "When is the fullest moment: when the backward pass is in the last block, or in the first?",
        "How many inputs are there at that moment? And of how many blocks is the inside there?",
    ],
)

# %%
wb.your_turn(
    "a single block",
    lambda: waiting_bytes(1, 2, 16),
    want=18,
    hints=["The inside of the last block is computed again, too. So what is saved with a single block?"],
)

# %% [markdown]
# ## See it: one step, three ways
#
# We measure the same step three times: as usual, in 4 micro-batches, and with computing again.

# %%
ways = {
    "as usual": lambda: training_step(),
    "4 micro-batches": lambda: training_step(n_micro=4),
    "computed again": lambda: training_step(again=True),
}
curves, giga_flops = {}, {}
for name, step in ways.items():
    curves[name] = usual if name == "as usual" else memory_curve(step)
    with FlopCounterMode(display=False) as counter:
        step()
    giga_flops[name] = counter.get_total_flops() / 1e9

usual_flops = giga_flops["as usual"]
costs = pd.DataFrame(
    {
        "peak, MB": {name: curve["MB"].max() for name, curve in curves.items()},
        "above what stands, MB": {name: c["MB"].max() - sum(standing_mb.values()) for name, c in curves.items()},
        "GFLOP": giga_flops,
        "× arithmetic": {name: flops / usual_flops for name, flops in giga_flops.items()},
    }
)
costs.round(2)

# %% tags=["hide-input"]
# How the picture is drawn: you may skip this cell.
INK, STANDS, GOES, LINE = "#1b1f24", "#c9d3de", "#e8a25c", "#8a3b0c"


def draw_step(axis: plt.Axes, name: str, curve: pd.DataFrame) -> None:
    """The memory over one step: below what stands, above what comes and goes. Of Adam only the beginning is drawn."""
    floor = sum(standing_mb.values())
    adam = int((curve["phase"] == "optimizer").to_numpy().argmax())
    end = adam + adam // 6
    events, height = list(range(end)), curve["MB"][:end]
    axis.fill_between(events, floor, height, color=GOES, step="post", lw=0)
    axis.fill_between(events, 0, floor, color=STANDS, lw=0)
    axis.plot(events, height, color=LINE, lw=1.5, drawstyle="steps-post")
    axis.axhline(standing_mb["weights"], color=INK, lw=0.8, ls=":")
    phases = curve["phase"][:end]
    starts = [0, *(i for i in range(1, end) if phases[i] != phases[i - 1]), end]
    for start, stop in pairwise(starts):
        axis.axvline(start, color=INK, lw=0.8, ls=(0, (4, 3)), ymax=0.93)
        letter = {"forward": "forward", "backward": "backward", "optimizer": "Adam"}[phases[start]]
        short = letter if name != "4 micro-batches" or letter == "Adam" else letter[0]
        under = {"transform": axis.get_xaxis_transform(), "ha": "center", "va": "top", "fontsize": 11, "color": INK}
        axis.text((start + stop) / 2, -0.02, short, **under)
    top = int(height.to_numpy().argmax())
    over = {"fontsize": 12, "color": INK, "bbox": {"facecolor": "white", "edgecolor": "none", "pad": 1}}
    axis.text(top, height.max() + 0.025 * peak_mb, f"peak {height.max():,.1f} MB", **over)
    axis.set_title(name, loc="left", fontsize=13, color=INK)
    axis.set(xticks=[], xlim=(0, end))
    axis.spines[["top", "right"]].set_visible(False)


# %%
figure, axes = plt.subplots(1, 3, figsize=(11, 4.8), sharey=True, layout="constrained")
for axis, (name, curve) in zip(axes, curves.items(), strict=True):
    draw_step(axis, name, curve)
axes[0].set(ylabel="MB on the device", ylim=(0, 1.15 * peak_mb))
axes[1].set_xlabel("from each change of the memory to the next; of Adam, only the beginning", labelpad=20, color=INK)
inside_of = {"color": INK, "va": "center", "fontsize": 11}
middle = (standing_mb["weights"] + sum(standing_mb.values())) / 2
axes[0].text(4, standing_mb["weights"] / 2, "weights", **inside_of)
axes[0].text(4, middle, "Adam's states, batch", **inside_of)

stands_mb, (usual_mb, micro_mb, again_mb) = sum(standing_mb.values()), costs["peak, MB"]
wb.picture(
    figure,
    "Three memory curves over one training step, with one scale. Below, weights, Adam's states and the batch stand all "
    f"the time, {stands_mb:,.1f} MB. As usual, the curve climbs in the forward pass, to {usual_mb:,.1f} MB where the "
    "backward pass begins, and goes down in the backward pass until only gradients are left. In 4 micro-batches there "
    f"are four smaller hills, from the second on above the gradients; the highest has {micro_mb:,.1f} MB. Computed "
    "again, the forward pass hardly climbs, and the backward pass has one tooth for each block; the highest has "
    f"{again_mb:,.1f} MB.",
    table=costs.round(2),
)

# %% [markdown]
# How to read it: below is what stands all the time. The hill is what comes and goes.
#
# - **As usual**, the curve climbs block by block in the forward pass. The backward pass frees block by block. What is
#   left of the hill, where Adam begins, are the gradients.
# - **In 4 micro-batches** there are four smaller hills, each with a forward pass (f) and a backward pass (b). From the
#   second on, they stand on the gradients. The arithmetic is the same, but in smaller pieces. In the lesson on the
#   roofline you saw what smaller pieces can cost.
# - **Computed again**, the climb is flat: only inputs of blocks are kept. (The small teeth are the inside of a block,
#   which is there while the block computes.) In the backward pass you see one tooth for each block. The price is more
#   arithmetic: the column *× arithmetic* in the table above. A whole forward pass would cost a third more. It is less,
#   for PyTorch stops as soon as it has the arrays that it needs: the last product of a block is not computed again.
#
# Your count for the third way, and what was measured:

# %%
above_mb = costs.loc["computed again", "above what stands, MB"]
try:
    your_mb = waiting_bytes(n_blocks, input_bytes, inside_bytes) / 1e6
except NotImplementedError:
    your_mb = None
if isinstance(your_mb, float) and your_mb > 0:
    print(f"By your count, {your_mb:.1f} MB of activations wait. Measured above what stands: {above_mb:.1f} MB.")
else:
    print("This appears when `waiting_bytes` returns a number of bytes.")

# %% [markdown]
# Two things make the difference. The batch counts as an input here, but it stands there anyway: so less was measured.
# And the backward pass needs room to work, for the gradients of what it just computed again, and for those of the
# weights: so more was measured.
#
# ## What would you do?
#
# The device has a fixed memory, here as a multiple of the weights. Choose a batch and a remedy: does it fit? This is a
# rough count: weights, two states, all gradients, the whole batch with what is wanted, and the activations of one
# portion. The room to work comes on top, so leave some space: here a tenth of the device. Begin with four times the
# rows. Which remedies make it fit, and which of them costs no arithmetic?


# %%
SPACE = 0.1  # the share of the device that the count should leave free
PORTIONS = [1, 2, 4, 8, 16, 32]


def shown(mb: float) -> str:
    """A size in MB with three digits or more."""
    return f"{mb:,.0f}" if mb >= 100 else f"{mb:.3g}"


def activation_mb(rows: int, portions: int, again: bool) -> float:
    """The activations that wait, for a batch of so many rows in so many portions."""
    kept = n_blocks * input_bytes + inside_bytes if again else n_blocks * (input_bytes + inside_bytes)
    return kept * rows / n_rows / portions / 1e6


def batch_mb(rows: int) -> float:
    """The batch and what is wanted for it: both lie there as a whole, also in portions."""
    return (batch.nbytes + wanted.nbytes) * rows / n_rows / 1e6


def decide(rows: int = 4 * n_rows, portions: int = 1, again: bool = False, memory: int = 8) -> None:
    """Shows what fills a device that holds `memory` times the weights."""
    one = weight_bytes / 1e6
    parts = {"weights": one, "states": 2 * one, "gradients": one, "batch": batch_mb(rows)}
    parts["activations"] = activation_mb(rows, portions, again)
    device_mb, total = memory * one, sum(parts.values())
    figure, axis = plt.subplots(figsize=(9, 2.2), layout="constrained")
    left, text = 0.0, {"ha": "center", "va": "center", "fontsize": 10, "color": INK, "zorder": 3}
    for (name, mb), colour in zip(parts.items(), ["#8fa3b8", STANDS, "#a9c7a0", "#f1ead4", GOES], strict=True):
        axis.barh([0], [mb], left=left, color=colour, edgecolor=INK, lw=0.8, label=name)
        if mb > 0.07 * max(device_mb, total):
            back = {"facecolor": colour, "edgecolor": "none", "pad": 1} if name == "activations" else None
            axis.text(left + mb / 2, 0, f"{name}\n{shown(mb)}", bbox=back, **text)
        left += mb
    axis.axvline(device_mb, color=INK, lw=3, zorder=2)
    axis.text(device_mb, 0.5, f"the device ends here, {shown(device_mb)} MB  ", ha="right", va="bottom", color=INK)
    axis.set(xlim=(0, 1.02 * max(device_mb, total)), ylim=(-0.5, 0.9), yticks=[], xlabel="MB")
    figure.legend(loc="outside lower center", ncols=len(parts), frameon=False)
    axis.spines[["top", "right", "left"]].set_visible(False)
    told = ", ".join(f"{name} {shown(mb)} MB" for name, mb in parts.items())
    wb.picture(figure, f"A bar of five pieces: {told}. The device ends at {shown(device_mb)} MB.")
    verdict = "out of memory." if total > device_mb else "too tight: what comes on top may not fit."
    verdict = "it fits." if total <= (1 - SPACE) * device_mb else verdict
    print(f"{shown(total)} MB counted, on {shown(device_mb)} MB:", verdict)


needs = pd.DataFrame(
    {
        way: {
            "1 portion" if n == 1 else f"{n} portions": 4
            + (batch_mb(4 * n_rows) + activation_mb(4 * n_rows, n, again)) * 1e6 / weight_bytes
            for n in PORTIONS
        }
        for way, again in (("keep everything", False), ("compute again", True))
    }
).round(1)
needs.index.name = f"needed by {4 * n_rows:,} rows, × weights"
wb.explore(
    decide,
    rows=[n_rows // 4, n_rows, 4 * n_rows, 16 * n_rows],
    portions=PORTIONS,
    again={"keep everything": False, "compute again": True},
    memory={f"{n} × the weights": n for n in (3, 5, 8, 16)},
    table=needs,
)

# %% [markdown]
# The answer for four times the rows, on the device with 8 times the weights:

# %%
for way, of_portions in needs.items():
    fitting = [portions for portions, times in of_portions.items() if times <= (1 - SPACE) * 8]
    print(f"{way}: fits with", ", ".join(fitting) or "none of these", "(counted, with a tenth left free)")

# %% [markdown]
# Portions alone cost no arithmetic. Computing again does, and here it needs portions, too.
#
# Now choose the smallest device, 3 times the weights. Neither portions nor computing again help there: what stands is
# already too large. What could help is an optimizer with fewer states, fewer weights that are trained, or more devices.

# %% [markdown]
# ## Quiz
#
# Each choice has its own reply. Read the reply to yours first.

# %%
wb.quiz(
    "You train with Adam in mixed precision: weights and gradients have 2 bytes, and Adam keeps its two states and a "
    "second copy of the weights in float32 (4 bytes). What does this change in weights, gradients and states, compared "
    "with float32 throughout?",
    {
        "They take half": "You let the states shrink, too. Adam works in float32, for small changes get lost in "
        "2 bytes. Count the bytes for one weight: 2 + 2 + 4 + 4 + 4.",
        "They take three quarters": "Perhaps you forgot the second copy of the weights in float32. With it, one weight "
        "takes 2 + 2 + 4 for the copy + 4 + 4.",
        "They take the same": "Right: 4 + 4 + 4 + 4 is 16 bytes for a weight, and 2 + 2 + 4 + 4 + 4 is 16, too. What "
        "does shrink are the activations.",
        "They take more, because of the second copy": "The copy is 4 bytes more. But weights and gradients are 2 bytes "
        "smaller each. So it comes out even.",
    },
    right="They take the same",
)

# %%
wb.quiz(
    "A portion of 3 rows has a mean loss of 4, a portion of 1 row has a mean loss of 8. You want the mean loss of all "
    "4 rows. By which numbers do you multiply the two mean losses before `backward()` adds up the gradients?",
    {
        "1 and 1": "You would get 12. Each mean was already divided by its own rows; their sum grows with the number "
        "of portions, as if the learning rate did.",
        "1/2 and 1/2": "You would get 6. The single row gets as many votes as the other three together.",
        "3/4 and 1/4": "Right: 3/4 · 4 + 1/4 · 8 = 5, and (4 + 4 + 4 + 8) / 4 is 5, too.",
        "3 and 1": "You would get 20, the sum of the losses of all rows. Now divide by all the rows.",
    },
    right="3/4 and 1/4",
)

# %% [markdown]
# ## From laptop to cluster
#
# Mixed precision with Adam takes 16 bytes for each weight, without activations (Rajbhandari and others 2020). Data
# parallel training puts all of them on each GPU. The same paper shares them out: with N GPUs, each stores 16/N bytes
# for a weight, and asks the others for the rest.

# %%
gpus = [1, 8, 64, 1000]
models = {"1 billion weights": 1, "7 billion": 7, "70 billion": 70}
shared = pd.DataFrame(
    {f"{n:,} GPUs" if n > 1 else "1 GPU": [16 * b / n for b in models.values()] for n in gpus}, models
)
shared.index.name = "GB on each GPU"
shared.map(lambda gb: f"{gb:,.0f}" if gb >= 100 else f"{gb:,.3g}")

# %% [markdown]
# Compare with your GPU: an H100 SXM has 80 GB (see the sources). The activations come on top. Sharing does not make
# them smaller: portions and computing again do.
#
# This notebook on a GPU, by Slurm:
#
# ```
# srun --gpus=1 --cpus-per-task=8 --mem=16G autograder build accelerator/memory --run --profile gpu
# ```

# %%
recorded = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(Path("data/memory").glob("*.json"))]
for record in recorded:
    print(record["date"], "·", record["machine"], "·", record["versions"])
    print(pd.DataFrame(record["results"]).to_string(index=False))
if not recorded:
    print("No measurement from a GPU or a cluster has been recorded yet, so none is shown.")
    print("To record one, run there, beside this notebook: python data/memory/record.py")

# %% [markdown]
# ## Sources
#
# - D. P. Kingma, J. Ba: *Adam: A Method for Stochastic Optimization*. ICLR 2015, arXiv:1412.6980. Algorithm 1.
# - T. Chen, B. Xu, C. Zhang, C. Guestrin: *Training Deep Nets with Sublinear Memory Cost*. 2016, arXiv:1604.06174.
#   Section 4: keep some results, compute the others again.
# - S. Rajbhandari, J. Rasley, O. Ruwase, Y. He: *ZeRO: Memory Optimizations Toward Training Trillion Parameter Models*.
#   SC20, 2020, DOI 10.1109/SC41405.2020.00024. Section 3.1: 16 bytes for each weight; section 5: sharing them out.
# - PyTorch 2.13, documentation of `torch.autograd.graph.saved_tensors_hooks`, `torch.utils.checkpoint` and
#   `torch.profiler` (`profile_memory`).
# - NVIDIA, *H100 Tensor Core GPU data sheet*, 2023, column "H100 SXM": 80 GB.
#
# ## Next: the exercise
#
# In the exercise *What fills the device* you count it all for any network, predict the largest batch, build a step of
# unequal micro-batches, and decide which arrays of a chain to keep when every layer is different. There, evenly spaced
# is not good enough.
