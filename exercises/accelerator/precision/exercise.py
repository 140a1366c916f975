# The one source of this exercise. Shape suffixes: N numbers of an array.

# %% [markdown]
# # Bits, sums and scales of mixed precision
#
# The loss was falling, and in the night it became `nan`. Or worse: it just stopped falling, and nobody saw that most
# updates had been rounded away. Both happen when you train with numbers of 16 bits. Each of them needs half the bytes
# of a float32 number, in memory and on the way. What they cost is decided in a few lines of code: how a number is
# rounded, how a sum is kept, and in which order a step does its work. Here you write these lines yourself.
#
# After this exercise you can
#
# - round numbers to a shorter format by their bits, as hardware does;
# - say which numbers a format loses, and at which end;
# - sum products of short numbers without losing the sum;
# - steer a loss scale so that gradients neither vanish nor overflow;
# - write a mixed-precision step that equals the step in float32.
#
# | part | minutes | what you write |
# |---|---|---|
# | 1 · Drop bits, and round | 17 | one function, about five lines |
# | 2 · A format with a short range | 15 | one function, about seven lines |
# | 3 · A sum that does not stop | 6 | one function, one or two lines; then a good place to stop |
# | 4 · A loss scale that steers itself | 16 | one loop |
# | 5 · One mixed step | + 14 | one function: a stretch, graded like the others |
#
# With 4 minutes of reading before them, parts 1 to 4 take 58 minutes. No part needs the answer of another.
# `wb.check("…")` checks your answer as often as you like, and `wb.hint("…")` gives a hint.

# %%
import numpy as np
import torch

import workbench as wb

# %% tags=["parameters"]
n_compared = 1_000_000  # numbers on which your rounding is compared with PyTorch's
n_practice_steps = 300  # of the small training at the end

# %% [markdown]
# ## 1 · Drop bits, and round
#
# A number in `float32` has 32 bits: one for the **sign**, eight for the **exponent** and 23 for the **fraction**.
# The exponent chooses a power of two, such as 1, 2, 4 or 8. The fraction says how far between this power and the next
# one the number lies.
#
# `bfloat16` has the same sign and the same eight bits of exponent, but only 7 bits of fraction. So a bfloat16 number
# *is* a float32 number: one whose last 16 bits are zeros. `TF32`, which matrix units of NVIDIA GPUs use, keeps 10 bits.
#
# The cell shows four numbers. Where would 1.005 go, if it could keep only the first 7 bits of the fraction?


# %%
def show(value: float) -> str:
    """Sign, exponent and fraction of a float32 number; a bar stands where bfloat16 ends."""
    pattern = f"{np.float32(value).view(np.uint32):032b}"
    return f"{value:<11.8g} {pattern[0]} {pattern[1:9]} {pattern[9:16]}|{pattern[16:]}"


print("number      s exponent fraction")
for value in (1.0, 1.005, 1.0078125, 2.0):
    print(show(value))

# %% [markdown]
# To cut the bits off would always round towards zero: 1.005 would become 1.0, and 1.0078 too, which lies just below
# 1.0078125. Hardware rounds to the **nearest** number that the short format has. If the number lies exactly in the
# middle, this is a **tie**. Then the neighbour whose last kept bit is 0 is taken. It is called the *even* one. Over
# many ties, half go up and half go down, so a sum does not drift (IEEE 754-2019, section 4.3.1: *roundTiesToEven*).
#
# Four facts help:
#
# - `bits_N >> 16` moves all bits to the right by 16 places, `<<` to the left. `bits_N & 0xFFFF` keeps the last 16 bits
#   and sets all others to 0.
# - Read as whole numbers, the patterns of positive numbers are in order. The next pattern is the next larger number,
#   also from 1.99… to 2.0, where the exponent changes. One step after the largest number is infinity.
# - For negative numbers only the sign bit is different.
# - If all bits of the exponent are 1, the number is not an ordinary one. With a fraction of zeros it is **infinity**.
#   With any other fraction it is **NaN**, *not a number*. It may have any sign.
#
# Write `shorten`. It gets patterns, not numbers, and returns patterns. NaN has to stay NaN, with any kept fraction
# that is not all zeros.


