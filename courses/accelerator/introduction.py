# title: Start here
# minutes: 12
# profiles:
#   smoke: {parameters: {batch: 64, width: 512, n_steps: 5}, env: {OMP_NUM_THREADS: 1}}
#   laptop: {env: {OMP_NUM_THREADS: 1}}
#   gpu: {parameters: {batch: 4096, width: 4096, usual: float32, short: bfloat16}}
#   cluster: {parameters: {batch: 4096, width: 4096, usual: float32, short: bfloat16}}

# %% [markdown]
# # Start here: one accelerator, well used
#
# A group moves its training to a device whose data sheet promises twice the speed. The bill grows. The nights do not
# get shorter. Half a year later somebody finds out that the device had been waiting most of the time: for data, for
# launches, for the memory. Nobody had looked.
#
# This course is about looking. It has six units and a project. After it you can
#
# - **say** what bounds a computation on a device, and by how much;
# - **measure** a device without fooling yourself;
# - **read** a trace, and choose the fix that pays most;
# - **use** 16-bit numbers, a full memory and a slow storage without losing your training;
# - **defend** a plan for a slow run with numbers.
#
# This notebook takes about 12 minutes. You measure something on this machine in the first five. Nothing here is
# graded.

# %%
import time
import zlib

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from matplotlib.patches import Patch

import workbench as wb

found = wb.device()
device = found.torch if found.name == "cuda" else torch.device("cpu")
torch.set_num_threads(1)  # the clock below adds up the time of all threads
print("torch", torch.__version__, "· profile", wb.profile())

# %% tags=["parameters"]
batch = 192  # samples in a step
width = 1024  # numbers in each sample, and columns of the weights
n_steps = 16  # of which we take the median
usual = "float64"  # the format of the numbers
short = "float32"  # a format with half the bits, for the large product alone

# %% [markdown]
# ## Five minutes: twice as fast?
#
# A **training step** changes the weights of a model a little. Ours has four pieces:
#
# | piece | what it does |
# |---|---|
# | input | unpacks a batch of samples, which lie compressed in the memory |
# | product | multiplies the batch by a large matrix of weights |
# | activation | sends each result through a bent line (the *hard swish*), in four small operations |
# | update | changes the weights, as the optimizer Adam does |
#
# The product is what accelerators are built for. We give it numbers with half the bits, and so it computes up to twice
# as fast. The other three pieces stay as they are.

# %%
wb.predict("faster", "The product computes up to twice as fast. How many times as fast is the whole step?")


# %%
def now_s() -> float:
    """A clock that waits for a GPU; on a CPU, one that stands still while other programs use the core."""
    if device.type == "cuda":
        torch.cuda.synchronize()
        return time.perf_counter()
    return time.process_time()


generator = np.random.default_rng(2026)
samples = generator.integers(0, 400, size=(batch, width), dtype=np.uint16)
packed = zlib.compress(samples.tobytes(), level=6)
weights, mean, square = (torch.rand(width, 2 * width, device=device, dtype=getattr(torch, usual)) for _ in range(3))


def step(product_dtype: torch.dtype) -> dict[str, float]:
    """Runs one step; the seconds of each of its pieces."""
    times = [now_s()]
    numbers = np.frombuffer(zlib.decompress(packed), dtype=np.uint16).reshape(batch, width)
    x = torch.tensor(numbers / 400, device=device, dtype=weights.dtype)
    times.append(now_s())
    y = x.to(product_dtype) @ weights.to(product_dtype)
    times.append(now_s())
    y = y.to(weights.dtype)
    z = y * torch.clamp(y + 3, 0, 6) / 6
    times.append(now_s())
    gradient = 1e-3 * z[:1]  # stands for a gradient: computing one is another story
    mean.lerp_(gradient, 0.1)  # the Adam optimizer keeps two more numbers for each weight
    square.mul_(0.999).addcmul_(gradient, gradient, value=0.001)
    weights.addcdiv_(mean, square.sqrt().add_(1e-8), value=-1e-3)
    times.append(now_s())
    return dict(zip(["input", "product", "activation", "update"], np.diff(times), strict=True))


