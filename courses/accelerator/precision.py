# title: What half the bits cost
# minutes: 20
# profiles:
#   smoke: {parameters: {n_steps: 200, n_samples: 16384, square: 256, min_run_s: 0.02}, env: {OMP_NUM_THREADS: 1}}
#   laptop: {env: {OMP_NUM_THREADS: 1}}
#   gpu: {parameters: {n_steps: 2000, square: 8192}}
#   cluster: {parameters: {n_steps: 2000, square: 8192}}

# %% [markdown]
# # What half the bits cost
#
# A colleague switches your training to 16 bits. It needs half the memory, and everybody is happy. Three days later the
# loss still stands where it stood on the first evening. There was no error and no `nan`. The GPU was busy all the time,
# and you paid for all of it. Nearly every update had been rounded away, and nobody had asked for the one line that
# would have kept the updates.
#
# After this lesson you can
#
# - **predict** which numbers a 16-bit format loses;
# - **explain** why weights are kept in 32 bits while the net computes in 16;
# - **choose** a loss scale from the gradients of a net;
# - **decide** between `float16` and `bfloat16`.
#
# This takes about 20 minutes. Run the cells from top to bottom. Nothing here is graded.

# %%
import json
import math
import time
from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from torch.nn.functional import cross_entropy
from torch.utils.benchmark import Timer

import workbench as wb

found = wb.device()
device = found.torch if found.name == "cuda" else torch.device("cpu")
print("torch", torch.__version__, "· profile", wb.profile())

# %% tags=["parameters"]
n_steps = 400  # of the training on new data
n_samples = 65_536  # in the batch whose gradients we look at
square = 512  # rows and columns of the product that is timed at the end
min_run_s = 0.1  # it is repeated for about this long

# %% [markdown]
# ## Two formats with 16 bits
#
# A number such as 0.001 is stored in three pieces: a **sign**, an **exponent** that chooses a power of two, and a
# **fraction** that says how far the number lies between this power of two and the next one. `float32`, the usual
# format, has 32 bits for all three. Two formats do it with 16:
#
# - `float16` has 5 bits of exponent and 10 of fraction;
# - `bfloat16` has 8 bits of exponent and 7 of fraction.
#
# More bits of fraction: finer numbers. More bits of exponent: smaller and larger numbers.
#
# ## Predict
#
# A weight is 1.0, in `bfloat16`. Training adds 0.001 to it, and again, 1,000 times in all. With exact numbers it would
# be 2.0 in the end. The format keeps 2 to 3 decimal digits.

# %%
wb.predict(
    "weight",
    "A weight of 1.0 in bfloat16 gets 1,000 updates of +0.001, one after the other. What is it then? (Exactly: 2.0.)",
)

# %% [markdown]
# ## Run


# %%
def after_updates(dtype: torch.dtype, weight: float = 1.0, update: float = 0.001, count: int = 1000) -> float:
    """A weight after so many equal updates, each of them rounded to the format."""
    total, step = torch.tensor(weight, dtype=dtype), torch.tensor(update, dtype=dtype)
    for _ in range(count):
        total = total + step
    return total.item()


def next_above(weight: float, dtype: torch.dtype) -> float:
    """The next larger number of the format."""
    return torch.nextafter(torch.tensor(weight, dtype=dtype), torch.tensor(math.inf, dtype=dtype)).item()


bf16_weight = after_updates(torch.bfloat16)
gap = next_above(1.0, torch.bfloat16) - 1.0
print("bfloat16:", bf16_weight)

# %%
wb.settle(
    "weight",
    bf16_weight,
    why=f"After 1.0, the next number of bfloat16 is {1 + gap}: {gap} above. 1.001 lies between the two, much "
    "nearer to 1.0, and is rounded to it. The next update finds 1.0 again, and so do all that follow.",
)

# %% [markdown]
# ## Explain
#
# Most people believe that a short format loses **a little of every number**. Then the result would be off by a little:
# 1.98, perhaps. But rounding is not a small tax on each update. It decides for each one: is it **larger than half the
# gap** around the weight, or is it nothing? Here all 1,000 were nothing.
#
# It does not help that 0.001 itself has a place in bfloat16. What counts is the **sum**, and the gap around it:

# %%
DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}

rows = []
for name, dtype in DTYPES.items():
    row = {"format": name, "1.0 after 1,000 updates": after_updates(dtype)}
    row |= {"gap above 1": next_above(1.0, dtype) - 1, "gap above 100": next_above(100.0, dtype) - 100}
    row |= {"smallest above 0": torch.finfo(dtype).smallest_normal * torch.finfo(dtype).eps}
    rows.append(row | {"largest": torch.finfo(dtype).max})
shown = pd.DataFrame(rows).set_index("format")
shown.map(lambda value: f"{value:.6g}")

# %% [markdown]
# Read the table by columns.
#
# - **Gap.** It grows with the number: it doubles at each power of two. bfloat16 has the widest gaps. So it loses small
#   updates of large weights first. float16 is finer, but each of its steps was rounded too: it ends at 1.97656. float32
#   also rounds each step: it ends at 2.00005.
# - **Smallest and largest.** bfloat16 reaches nearly as far as float32. float16 ends soon on both sides: what is too
#   small becomes 0, and what is too large becomes `inf`.
#
# So there are two ways to lose a number, and each format has its own weak side. We look at both: first the updates, in
# bfloat16, and then the gradients, in float16.

# %% [markdown]
# ## A worked example: where the weights live
#
# A small net sorts points into ten classes. It is trained in float32. Then the data change a little, and the net is
# trained further, with a small learning rate, as in *fine-tuning*. We do this in three ways:
#
# 1. all in float32;
# 2. weights **kept** in bfloat16, and the net computes in bfloat16;
# 3. weights **kept** in float32 (the **master weights**). The net computes in bfloat16, on a copy that is made new in
#    each step.
#
# The only difference between 2 and 3 is where the new weights are stored.


# %%
FEATURES, WIDTH, CLASSES = 16, 64, 10
random = torch.Generator().manual_seed(2026)
old_centres = torch.randn(CLASSES, FEATURES, generator=random)
new_centres = old_centres + 0.8 * torch.randn(CLASSES, FEATURES, generator=random)