# %% solution="shorten"
def shorten(bits_N: np.ndarray, fraction_bits: int) -> np.ndarray:
    """Rounds float32 numbers so that only the first `fraction_bits` bits of their fraction are used.

    Args:
        bits_N: patterns of float32 numbers, as uint32: `np.float32(1.0).view(np.uint32)` is 0x3F800000.
        fraction_bits: how many bits of the fraction are kept, 1 to 22; 7 for bfloat16.

    Returns: patterns of the rounded numbers, again of 32 bits each: those that are not kept are zeros.
    """
    ### BEGIN SOLUTION "Round each pattern to the nearest one whose last 23 - fraction_bits bits are zeros."
    dropped = 23 - fraction_bits
    wide_N = bits_N.astype(np.uint64)  # room above: a NaN of all ones must not run over
    last_kept_N = (wide_N >> dropped) & 1
    just_under_half = (1 << (dropped - 1)) - 1
    rounded_N = (wide_N + just_under_half + last_kept_N) >> dropped << dropped
    is_nan_N = (wide_N & 0x7FFFFFFF) > 0x7F800000
    return np.where(is_nan_N, 0x7FC00000, rounded_N).astype(np.uint32)
    ### END SOLUTION


# %% part="bits"
wb.check("bits")

# %% [markdown]
# Is this what PyTorch does? The cell takes random patterns: numbers of any size, and a few NaN.

# %%
random_bits_N = np.random.default_rng(1).integers(0, 2**32, n_compared, dtype=np.uint32)
random_values_N = random_bits_N.view(np.float32)
try:
    yours_N = np.asarray(shorten(random_bits_N, 7)).astype(np.uint32).view(np.float32)
    torchs_N = torch.from_numpy(random_values_N).to(torch.bfloat16).float().numpy()
    differ = ~((yours_N == torchs_N) | (np.isnan(yours_N) & np.isnan(torchs_N)))
    print(f"bfloat16: {differ.sum():,} of {n_compared:,} numbers differ from PyTorch's")
except NotImplementedError as todo:
    print(f"The comparison appears when part 1 is there. Next: {todo}")

# %% [markdown]
# ## 2 · A format with a short range
#
# `float16` keeps 10 bits of the fraction, so it is finer than bfloat16. But it has only 5 bits of exponent. It reaches
# from small to large in far fewer powers of two. So numbers can fall out at both ends.
#
# A format with `exponent_bits` = e and `fraction_bits` = f is built like this (IEEE 754-2019, section 3.3):
#
# - Its **normal** numbers begin at 2^lowest, with lowest = 2 − 2^(e − 1). For float16 this is 2^−14. Between a power of
#   two and the next one lie 2^f evenly spaced numbers.
# - Below 2^lowest come the **subnormal** numbers. They go on to zero **with the spacing that the normal numbers have
#   from 2^lowest on**: it does not become any finer.
# - The largest numbers lie just below 2^limit, with limit = 2^(e − 1). For float16 the largest is 65,504, and 2^16 =
#   65,536 would come next. What rounds to this next number, or lies beyond it, becomes infinity.
#
# Rounding is as in part 1: to the nearest, ties to the even neighbour. `np.rint` does this for whole numbers:
# `np.rint([0.5, 1.5, 2.5])` is `[0, 2, 2]`. `np.frexp(x)` gives m and k with x = m · 2^k and |m| from ½ to below 1.
#
# Write `to_format`, for any small format. You may work with bits or with numbers; `np.float64` holds everything that
# comes in between.


# %% solution="to-format"
def to_format(x_N: np.ndarray, exponent_bits: int, fraction_bits: int) -> np.ndarray:
    """Rounds numbers to a format, and returns the numbers that come out, as float32.

    Args:
        x_N: float32 numbers. Infinities and NaN stay what they are. What becomes zero keeps its sign: +0 or −0.
        exponent_bits: 2 to 8; 5 for float16.
        fraction_bits: 1 to 22; 10 for float16.
    """
    ### BEGIN SOLUTION "Round each number to the nearest one of the format; too large ones become infinity."
    lowest, limit = 2 - 2 ** (exponent_bits - 1), 2 ** (exponent_bits - 1)
    wide_N = np.asarray(x_N).astype(np.float64)
    _, k_N = np.frexp(wide_N)
    spacing_N = np.ldexp(1.0, np.maximum(k_N - 1, lowest) - fraction_bits)
    rounded_N = np.rint(wide_N / spacing_N) * spacing_N
    rounded_N = np.where(np.abs(rounded_N) >= 2.0**limit, np.copysign(np.inf, wide_N), rounded_N)
    return rounded_N.astype(np.float32)
    ### END SOLUTION