def typical_ms() -> list[pd.Series]:
    """The median time of each piece in ms, for both formats in turn; the first two steps of each do not count."""
    steps = {dtype: [] for dtype in (usual, short)}
    for _ in range(n_steps + 2):
        for dtype, done in steps.items():
            done.append(step(getattr(torch, dtype)))
    return [1e3 * pd.DataFrame(done[2:]).median() for done in steps.values()]


before, after = typical_ms()
table = pd.DataFrame({f"product in {usual}, ms": before, f"product in {short}, ms": after})
table.loc["whole step"] = table.sum()
table.round(2)

# %%
product_gain, step_gain = before["product"] / after["product"], before.sum() / after.sum()
share = before["product"] / before.sum()
wb.settle(
    "faster",
    step_gain,
    why=f"The product became {product_gain:.2f} times as fast; shortening its numbers takes time, too. And it had only "
    f"{share:.0%} of the step. The other {1 - share:.0%} stayed as they were.",
)

# %% [markdown]
# ## Why
#
# Many people say 2. A data sheet speaks of the piece that it describes, and a program has other pieces. Divide the old
# step into the share of this piece, and the rest. Only the share becomes shorter:
#
# new step / old step = rest + share / gain
#
# This is **Amdahl's law** (Amdahl 1967). Even a product that takes no time at all would leave the rest.

# %%
by_law = 1 / (1 - share + share / product_gain)
print(f"by the law, from share and gain of the product: {by_law:.2f} times as fast")
print(f"measured:                                       {step_gain:.2f} times as fast")
print(f"with a product that takes no time at all:       {1 / (1 - share):.2f} times as fast")

# %% tags=["hide-input"]
# How the picture is drawn: you may skip this cell.
INK = "#1b1f24"
PIECES = {
    "input": ("#c9d6e4", ".."),
    "product": ("#2f6fab", ""),
    "activation": ("#f1ead4", "//"),
    "update": ("#d9a05b", ""),
}


def draw_steps() -> plt.Figure:
    """Two steps as bars, one above the other, each divided into its pieces."""
    figure, axis = plt.subplots(figsize=(10, 3.2), layout="constrained")
    for row, times in enumerate((after, before)):
        left = 0.0
        for name, (colour, hatch) in PIECES.items():
            axis.barh(row, times[name], left=left, color=colour, hatch=hatch, edgecolor=INK, lw=0.6, height=0.55)
            if times[name] > 0.09 * before.sum():
                ink, ground = ("white", colour) if name == "product" else (INK, "white")
                box = {"facecolor": ground, "edgecolor": "none", "pad": 1.5}
                middle = left + times[name] / 2
                label = f"{name}\n{times[name]:.3g} ms"
                axis.text(middle, row, label, ha="center", va="center", fontsize=9, color=ink, bbox=box)
            left += times[name]
        axis.text(left, row, f"  {left:.3g} ms", va="center", color=INK)
    axis.set(yticks=[0, 1], yticklabels=[f"product in {short}", f"product in {usual}"], xlim=(0, 1.13 * before.sum()))
    axis.set(xlabel="ms of one step")
    key = [Patch(facecolor=fill, hatch=hatch, edgecolor=INK, label=name) for name, (fill, hatch) in PIECES.items()]
    figure.legend(handles=key, loc="outside lower center", ncols=len(key), frameon=False)
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.tick_params(axis="y", length=0)
    return figure


# %%
changed = "shorter" if after["product"] < before["product"] else "longer"
wb.picture(
    draw_steps(),
    f"Two bars, each one step. With the product in {usual}: "
    + ", ".join(f"{name} {before[name]:.3g} ms" for name in PIECES)
    + f", together {before.sum():.3g} ms. With the product in {short}, this piece is {changed}: "
    + f"{after['product']:.3g} instead of {before['product']:.3g} ms. The step is {step_gain:.2f} times as fast.",
    table=table.round(2),
)