def samples(centres: torch.Tensor, count: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Points around the centres of their classes, and the classes."""
    classes = torch.randint(0, CLASSES, (count,), generator=generator)
    points = centres[classes] + 0.7 * torch.randn(count, FEATURES, generator=generator)
    return points.to(device), classes.to(device)


def scores(weights: list[torch.Tensor], points: torch.Tensor) -> torch.Tensor:
    """Three layers; computes in the format of the weights."""
    for w in weights[:-1]:
        points = torch.tanh(points.to(w.dtype) @ w)
    return points @ weights[-1]


def train(weights, centres, steps, learning_rate, compute=torch.float32, keep=torch.float32):
    """Gradient descent. Returns the weights, and the share of them that the last step left exactly as they were."""
    generator, weights, still = torch.Generator().manual_seed(1), [w.to(keep) for w in weights], 0.0
    for _ in range(steps):
        points, classes = samples(centres, 256, generator)
        copies = [w.detach().to(compute).requires_grad_() for w in weights]
        cross_entropy(scores(copies, points).float(), classes).backward()
        new = [
            (w.float() - learning_rate * copy.grad.float()).to(keep) for w, copy in zip(weights, copies, strict=True)
        ]
        still = float(np.mean([(a == b).float().mean().item() for a, b in zip(new, weights, strict=True)]))
        weights = new
    return weights, still


test_points, test_classes = samples(new_centres, 5000, torch.Generator().manual_seed(3))


def test_loss(weights: list[torch.Tensor]) -> float:
    """On new data that no training has seen; the weights as they are kept, computed in float32."""
    return cross_entropy(scores([w.float() for w in weights], test_points), test_classes).item()


shapes = [(FEATURES, WIDTH), (WIDTH, WIDTH), (WIDTH, CLASSES)]
first = [(torch.randn(shape, generator=random) / shape[0] ** 0.5).to(device) for shape in shapes]
trained, _ = train(first, old_centres, steps=400, learning_rate=0.5)
before = test_loss(trained)

ways = {
    "1 · all in float32": {},
    "2 · weights kept in bfloat16": {"compute": torch.bfloat16, "keep": torch.bfloat16},
    "3 · master weights in float32": {"compute": torch.bfloat16, "keep": torch.float32},
}
rows = []
for name, formats in ways.items():
    weights, still = train(trained, new_centres, n_steps, learning_rate=0.003, **formats)
    rows.append({"way": name, "loss before": before, "loss after": test_loss(weights), "not moved": still})
results = pd.DataFrame(rows).set_index("way")
results.assign(**{"not moved": results["not moved"].map("{:.1%}".format)}).round(4)

# %%
gained = before - results["loss after"]
share_kept, share_saved = gained.iloc[1] / gained.iloc[0], gained.iloc[2] / gained.iloc[0]
print(f"Of what float32 learns, way 2 learns {share_kept:.0%}, and way 3 learns {share_saved:.0%}.")
print(f"In the last step of way 2, {results['not moved'].iloc[1]:.1%} of the weights did not move.")
moved, _ = train(trained, new_centres, steps=1, learning_rate=0.003)
ratios = torch.cat([(old / (new - old)).abs().flatten() for old, new in zip(trained, moved, strict=True)])
print(f"A typical weight is {ratios.median().item():,.0f} times as large as its first update.")

# %% [markdown]
# In way 3 the net computes in the same short format as in way 2, and its gradients are as coarse. That is hardly a
# loss: a coarse gradient still points in nearly the right direction (further down we measure how far it is off). But
# its **update** has to be added to a weight that is larger by the factor you see above. Half a gap of bfloat16 is
# between 1/256 and 1/512 of the weight. An update that is smaller is rounded away. So an update is lost for certain if
# the weight is more than 512 times as large. A typical one is, as the factor shows. In float32, half a gap is about 1
# part in 17 to 34 million of the weight. This is why in ways 1 and 3 nearly every weight moves. Now and then one does
# not.
#
# So the rule is not "as many bits as possible". It is: **short numbers where much is moved and multiplied, long numbers
# where little things add up.** The weights are one such place. Sums inside a matrix product are another: see the
# exercise.
#
# PyTorch follows this rule. Under `torch.autocast`, weights stay in float32, and matrix products get short copies:

# %%
layer = torch.nn.Linear(FEATURES, CLASSES).to(device)
with torch.autocast(device.type, dtype=torch.bfloat16):
    answer = layer(test_points)
    loss = cross_entropy(answer, test_classes)
loss.backward()
for name, tensor in {"weights": layer.weight, "answer": answer, "loss": loss, "gradient": layer.weight.grad}.items():
    print(f"{name:10}{tensor.dtype}")

# %% [markdown]
# ## The other loss: small gradients
#
# Now float16. Here is another belief: "my gradients are small, but they are not zero". We take the trained net, and one
# large batch of the data that it knows well. A batch of language models holds many tokens, so ours holds many points.
# We compute in float32 how the loss depends on each number that leaves the first layer. These gradients flow back
# through the net, and from them the gradients of the weights are made. Which of them would float16 have?


# %%
def gradients(compute: torch.dtype, scale: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Gradients of scale · loss, divided by scale again in float32: at the first layer's outputs; of all weights."""
    points, classes = samples(old_centres, n_samples, torch.Generator().manual_seed(4))
    copies = [w.detach().to(compute).requires_grad_() for w in trained]
    hidden = torch.tanh(points.to(compute) @ copies[0])
    hidden.retain_grad()
    (cross_entropy(scores(copies[1:], hidden).float(), classes) * scale).backward()
    at_hidden, of_weights = hidden.grad.flatten(), torch.cat([copy.grad.flatten() for copy in copies])
    return at_hidden.float() / scale, of_weights.float() / scale


exact_hidden, exact_weights = gradients(torch.float32, 1.0)
largest_gradient = max(exact_hidden.abs().max().item(), exact_weights.abs().max().item())
sizes = exact_hidden.abs().cpu()
sizes = sizes[torch.randperm(len(sizes), generator=random)[:200_000]]  # enough of them for a picture
sizes = sizes[sizes > 0]
print(
    f"{len(exact_hidden):,} gradients at the first layer, half of them below {exact_hidden.abs().median().item():.1g}"
)
print(f"zero in float16: {(exact_hidden.half() == 0).float().mean().item():.2%}")
print(f"largest gradient of all, those of the weights included: {largest_gradient:.3g}")

# %% [markdown]
# So many are gone, without a word. The trick against it: multiply the **loss** by a large number, the **scale**,
# before `backward()`. By the chain rule, every gradient comes out larger by this factor. Float16 then has a place for
# it. After that, go to float32 and divide by the scale. A power of two is a good scale: it changes only exponents, and
# no fraction is rounded.
#
# ## Your turn
#
# How large may the scale be? What grows beyond 65,504, the largest number of float16, becomes `inf`, and the step is
# lost. Write the largest power of two that is safe for a given largest gradient. (3 minutes)


# %% solution="safe_scale"
def safe_scale(largest_gradient: float) -> float:
    """The largest power of two by which the gradient can be multiplied and stay at or below 65,504."""
    ### BEGIN SOLUTION "Return the largest power of two that keeps the largest gradient at or below 65,504."
    return 2.0 ** math.floor(math.log2(65504 / largest_gradient))
    ### END SOLUTION


# %%
wb.your_turn(
    "a gradient of 3",
    lambda: safe_scale(3.0),
    want=2.0**14,
    hints=["By which number could you multiply 3 to reach 65,504 exactly? Which power of two lies just below it?"],
)

# %%
wb.your_turn(
    "a small gradient, and a very large one",
    lambda: [safe_scale(0.001), safe_scale(200_000.0)],
    want=[2.0**25, 0.25],
    hints=["`math.log2` gives the exponent, with a fraction. Which way must it be rounded, also if it is negative?"],
)

# %% [markdown]
# ## See it: the hill of gradients and the wall of float16
#
# The picture shows the sizes of the gradients at the first layer. Each step to the right is a factor of two. Under them
# lies what float16 has for numbers of this size. The picture counts 200,000 of the gradients, so its shares differ a
# little from the one above. The arrow is the largest gradient of all: the one that overflows first. The upper row has
# no scale, the lower one has yours.

# %% tags=["hide-input"]
# How the picture is drawn: you may skip this cell.
INK, BAR = "#1b1f24", "#2f6fab"
LOW, HIGH = -58, 22
ZONES = [  # from, to, in powers of two; what float16 makes of it; ground; hatching
    (LOW, -25, "becomes 0", "#f3d9cb", "///"),
    (-25, -14, "fewer digits", "#f7efcf", "..."),
    (-14, 16, "all digits", "#ffffff", ""),
    (16, HIGH, "inf", "#f3d9cb", "xxx"),
]


def shares(scale: float) -> pd.Series:
    """Which share of the gradients at the first layer falls where in float16, with this scale."""
    scaled = (sizes * scale).half()
    zero, infinite = (scaled == 0).float().mean().item(), scaled.isinf().float().mean().item()
    fewer = ((scaled > 0) & (scaled < 2.0**-14)).float().mean().item()
    whole = 1 - zero - fewer - infinite
    return pd.Series({"becomes 0": zero, "fewer digits": fewer, "all digits": whole, "inf": infinite})


def draw_hill(axis: plt.Axes, scale: float) -> None:
    """Draws how often each size occurs, over the zones of float16."""
    powers = torch.log2(sizes * scale).numpy().clip(LOW, HIGH - 0.01)
    counts, edges = np.histogram(powers, bins=np.arange(LOW, HIGH + 1))
    part = 100 * counts / len(powers)
    top = 1.5 * part.max()
    for (start, end, name, ground, hatch), share in zip(ZONES, shares(scale), strict=True):
        axis.axvspan(start, end, facecolor=ground, edgecolor="#d9c7b8", hatch=hatch, lw=0)
        axis.axvline(start, color=INK, lw=0.8, ls=":")
        label = {"ha": "center", "va": "top", "color": INK, "fontsize": 11}
        label["bbox"] = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 2}
        axis.text((start + end) / 2, 0.97 * top, f"{name}\n{share:.1%}", **label)
    axis.bar(edges[:-1] + 0.5, part, width=0.9, color=BAR, edgecolor=INK, lw=0.5)
    largest = min(math.log2(largest_gradient * scale), HIGH - 0.5)
    arrow = {"arrowstyle": "-|>", "color": INK, "lw": 1.5}
    name = {"ha": "right", "va": "center", "fontsize": 10, "color": INK}
    axis.annotate("", (largest, 0), (largest, 0.4 * top), arrowprops=arrow)
    axis.text(largest - 0.6, 0.38 * top, "largest of all ", **name)
    axis.set(xlim=(LOW, HIGH), ylim=(0, top), ylabel="% of gradients")
    axis.set_title(f"scale {'1' if scale == 1 else f'2^{math.log2(scale):.0f}'}", loc="left", fontsize=12)
    axis.xaxis.set_major_locator(plt.MultipleLocator(10))
    axis.xaxis.set_major_formatter(lambda value, _: f"$2^{{{value:.0f}}}$")
    axis.spines[["top", "right"]].set_visible(False)