# %% part="range"
wb.check("range")

# %% [markdown]
# Again, compare with PyTorch, on numbers from 10^−9 to 10^6. And see what becomes of eight numbers in four formats. The
# last two formats have 8 bits, and are built by the same rules. (`float8_e5m2` of PyTorch is the third; its
# `float8_e4m3fn` gives up infinity to reach further, so it is not our fourth.)

# %%
spread_N = (10 ** np.random.default_rng(2).uniform(-9, 6, n_compared)).astype(np.float32)
formats = {"float16": (5, 10), "bfloat16": (8, 7), "5 + 2 bits": (5, 2), "4 + 3 bits": (4, 3)}
try:
    for name, torch_dtype in {"float16": torch.float16, "5 + 2 bits": torch.float8_e5m2}.items():
        theirs_N = torch.from_numpy(spread_N).to(torch_dtype).float().numpy()
        differ = np.asarray(to_format(spread_N, *formats[name])) != theirs_N
        print(f"{name}: {differ.sum():,} of {n_compared:,} numbers differ from PyTorch's")
    print(f"\n{'number':>10}" + "".join(f"{name:>14}" for name in formats))
    for value in (70_000, 300, 3.3, 1.001, 1e-3, 1e-5, 1e-7, 1e-8):
        row = [np.asarray(to_format(np.float32([value]), *bits)).item() for bits in formats.values()]
        print(f"{value:>10g}" + "".join(f"{short:>14.6g}" for short in row))
except NotImplementedError as todo:
    print(f"The table appears when part 2 is there. Next: {todo}")

# %% [markdown]
# Read one line from left to right. Which formats lose 70,000, and which formats lose 1.001?
#
# ## 3 · A sum that does not stop
#
# A matrix product is made of **dot products**: multiply two rows number by number, and add up the products. The total
# so far is called the **accumulator**. See what happens if it has only 16 bits:

# %%
total = np.float16(0)
for _ in range(10_000):
    total = total + np.float16(1)
print("ten thousand ones, added in float16:", float(total))
print("spacing of float16 at this total:   ", float(np.spacing(total)))

# %% [markdown]
# No error, no warning. From 2,048 on, the spacing is 2. The next sum, 2,049, is a tie and goes back to 2,048, for ever.
#
# So hardware for matrices reads 16-bit numbers, and keeps products and totals in float32. A product of two float16
# numbers always has a place there: it needs 22 bits, float32 has 24 (with the leading 1, which is not stored). Write
# such a dot product. The result is wanted in float32 too. It may be off by 0.0001 · (the sum of all |a · b|).


# %% solution="dot"
def dot(a_N: np.ndarray, b_N: np.ndarray) -> float:
    """The sum of a_N · b_N, number by number, of two float16 arrays. Products, total and result in float32."""
    ### BEGIN SOLUTION "Return the dot product, with products and total in float32."
    products_N = a_N.astype(np.float32) * b_N.astype(np.float32)
    return float(products_N.sum(dtype=np.float32))
    ### END SOLUTION


# %% part="dot"
wb.check("dot")

# %% [markdown]
# float32 has the same weakness, only later: from 16,777,216 on, its spacing is 2. This is why good sums are made of
# partial sums of similar size, as NumPy's `sum` does (Higham 1993).
#
# **This is a good place to stop.** Save the notebook, and come back for the loss scale.

# %% [markdown]
# ## 4 · A loss scale that steers itself
#
# Gradients are small. Many of them are below 3 · 10^−8, and float16 rounds them to zero. The trick is old and simple
# (Micikevicius and others 2018, section 3.2): multiply the **loss** by a large number, the **scale**, before the
# gradients are computed. By the chain rule each gradient is then larger by the same factor, and has a place in float16.
# Before the weights change, the factor is taken out again. This is called *to unscale*.
#
# Which scale? If it is too small, gradients vanish. If it is too large, they overflow: some become `inf`, and soon
# `nan`. And gradients change during training. So let the run find it out:
#
# | the gradient of this step | weights | scale for the next step |
# |---|---|---|
# | finite: every number of it | updated, in float32, with the **unscaled** gradient | as it is |
# | finite, and `growth_interval` such steps in a row are complete | the same | doubled |
# | not finite: any number is `inf` or `nan` | **not touched**: the step is skipped | halved |
#
# After the scale was doubled or halved, the counting of good steps starts again from 0. A skipped step uses up its
# batch, and the weights get no update at all, not even one of zeros. (An optimizer with a memory, such as Adam, would
# move them all the same.)
#
# Write the loop. You get a `run` with two methods:
#
# - `run.backward(scale)` takes the next batch and returns the gradient of scale · loss: a **float16** array;
# - `run.update(gradient)` updates the weights with a gradient in its true size.