# %%
wb.quiz(
    "The product takes 40 % of a step. You pay for a device on which it takes a tenth of its time. The rest stays. How "
    "many times as fast is the step?",
    {
        "10 times": "This holds for the product alone. Six tenths of the step do not know of your new device.",
        "4 times": "You took 40 % of the gain. But what stays is time, not gain: 60 % + 4 % of the old step.",
        "About 1.6 times": "The step takes 60 % + 4 % = 64 % of its old time, and 1/0.64 is about 1.6.",
        "It cannot be known": "It can, as long as the pieces run one after another: share and gain are enough.",
    },
    right="About 1.6 times",
)

# %% [markdown]
# ## What the units are for
#
# Each piece of a step can be the one that you wait for. Each unit takes one of them, and the last one joins them.
#
# | unit | the question | in the step above |
# |---|---|---|
# | `roofline` | Does a piece wait for the arithmetic or for the memory? | the product, or the activation |
# | `profiling` | Which piece is it, when many run at the same time? | the bars above, for a real program |
# | `precision` | What do 16 bits cost, and how does a training survive them? | the product in fewer bits |
# | `memory` | What fills the device, and what gives way? | a larger batch |
# | `input-pipeline` | How does the next batch arrive in time? | the input |
# | `kernels` | How do four small operations become one? | the activation |
# | `project` | Which fix first, when each takes hours? | all of them |
#
# ```
#            ┌─ profiling ──────┐
#            ├─ precision ──────┤
# roofline ──┼─ memory ─────────┼── project
#            ├─ input-pipeline ─┤
#            └─ kernels ────────┘
# ```
#
# Begin with `roofline`: the others use its two counts, FLOPs and bytes. The five in the middle stand in a good order,
# but do not need each other. If your training waits for data tonight, take `input-pipeline` tonight. The project needs
# all six.
#
# ## How to work with the notebooks
#
# A unit is a **lesson** of about 20 minutes, and an **exercise** of about an hour. The project has no lesson, and takes
# up to 85 minutes.
#
# - **Lesson**: run the cells from top to bottom. Where it asks you for a number, write down a guess before you go on,
#   a wrong one too: the difference is what you keep. A step is left to you, and checked at once. Nothing of a lesson
#   is graded.
# - **Exercise**: where you find `raise NotImplementedError(…)`, write your own lines. `wb.check("…")` then checks a
#   part, as often as you like. It shows what was expected, what came, and the smallest input that shows it.
#   `wb.hint("…")` gives a hint, then a second one. No hint holds code.
# - The parts do not need each other. If one is stuck, go on with the next. Halfway there is "a good place to stop".
# - `wb.progress()` shows how far you are, on this machine.
# - If the notebook behaves strangely, restart its kernel and run all cells. Then it is as a grader will see it.
#
# ## How marks come about
#
# - `wb.check` runs the **visible checks**. When you hand in, the grader runs them again, and **hidden checks** of the
#   same parts: the same idea with other numbers, sizes and edges. A feedback page says which of them passed, with
#   hints.
# - A part gives the points of its checks. A check that passes gives its points, also when another one of the part
#   fails. A crash costs the part in which it happens.
# - **No mark depends on how fast your machine is.** Where speed is the point, the grader counts: FLOPs, bytes,
#   launches, hours of a simulated device. It counts on its own side, so that only what your functions return or call
#   counts.
# - The inputs are fresh and random each time. Code that knows the answers of the example gets no points; code that is
#   right gets all of them, however it is written.
# - One part of the project is prose. A person reads it, by a list of points that stands above your answer.
# - Each unit counts in the course mark with the weight that the course gives it.
#
# ## Sources
#
# - G. M. Amdahl: *Validity of the single processor approach to achieving large scale computing capabilities*. AFIPS
#   Spring Joint Computer Conference 1967, DOI 10.1145/1465482.1465560.
# - A. Howard, M. Sandler, G. Chu and others: *Searching for MobileNetV3*. ICCV 2019, DOI 10.1109/ICCV.2019.00140.
#   Section 5.2: the hard swish.
#
# **Next:** the lesson `roofline`.