# %%
try:
    yours = float(safe_scale(largest_gradient))
except NotImplementedError:
    yours = None  # the lower row appears when `safe_scale` is there
chosen = [1.0] + ([yours] if yours else [])

figure, axes = plt.subplots(
    len(chosen), 1, figsize=(11, 3.2 * len(chosen)), layout="constrained", sharex=True, squeeze=False
)
for axis, scale in zip(axes[:, 0], chosen, strict=True):
    draw_hill(axis, scale)
axes[-1, 0].set_xlabel("size of the gradient · scale")
table = pd.DataFrame({f"scale {scale:,.0f}": shares(scale) for scale in chosen}).map("{:.2%}".format)
told = " ".join(
    f"With scale {scale:,.0f}, {shares(scale)['becomes 0']:.1%} become zero, {shares(scale)['fewer digits']:.1%} keep "
    f"fewer digits, {shares(scale)['all digits']:.1%} keep all, and {shares(scale)['inf']:.1%} overflow."
    for scale in chosen
)
wb.picture(figure, f"Histograms of the sizes of gradients over the zones of float16. {told}", table=table)

# %% [markdown]
# The hill keeps its shape: the scale only moves it to the right. The arrow moves with it, and must not cross the wall
# of `inf`. How far the left side then reaches into the zone of zeros, you cannot choose: that depends on how wide the
# hill is. Here the hill is narrow enough: look at the share of zeros in the lower row.
#
# Does it matter? Ask for what we need in the end, the gradient of the weights. Now the net really computes in 16 bits.
# (We leave a factor of 4 to the wall.)