# %% solution="train"
def train(run, n_steps: int, scale: float, growth_interval: int) -> float:
    """Trains for `n_steps` batches, skipped ones included, and returns the scale for the step after the last.

    Args:
        run: has `backward(scale)` → gradient of scale · loss, float16; and `update(gradient)`.
        scale: for the first step. It is a power of two.
        growth_interval: after so many good steps in a row the scale doubles.
    """
    ### BEGIN SOLUTION "For each batch: backward, then update or skip, then choose the next scale. Return the last one."
    good_steps = 0
    for _ in range(n_steps):
        scaled_N = run.backward(scale)
        if not np.isfinite(scaled_N).all():
            scale, good_steps = scale / 2, 0
            continue
        run.update(scaled_N.astype(np.float32) / scale)
        good_steps += 1
        if good_steps == growth_interval:
            scale, good_steps = scale * 2, 0
    return scale
    ### END SOLUTION


# %% part="scaler"
wb.check("scaler")

# %% [markdown]
# Here is a run to watch it. The gradients shrink during training, and batch 20 is broken. The first scale is far too
# high. Batches are counted from 0.


# %%
class PracticeRun:
    """Gradients that shrink by 10 % with each batch; batch 20 holds a NaN."""

    def __init__(self):
        self.rng, self.scales, self.updates = np.random.default_rng(0), [], 0

    def backward(self, scale):
        true_N = self.rng.normal(size=100) * 0.9 ** len(self.scales)
        if len(self.scales) == 20:
            true_N[0] = np.nan
        self.scales.append(float(scale))
        with np.errstate(over="ignore"):
            return (true_N * scale).astype(np.float16)

    def update(self, gradient):
        self.updates += 1


practice = PracticeRun()
try:
    after = train(practice, 40, 2.0**20, growth_interval=4)
    powers = [f"{np.log2(s):.0f}" for s in [*practice.scales, after]]
    print("scale, as power of two, batch by batch:")
    for start in range(0, 40, 10):
        print(f"{start:2} to {start + 9}: " + " ".join(powers[start : start + 10]))
    print(f"after them: {powers[-1]}")
    print(f"{len(practice.scales)} batches, {practice.updates} updates")
except NotImplementedError as todo:
    print(f"The scales appear when part 4 is there. Next: {todo}")

# %% [markdown]
# Look for four things in the lines: the first batches, which pay for a scale that is too high; the higher scale that is
# tried after every four good steps; batch 9, where the higher scale was too high; and batch 20, which is broken: the
# scale falls, although it was not too high. PyTorch's `torch.amp.GradScaler` does the same; there, a scale doubles
# after 2,000 good steps by default. In bfloat16 no scale is needed: it has the exponents of float32.
#
# ## 5 · One mixed step (stretch)
#
# Now a whole step. It needs two copies of the weights: **master weights** in float32, which are kept, and a copy in
# float16, which is made new in each step, for the net.
#
# One more thing is common in training: **clipping**. If the norm of the gradient (the root of the sum of all its
# squares, over **all** arrays together) is larger than `max_norm`, the whole gradient is made shorter, so that its norm
# is `max_norm`. It keeps its direction.
#
# The step has six pieces of work. They are listed here by name, not in order: clip, cast to float16, unscale, update
# the master weights, backward, look for `inf` and `nan`.
#
# - `net.backward(weights16, scale)` takes a dict of float16 arrays. It returns a dict of gradients of scale · loss, in
#   float16, with the same names and shapes.
# - If a gradient is not finite, return the master weights unchanged.
# - Return new arrays: those of `master` belong to the caller, and stay what they are.
# - The step must be that of float32 training: master − learning_rate · gradient, with the gradient in its true size,
#   clipped. The scale must not show in the result.