# %%
rows = []
for name, compute, scale in [
    ("float16, no scale", torch.float16, 1.0),
    ("float16, your scale / 4", torch.float16, (yours or 0) / 4),
    ("bfloat16, no scale", torch.bfloat16, 1.0),
]:
    if scale:
        at_hidden, of_weights = gradients(compute, scale)
        off = ((of_weights - exact_weights).norm() / exact_weights.norm()).item()
        rows.append({"way": name, "zeros at the first layer": (at_hidden == 0).float().mean().item()})
        rows[-1]["weights' gradient off by"] = off
errors = pd.DataFrame(rows).set_index("way")
errors.map("{:.2%}".format)

# %% [markdown]
# Without a scale, the share of zeros differs a little from the one above: here each number on the way back is rounded
# to float16, and not only the result. Compare the two columns. What vanishes are the **smallest** numbers, so the
# gradient of the weights suffers less than the zeros make you fear. But it does suffer, and the more samples share a
# mean loss, the smaller is the gradient of each. Ours are still few: GPT-3 was trained with 3.2 million tokens in a
# batch (Brown and others 2020, table 2.1). And see bfloat16: hardly a zero, no scale, but each number is coarser.
#
# How much room to the wall is enough? Nobody knows before training, and gradients change. So the scale is not chosen by
# hand. It **rises until a step overflows; that step is skipped, and the scale falls**. You write this in the exercise.
#
# Now move the scale. Where would you put it, if the gradients of the next batch can be eight times as large? The shares
# are those of the first layer. The largest gradient of all may belong to a weight: one `inf` there is enough.


# %%
def look(power: int = 12) -> pd.DataFrame:
    """The gradients with a scale of 2^power, and what becomes of them if they grow by a factor of 8."""
    figure, axis = plt.subplots(figsize=(11, 3.2), layout="constrained")
    draw_hill(axis, 2.0**power)
    axis.set_xlabel("size of the gradient · scale")
    room = 65504 / (largest_gradient * 2.0**power)
    now, later = shares(2.0**power), shares(8 * 2.0**power)
    alt = f"The hill of gradients with scale 2^{power}: {now['becomes 0']:.1%} zeros. Room to the wall: {room:,.2f}."
    wb.picture(figure, alt)
    verdict = "this step is skipped" if room < 1 else "the larger step is skipped" if room < 8 else "no step is skipped"
    print(f"Scale 2^{power} = {2**power:,}. From the largest gradient to the wall: a factor of {room:,.2f}; {verdict}.")
    return pd.DataFrame({"now": now, "8 times as large": later}).map("{:.2%}".format)


powers = (0, 10, 20, 23, 24, 26, 27, 30)
few = pd.DataFrame({f"2^{power}": shares(2.0**power) for power in powers}).map("{:.2%}".format)
few.loc["factor to the wall"] = [f"{65504 / (largest_gradient * 2.0**power):,.3g}" for power in powers]
wb.explore(look, power=(0, 30), table=few)

# %% [markdown]
# The reply: put it at the largest power of two that leaves a factor of at least 8 to the wall. This is your safe scale
# divided by 8. With a higher one, the step with the larger gradients is skipped, and a scaler halves the scale.
#
# ## In PyTorch: the order matters
#
# With float16, a training step looks like this. It is the order that people get wrong:
#
# ```python
# with torch.autocast("cuda", dtype=torch.float16):
#     loss = loss_of(net, batch)
# scaler.scale(loss).backward()              # scaler = torch.amp.GradScaler("cuda")
# scaler.unscale_(optimizer)                 # first: gradients in their true size …
# clip_grad_norm_(net.parameters(), 1.0)     # … then their norm means something
# scaler.step(optimizer)                     # skips the step where a gradient is inf or nan
# scaler.update()                            # lowers or raises the scale
# optimizer.zero_grad()
# ```
#
# With bfloat16 there is no scaler: `loss.backward()`, clip, `optimizer.step()`. The range is that of float32, so there
# is nothing to scale.
#
# ## Quiz
#
# Each choice has its own reply. Read the reply to yours first.

# %%
wb.quiz(
    "A training in float16 clips gradients to norm 1. Somebody moves the clipping before `scaler.unscale_`. The scale "
    "is 65,536, and the true norm is 0.5. What happens to the update of plain gradient descent?",
    {
        "Nothing: the norm is below 1 anyway": "The true norm is. But before it is unscaled, the norm is 0.5 · 65,536, "
        "and this is what the clipping sees.",
        "It becomes 32,768 times smaller": "The clipping sees a norm of 32,768 and brings it to 1. Then the scale is "
        "taken out of what is left. Nothing fails; training just stands still.",
        "It becomes 65,536 times larger": "That would be the update if nobody took the scale out. Here it is taken "
        "out, only too late.",
        "It becomes `inf`, and the step is skipped": "The numbers are large, but finite: a scaler sees to that. An "
        "overflow would at least be noticed.",
    },
    right="It becomes 32,768 times smaller",
)