# %% solution="mixed-step"
def mixed_step(
    master: dict[str, np.ndarray], net, scale: float, max_norm: float, learning_rate: float
) -> dict[str, np.ndarray]:
    """One step of gradient descent in mixed precision; returns the new master weights, in float32.

    Args:
        master: name → float32 array.
        net: has `backward(weights16, scale)` → gradients of scale · loss, float16.
        max_norm: the largest norm of the gradient, in its true size and over all arrays.
    """
    ### BEGIN SOLUTION "Return the new master weights: a dict of float32 arrays with the same names and shapes."
    scaled = net.backward({name: w.astype(np.float16) for name, w in master.items()}, scale)
    gradients = {name: np.asarray(g).astype(np.float32) / scale for name, g in scaled.items()}
    norm = np.sqrt(sum(float((g.astype(np.float64) ** 2).sum()) for g in gradients.values()))
    if not np.isfinite(norm):
        return master
    shorter = min(1.0, max_norm / norm) if norm > 0 else 1.0
    return {name: (w - learning_rate * shorter * gradients[name]).astype(np.float32) for name, w in master.items()}
    ### END SOLUTION


# %% part="step"
wb.check("step")

# %% [markdown]
# A small net to try it on: it begins to learn a curve, in float16, with the scale of 1,024. The learning rate is small,
# so 300 steps take off only a quarter of the loss. Beside it: the same steps, but the new weights are rounded to
# float16 each time, as if there were no master copy. Then it is about an eighth.


# %%
class PracticeNet:
    """Two layers of weights that fit a curve; computes in float16, and in float32 only the loss."""

    def __init__(self):
        self.x_NF = torch.stack([torch.linspace(-1, 1, 64), torch.ones(64)], dim=1).half()
        self.y_N, self.losses = torch.sin(3 * self.x_NF[:, 0].float()), []

    def backward(self, weights16, scale):
        leaves = {name: torch.as_tensor(w).detach().requires_grad_() for name, w in weights16.items()}
        predicted_N = torch.tanh(self.x_NF @ leaves["hidden"]) @ leaves["output"]
        loss = ((predicted_N.float() - self.y_N) ** 2).mean()
        self.losses.append(loss.item())
        (loss * scale).backward()
        return {name: leaf.grad.numpy() for name, leaf in leaves.items()}


def practise(round_to=None):
    rng, net = np.random.default_rng(0), PracticeNet()
    weights = {"hidden": rng.normal(size=(2, 16)), "output": 0.2 * rng.normal(size=16)}
    weights = {name: w.astype(np.float32) for name, w in weights.items()}
    for _ in range(n_practice_steps):
        weights = mixed_step(weights, net, 1024.0, 1.0, 0.0003)
        if round_to:
            weights = {name: np.asarray(w).astype(round_to).astype(np.float32) for name, w in weights.items()}
    return net.losses


try:
    with_master, without = practise(), practise(round_to=np.float16)
    print(f"loss before:                                 {with_master[0]:.5f}")
    print(f"after {n_practice_steps} steps, master weights in float32:   {with_master[-1]:.5f}")
    print(f"after {n_practice_steps} steps, weights kept in float16:     {without[-1]:.5f}")
except NotImplementedError as todo:
    print(f"The losses appear when part 5 is there. Next: {todo}")

# %% [markdown]
# ## Sources
#
# - IEEE Computer Society, *IEEE Standard for Floating-Point Arithmetic*, IEEE 754-2019, DOI
#   10.1109/IEEESTD.2019.8766229; sections 3.3 (formats) and 4.3.1 (rounding to nearest).
# - P. Micikevicius, S. Narang, J. Alben and others: *Mixed Precision Training*. ICLR 2018, arXiv:1710.03740; section 3:
#   master weights, loss scaling, accumulation in float32.
# - N. J. Higham: *The Accuracy of Floating Point Summation*. SIAM Journal on Scientific Computing 14(4), 1993, pages
#   783–799, DOI 10.1137/0914050.
# - PyTorch 2.13, documentation of `torch.amp.GradScaler` (`growth_interval`), and note *Automatic Mixed Precision
#   examples*, section *Gradient clipping*.
# - NVIDIA, *NVIDIA A100 Tensor Core GPU Architecture* (white paper), 2020: TF32, 8 bits of exponent and 10 of fraction.