# %%
wb.quiz(
    "You train in bfloat16 with weights kept in bfloat16. The loss stops falling after a day, although float32 goes "
    "on. What do you try first?",
    {
        "A loss scale": "It saves gradients that are too small for the format. bfloat16 has the range of float32: the "
        "gradients arrive. They are lost later, when they are added to a weight.",
        "float16: it has more digits": "Its gaps are 8 times finer, so updates vanish later, but they vanish. And now "
        "small gradients and overflows are your problem too.",
        "A smaller learning rate": "It makes the updates smaller still. Even more of them fall below half the gap.",
        "Master weights in float32": "The updates are small beside the weights, so it is the weights that need more "
        "digits. The net can go on computing in bfloat16.",
    },
    right="Master weights in float32",
)

# %% [markdown]
# ## From laptop to cluster
#
# Short numbers are fast only where hardware has units for them. Does this machine?


# %%
def product_gflop_s(dtype: torch.dtype) -> float:
    """Rate of one square matrix product; on a CPU, of one core, by a clock that other programs do not move."""
    a, b = (torch.rand(square, square, device=device).to(dtype) for _ in range(2))
    clock: dict[str, Callable[[], float]] = {} if device.type == "cuda" else {"timer": time.process_time}
    timer = Timer("a @ b", globals={"a": a, "b": b}, **clock)
    return 2e-9 * square**3 / timer.blocked_autorange(min_run_time=min_run_s).median


rates = pd.DataFrame({"GFLOP/s here": {name: product_gflop_s(dtype) for name, dtype in DTYPES.items()}})
rates["times float32"] = rates["GFLOP/s here"] / rates["GFLOP/s here"]["float32"]
short = rates["times float32"].drop("float32")
print("faster than float32 here:", ", ".join(short.index[short > 1]) or "none of the short formats")
rates.map("{:,.3g}".format)

# %% [markdown]
# The data sheet of an H100 SXM lists 67 TFLOP/s for float32, and 989 for both 16-bit formats on its matrix units
# (*Tensor Cores*). A run on 2 or 1,000 nodes can also send its gradients in half the bytes, if you cast them: under
# autocast they are float32, as the output above shows. But then they are **added** on the way: keep such sums in
# float32, or check what your library does. And all ranks must skip the same steps: one `inf` on one GPU concerns all of
# them.
#
# ```
# srun --gpus=1 --cpus-per-task=8 --mem=16G autograder build accelerator/precision --run --profile gpu
# ```

# %%
recorded = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(Path("data/precision").glob("*.json"))]
for record in recorded:
    print(record["date"], "·", record["machine"], "·", record["versions"])
    print(pd.DataFrame(record["results"]).to_string(index=False))
if not recorded:
    print("No measurement from a GPU or a cluster has been recorded yet, so none is shown.")
    print("To record one, run there: python courses/accelerator/data/precision/record.py")

# %% [markdown]
# ## Sources
#
# - P. Micikevicius, S. Narang, J. Alben and others: *Mixed Precision Training*. ICLR 2018, arXiv:1710.03740. Section
#   3.1: master weights; section 3.2: loss scaling, with a histogram like ours.
# - D. Kalamkar, D. Mudigere, N. Mellempudi and others: *A Study of BFLOAT16 for Deep Learning Training*. 2019,
#   arXiv:1905.12322.
# - T. Brown, B. Mann, N. Ryder and others: *Language Models are Few-Shot Learners*. NeurIPS 2020, arXiv:2005.14165,
#   table 2.1: batch sizes.
# - IEEE Computer Society, *IEEE Standard for Floating-Point Arithmetic*, IEEE 754-2019, DOI
#   10.1109/IEEESTD.2019.8766229, sections 3.3 and 4.3.1.
# - PyTorch 2.13, documentation of `torch.amp` (`autocast`, `GradScaler`), and note *Automatic Mixed Precision
#   examples*, section *Gradient clipping*.
# - NVIDIA, *H100 Tensor Core GPU data sheet*, 2023, column "H100 SXM"; without sparsity (matrices with zeros in fixed
#   places), which doubles the printed 16-bit figures.
#
# ## Next: the exercise
#
# In the exercise *Bits, sums and scales of mixed precision* you build it all: rounding by bits, formats that end early,
# sums that do not stop, a scale that steers itself, and one whole step that equals the step in float32.
