# title: What do the ranks tell each other, and when?
# minutes: 20
# profiles:
#   smoke: {parameters: {n_layers: 16, n_samples: 256, n_passes: 3}}
#   laptop: {}
#   gpu: {parameters: {width: 512}}
#   cluster: {parameters: {width: 512, world_size: 4}}

# %% [markdown]
# # What do the ranks tell each other, and when?
#
# You rented a second GPU, and the bill doubled. But the training was not twice as fast, and the loss curve was not the
# old one. No error was shown. Two things can have gone wrong, and both are in the messages between the GPUs: **what**
# they say, and **when** they say it.
#
# After this lesson you can
#
# - **predict** the gradient that two GPUs agree on, also when it is not the one you wanted;
# - **measure** when each gradient of a model is ready to be sent;
# - **compute** how long a training step waits for the network;
# - **choose** how large the messages should be.
#
# This takes about 20 minutes. Run the cells from top to bottom. Nothing here is graded.

# %%
import json
import time
from itertools import accumulate, pairwise
from pathlib import Path
from statistics import fmean, median

import matplotlib.pyplot as plt
import pandas as pd
import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

import workbench as wb

torch.set_num_threads(1)  # one core for each rank
print("torch", torch.__version__, "· profile", wb.profile())

# %% tags=["parameters"]
n_layers, width = 48, 128  # the model: so many layers, each of width × width weights
n_samples = 1024  # of one rank, in one step
n_passes = 15  # each time is taken so often
world_size = 2  # ranks whose messages are timed

# %% [markdown]
# ## Five words
#
# - A **rank** is one process of a team, often with a GPU of its own. Ranks are numbered from 0.
# - The **gradient** says how the loss changes with each weight. The **backward pass** computes it.
# - In **data parallel** training each rank has a copy of the whole model, and its own samples. Each rank computes a
#   gradient. Then the ranks average their gradients, and all make the same step.
# - An **all-reduce** is how they do it: each rank gives numbers, and each rank gets the sum over all ranks.
#
# In PyTorch, `DistributedDataParallel` (DDP) does this for you.

# %% [markdown]
# ## Predict
#
# Our model is one weight: it computes `w · x`. The loss is the mean of that over the samples. So the gradient of `w` is
# simply **the mean of all x**, and you can check it in your head. PyTorch puts it into `w.grad`.
#
# Now two ranks. They have come to the end of the data set, and only four samples are left for the last step:
#
# | rank | its samples x |
# |---|---|
# | 0 | 8 |
# | 1 | 2, 2, 2 |

# %%
wb.predict("gradient", "Both ranks call `loss.backward()` under DDP. What is then in `w.grad` on rank 0?")

# %% [markdown]
# ## Run
#
# `wb.ranks` starts one process for each rank. The first call takes a few seconds.


# %%
def device_of(rank: int) -> torch.device:
    """The rank's own GPU where each rank has one, else the CPU."""
    return torch.device("cuda", rank) if dist.get_backend() == "nccl" else torch.device("cpu")


def ddp_gradients(rank: int, world_size: int, batches: list[list[float]]) -> list[float]:
    """What DDP leaves in w.grad on this rank after each batch. The model is w · x, the loss its mean."""
    model = DistributedDataParallel(torch.nn.Linear(1, 1, bias=False, device=device_of(rank)))
    gradients = []
    for batch in batches:
        model.zero_grad()
        x_N1 = torch.tensor(batch, device=device_of(rank)).view(-1, 1)
        model(x_N1).mean().backward()
        gradients.append(model.module.weight.grad.item())
    return gradients


short = [[8.0], [2.0, 2.0, 2.0]]  # the samples of rank 0, and those of rank 1
equal = [[8.0, 2.0], [2.0, 2.0]]  # the same four samples, for later
on_rank = wb.ranks(ddp_gradients, 2, per_rank=[[[short[rank], equal[rank]]] for rank in (0, 1)])
print("w.grad on rank 0:", on_rank[0][0])
print("w.grad on rank 1:", on_rank[1][0])

# %%
wb.settle(
    "gradient",
    on_rank[0][0],
    why=f"By itself, rank 0 had the gradient {fmean(short[0]):g} and rank 1 had {fmean(short[1]):g}. DDP added the two "
    f"and divided by 2, the number of ranks. All four samples together have the mean {fmean(short[0] + short[1]):g}.",
)

# %% [markdown]
# ## Explain
#
# Most readers expect the mean of all four samples. Is data parallel training not the same as one big batch? It is, if
# all ranks have **equally many** samples. DDP averages over *ranks*. It does not know how many samples are behind each
# gradient. Here one sample got as much weight as the three others together.
#
# It is easy to overlook. Both ranks got the same gradient, so their models stay equal, and nothing crashes. A short
# last step is not the only cause: if your loss is a mean over the *words* of a text, and the ranks have texts of
# different lengths, it happens at each step.
#
# The processes above took the same four samples a second time, now in equal parts, two for each rank:

# %%
print("samples 8, 2 on rank 0 and 2, 2 on rank 1: w.grad is", on_rank[0][1], "and", on_rank[1][1])
print("one process with all four samples:         w.grad is", fmean(equal[0] + equal[1]))

# %% [markdown]
# So that is *what* the ranks say. In the exercise you repair it. Now to *when*.

# %% [markdown]
# ## A worked example: when does the last message arrive?
#
# A message takes a fixed time, however small it is, and then some time for each byte. While the network carries one
# message, the next one has to wait. But the rank need not wait: it can compute on.
#
# And it has something to compute. The backward pass starts at the **last** layer of the model and ends at the first. So
# the gradient of the last layer is complete long before the others. Why should it wait for them?
#
# Take four layers. Their gradients are complete after 1, 2, 3 and 4 ms. Each gradient has 1 MiB (about a million
# bytes). The fixed time is 1 ms, and the network moves 1 MiB per ms.


# %%
def send(ready_ms: list[float], size_mib: list[float], fixed_ms: float, mib_per_ms: float) -> list[tuple[float, float]]:
    """Start and end of each message, in ms. A message waits for its gradients, and for the message before it."""
    messages, free_ms = [], 0.0
    for ready, size in zip(ready_ms, size_mib, strict=True):
        start = max(ready, free_ms)
        free_ms = start + fixed_ms + size / mib_per_ms
        messages.append((start, free_ms))
    return messages


each = send(ready_ms=[1, 2, 3, 4], size_mib=[1, 1, 1, 1], fixed_ms=1, mib_per_ms=1)
at_once = send(ready_ms=[4], size_mib=[4], fixed_ms=1, mib_per_ms=1)
print("a message for each layer (start, end):", each)
print("one message for all      (start, end):", at_once)

# %% [markdown]
# Both ways, the step ends at 9 ms, although the backward pass ended at 4. With four messages the network begins early,
# but it pays the fixed time four times. With one message it pays once, but it stands idle during the whole backward
# pass.

# %% [markdown]
# ## Your turn
#
# What lies between? Gradients that travel together are called a **bucket**. Put two layers into each bucket. The sizes
# are easy: 2 MiB each. But when is a bucket ready to be sent? Write it. The starter raises an error until you do.
# (3 minutes)


# %% solution="ready_of_buckets"
def ready_of_buckets(ready_ms: list[float], layers_per_bucket: int) -> list[float]:
    """When each bucket can be sent, in ms.

    Args:
        ready_ms: when the gradient of each layer is complete, in the order of the backward pass.
        layers_per_bucket: how many of them travel together; the last bucket may have fewer.
    """
    ### BEGIN SOLUTION "Return one time for each bucket: the moment from which it can be sent."
    firsts = range(0, len(ready_ms), layers_per_bucket)
    return [max(ready_ms[first : first + layers_per_bucket]) for first in firsts]
    ### END SOLUTION


# %%
wb.your_turn(
    "four layers, two in each bucket",
    lambda: ready_of_buckets([1.0, 2.0, 3.0, 4.0], 2),
    want=[2.0, 4.0],
    hints=[
        "The first bucket holds the gradients that are complete at 1 and at 2 ms. Can it leave at 1 ms?",
        "`ready_ms[first : first + layers_per_bucket]` are the times of one bucket. Which of them decides?",
    ],
)

# %%
wb.your_turn(
    "five layers, two in each bucket: one is left over",
    lambda: ready_of_buckets([1.0, 2.0, 3.0, 4.0, 5.0], 2),
    want=[2.0, 4.0, 5.0],
    hints=["How many buckets are there? A slice that reaches past the end of a list is simply shorter."],
)

# %%
wb.your_turn(
    "the step with two buckets ends earlier than with four or with one",
    lambda: send(ready_of_buckets([1.0, 2.0, 3.0, 4.0], 2), [2, 2], fixed_ms=1, mib_per_ms=1)[-1][1],
    want=8.0,
    hints=["This follows from the first check: 2 + 3 = 5, and 5 + 3 = 8."],
)

# %% [markdown]
# ## Measure: when is each gradient complete?
#
# Now a real model. A **hook** is a function that PyTorch calls for you. Our hook writes down the time when a gradient
# is complete. (DDP uses hooks too, to learn when it may send.) We run several passes, and take the median time of each
# layer, so that other work on this machine counts little.

# %%
found = wb.device()
device = found.torch if found.name == "cuda" else torch.device("cpu")


def make_model(device: torch.device) -> torch.nn.Sequential:
    """`n_layers` layers, each with width × width weights and width biases."""
    torch.manual_seed(2026)
    pairs = [(torch.nn.Linear(width, width), torch.nn.Tanh()) for _ in range(n_layers)]
    return torch.nn.Sequential(*[module for pair in pairs for module in pair]).to(device)


def mark(device: torch.device):
    """A point in time. A GPU computes later than Python calls it, so there it is a mark in the GPU's own queue."""
    if device.type != "cuda":
        return time.perf_counter()
    event = torch.cuda.Event(enable_timing=True)
    event.record()
    return event


def ms_between(start, end) -> float:
    """Milliseconds between two marks."""
    if isinstance(start, float):
        return 1000 * (end - start)
    end.synchronize()
    return start.elapsed_time(end)


def time_backward(device: torch.device) -> list[float]:
    """When the gradient of each layer is complete, in ms from the start of the backward pass; last layer first."""
    model, x_ND = make_model(device), torch.randn(n_samples, width, device=device)
    complete = {}
    layers = [module for module in model if isinstance(module, torch.nn.Linear)]
    for number, layer in enumerate(layers):
        for p in layer.parameters():  # the later of weight and bias writes last
            p.register_post_accumulate_grad_hook(lambda _, number=number: complete.update({number: mark(device)}))
    passes = []
    for _ in range(n_passes):
        model.zero_grad()
        loss = model(x_ND).square().mean()
        start = mark(device)
        loss.backward()
        marks = [start, *(complete[number] for number in reversed(range(n_layers)))]
        passes.append([ms_between(a, b) for a, b in pairwise(marks)])
    return list(accumulate(map(median, zip(*passes, strict=True))))


ready_ms = time_backward(device)
layer_mib = 4 * (width * width + width) / 2**20  # a number has 4 bytes
print(f"{n_layers} layers of {1024 * layer_mib:.1f} KiB, together {n_layers * layer_mib:.2f} MiB of gradients")
print(f"last layer's gradient complete after  {ready_ms[0]:8.2f} ms")
print(f"first layer's gradient complete after {ready_ms[-1]:8.2f} ms: the end of the backward pass")

# %% [markdown]
# ## Measure: what does a message cost?
#
# Real processes all-reduce a single number, and then as many numbers as the model has gradients. The single number
# shows the fixed time. We take the shortest of several times.


# %%
def time_messages(rank: int, world_size: int, n_times: int, n_numbers: int) -> tuple[float, float]:
    """The shortest all-reduce, in ms: of one number, and of `n_numbers` numbers."""
    shortest = []
    for size in (1, n_numbers):
        tensor, took_ms = torch.ones(size, device=device_of(rank)), []
        for _ in range(n_times):
            dist.barrier()
            start = mark(tensor.device)
            dist.all_reduce(tensor)
            took_ms.append(ms_between(start, mark(tensor.device)))
        shortest.append(min(took_ms))
    return tuple(shortest)


n_numbers = n_layers * (width * width + width)
fixed_ms, all_ms = wb.ranks(time_messages, world_size, per_rank=[[n_passes, n_numbers]] * world_size)[0]
here_mib_per_ms = n_layers * layer_mib / max(all_ms - fixed_ms, 1e-6)
print(f"fixed time of a message, {world_size} ranks on this machine: {fixed_ms:.3f} ms")
print(f"all gradients in one message:                 {all_ms:.2f} ms")

# %% [markdown]
# ## See it: the backward pass and its messages
#
# An all-reduce can go round in a ring: each rank only talks to its neighbours. With n ranks this takes 2(n − 1) turns,
# and each rank sends 2(n − 1)/n times the bytes of the gradient (Patarasuk and Yuan 2009). The fixed time is paid in
# each turn. So from the two times above we can compute how long a larger team would wait.
#
# - **Measured**: when each gradient is complete, and the fixed time.
# - **Assumed**: 16 ranks in a ring, cables of 10 Gbit/s, and turns that take as long as they did here.
#
# The function `send` from above then gives the start and the end of each message.

# %% tags=["hide-input"]
# How the picture is drawn. You may skip this cell.
INK, COMPUTE, DATA = "#1b1f24", "#2f6fab", "#f0b35a"
sizes = [2**i for i in range(n_layers.bit_length()) if 2 ** (i + 1) <= n_layers] + [n_layers]  # layers per bucket


def ring(n_ranks: int, gbit_per_s: float) -> tuple[float, float]:
    """Fixed time of a message (ms), and MiB of gradients per ms, for a ring of ranks with cables of this speed."""
    turn_ms = fixed_ms / (2 * (world_size - 1))
    cable_mib_per_ms = gbit_per_s * 1e9 / 8 / 2**20 / 1000
    return turn_ms * 2 * (n_ranks - 1), cable_mib_per_ms * n_ranks / (2 * (n_ranks - 1))


def plan(layers_per_bucket: int, network: tuple[float, float]) -> pd.DataFrame:
    """One line for each bucket: when its last gradient is complete, and start and end of its message, in ms."""
    last = [min(first + layers_per_bucket, n_layers) - 1 for first in range(0, n_layers, layers_per_bucket)]
    counts = [b - a for a, b in zip([-1, *last], last, strict=False)]
    ready = [ready_ms[number] for number in last]
    messages = send(ready, [layer_mib * count for count in counts], *network)
    return pd.DataFrame({"ready": ready, "start": [s for s, _ in messages], "end": [e for _, e in messages]})


def wait_ms(layers_per_bucket: int, network: tuple[float, float]) -> float:
    """How long the rank waits for the network after its backward pass."""
    return plan(layers_per_bucket, network)["end"].iloc[-1] - ready_ms[-1]


def count_of(layers_per_bucket: int) -> str:
    n = -(-n_layers // layers_per_bucket)
    return f"{n} message{'s' if n > 1 else ''}"


def bars(axis: plt.Axes, starts: list[float], ends: list[float], y: float, colour: str, edge: str = INK) -> None:
    widths = [end - start for start, end in zip(starts, ends, strict=True)]
    axis.barh([y] * len(widths), widths, left=starts, height=0.62, color=colour, edgecolor=edge, linewidth=0.5)


def draw(axis: plt.Axes, layers_per_bucket: int, network: tuple[float, float], until_ms: float) -> None:
    """One timeline: the backward pass above, the messages below."""
    buckets = plan(layers_per_bucket, network)
    end, done = ready_ms[-1], buckets["end"].iloc[-1]
    bars(axis, [0.0, *ready_ms[:-1]], ready_ms, 1, COMPUTE, edge="white")
    bars(axis, buckets["start"], buckets["start"] + network[0], 0, "white")
    bars(axis, buckets["start"] + network[0], buckets["end"], 0, DATA)
    for bucket in buckets.itertuples():
        axis.plot([bucket.ready, bucket.start], [0.69, 0.31], color=INK, lw=0.7)
    axis.annotate("", (end, 1), (done, 1), arrowprops={"arrowstyle": "<->", "color": INK, "shrinkA": 0, "shrinkB": 0})
    label, gap, at_right = f"waits {done - end:.1f} ms", 0.008 * until_ms, done > 0.85 * until_ms
    x, y = (done - gap, 1.1) if at_right else (done + gap, 0.93)
    axis.text(x, y, label, ha="right" if at_right else "left", color=INK, fontsize=10)
    axis.axvline(done, color=INK, lw=1.2, ls="--")
    axis.set(ylim=(-0.5, 1.65), xlim=(0, until_ms), yticks=[0, 1], yticklabels=["network", "backward pass"])
    title = f"{count_of(layers_per_bucket)}: buckets of {layers_per_bucket * layer_mib:.2f} MiB"
    axis.set_title(title, fontsize=11, loc="left", pad=4)
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.tick_params(axis="y", length=0)


# %%
sixteen = ring(n_ranks=16, gbit_per_s=10)
best = min(sizes, key=lambda k: wait_ms(k, sixteen))
middle = best if best not in (1, n_layers) else sizes[len(sizes) // 2]
shown = {k: wait_ms(k, sixteen) for k in (1, middle, n_layers)}
until_ms = 1.03 * (ready_ms[-1] + max(shown.values()))

figure, axes = plt.subplots(3, 1, figsize=(11, 6.2), sharex=True, layout="constrained")
for axis, k in zip(axes, shown, strict=True):
    draw(axis, k, sixteen, until_ms)
axes[-1].set_xlabel("ms since the start of the backward pass")
waits = "; ".join(f"with {count_of(k)} it waits {wait:.1f} ms" for k, wait in shown.items())
wb.picture(
    figure,
    f"Three timelines, one below the other. In each, the backward pass takes {ready_ms[-1]:.1f} ms, and the network "
    f"carries the gradients for 16 ranks. Then the rank waits for the last message: {waits}. With one message the "
    "network stands idle during the whole backward pass.",
)

# %% [markdown]
# How to read it: in the upper row, each box is the backward pass of one layer. The last layer comes first, and its box
# also holds the loss. In the lower row, each box is a message. Its white part is the fixed time, its filled part is the
# bytes. A thin line leads from the moment when a bucket is complete to the start of its message. Where the line is
# slanted, the network was still busy. At the dashed line, all gradients are averaged, and the step can be made.
#
# The same in numbers, for four teams. The first one is what we measured between processes. For the others, we know the
# time of a turn, and compute the rest.

# %%
teams = {
    f"{world_size} ranks, this machine": (fixed_ms, here_mib_per_ms),
    "2 ranks, 10 Gbit/s": ring(2, 10),
    "16 ranks, 10 Gbit/s": sixteen,
    "16 ranks, 1 Gbit/s": ring(16, 1),
}
waits = pd.DataFrame({name: [wait_ms(k, network) for k in sizes] for name, network in teams.items()})
waits.insert(0, "bucket, MiB", [k * layer_mib for k in sizes])
waits.insert(1, "messages", [-(-n_layers // k) for k in sizes])
print(f"The backward pass takes {ready_ms[-1]:.2f} ms. Afterwards the rank waits for the network:")
for name in teams:
    row = waits.loc[waits[name].idxmin()]
    print(f"  {name + ':':<23} at least {row[name]:6.2f} ms, with buckets of {row['bucket, MiB']:.2f} MiB")
print("\nms of waiting after the backward pass, for each team:")
waits.round(2).set_index("bucket, MiB")

# %% [markdown]
# Now decide yourself. Which bucket size would you choose for your team? And what happens to your choice when the team
# grows? (On a saved page there are no sliders. Compare the columns of the table above instead.)


# %%
def decide(layers_per_bucket: int = middle, n_ranks: int = 16, gbit_per_s: float = 10) -> None:
    """Draws one timeline, and says whether another bucket size would be better."""
    network = ring(n_ranks, gbit_per_s)
    wait = wait_ms(layers_per_bucket, network)
    best = min(sizes, key=lambda k: wait_ms(k, network))
    figure, axis = plt.subplots(figsize=(11, 2.4), layout="constrained")
    draw(axis, layers_per_bucket, network, 1.03 * (ready_ms[-1] + wait))
    axis.set_xlabel("ms since the start of the backward pass")
    told = f"{n_ranks} ranks, {gbit_per_s:g} Gbit/s, {count_of(layers_per_bucket)}: the rank waits {wait:.2f} ms"
    told += f" after a backward pass of {ready_ms[-1]:.2f} ms."
    wb.picture(figure, told)
    if wait > wait_ms(best, network):
        print(f"With buckets of {best * layer_mib:.2f} MiB it would wait {wait_ms(best, network):.2f} ms.")
    if wait_ms(best, network) > ready_ms[-1]:
        print("No bucket size hides this network: take more samples into a step, or send fewer bytes.")


wb.explore(
    decide,
    layers_per_bucket={f"{k} ({k * layer_mib:.2f} MiB)": k for k in sizes},
    n_ranks=[2, 4, 8, 16, 64, 256],
    gbit_per_s=[0.1, 1, 10, 25, 100],
)

# %% [markdown]
# ## Does DDP really do this?
#
# Until now we computed. Let us look at real DDP, with real processes and messages on this machine. DDP lets us put our
# own hook where it sends a bucket. With `bucket_cap_mb` we ask for buckets of an eighth of the model.


# %%
def watch_ddp(rank: int, world_size: int, bucket_mib: float) -> list[tuple[int, float, float]]:
    """For each message of one step on this rank: its bytes, when it left and when its sum was there, in ms."""
    torch.set_num_threads(1)
    device = device_of(rank)
    model = DistributedDataParallel(make_model(device), bucket_cap_mb=bucket_mib)
    x_ND, bytes_of, left, there = torch.randn(n_samples, width, device=device), {}, {}, {}

    def hook(_, bucket):
        """DDP calls this when a bucket is complete, and takes the sum from what it returns."""
        number, tensor = bucket.index(), bucket.buffer().div_(world_size)
        bytes_of[number], left[number] = tensor.nbytes, mark(device)

        def arrived(future):
            there[number] = mark(device)
            return future.value()[0]

        return dist.all_reduce(tensor, async_op=True).get_future().then(arrived)

    model.register_comm_hook(None, hook)
    steps = []
    for _ in range(6):
        loss = model(x_ND).square().mean()
        start = mark(device)
        loss.backward()
        steps.append([(bytes_of[n], ms_between(start, left[n]), ms_between(start, there[n])) for n in sorted(left)])
    return min(steps[1:], key=lambda step: max(there_ms for *_, there_ms in step))  # in the first, DDP learns the order


step = wb.ranks(watch_ddp, world_size, per_rank=[[n_layers * layer_mib / 8]] * world_size, timeout_s=180)[0]
last_left_ms = max(left_ms for _, left_ms, _ in step)
n_early = sum(left_ms < last_left_ms for _, left_ms, _ in step)
n_through = sum(there_ms <= last_left_ms for _, _, there_ms in step)
print(f"{n_early} of {len(step)} messages left before the last gradient was complete; {n_through} were also through.")
watched = pd.DataFrame(step, columns=["bytes", "left at, ms", "through at, ms"])
watched.insert(0, "message", range(1, len(step) + 1))
watched.round(2).set_index("message")

# %% [markdown]
# So DDP sends while it computes. A message that was through before the last one left has cost no waiting. The last
# message cannot be hidden: when it leaves, nothing is left to compute.

# %% [markdown]
# ## Quiz
#
# Two questions. Read the reply to the choice that you make, and then the others too.

# %%
wb.quiz(
    "Your model has 80 MiB of gradients, and you set `bucket_cap_mb=100` to save messages. A profiler shows: backward "
    "pass 60 ms, then all-reduce 50 ms, one after the other. What do you try first?",
    {
        "A larger bucket: fewer messages": "There is one message already, so the fixed time is paid once. What costs "
        "you time is that the network stands idle for 60 ms.",
        "A smaller bucket: the network can begin earlier": "With buckets of 10 MiB the first of eight messages leaves "
        "when an eighth of the gradients is complete, and most of the 50 ms disappear behind the backward pass.",
        "More ranks: each has less to send": "You share out the gradient among the ranks. But each rank has a gradient "
        "for the whole model, however many ranks there are. The message does not get smaller.",
        "Nothing: the ranks can only talk when the backward pass is over": "This holds for the first layer only. The "
        "gradient of the last layer is complete first. You have measured it above.",
    },
    right="A smaller bucket: the network can begin earlier",
)

# %%
wb.quiz(
    "You train with 32 samples per step on 1 GPU. Now you take 8 GPUs with 32 samples each, under DDP, and keep the "
    "learning rate. What happens in one epoch, that is, one pass over the data?",
    {
        "The same as before: DDP averages": "It averages the gradient, so one step is about as long as before. But it "
        "uses 256 samples. One epoch has 8 times fewer steps, so the weights move less.",
        "The steps are 8 times too long: divide the learning rate by 8": "You expect the sum of the gradients. But DDP "
        "divides by the number of ranks. You saw it: 8 and 2 became 5, and not 10.",
        "8 times fewer steps of about the same length: try 8 times the learning rate": "This is the linear scaling "
        "rule of Goyal and others (2017). They raise the rate slowly over the first epochs. It is a rule of thumb: "
        "check it on your own model.",
    },
    right="8 times fewer steps of about the same length: try 8 times the learning rate",
)

# %% [markdown]
# ## From laptop to cluster
#
# What grows with the team, by the formulas of the ring above, for our model:

# %%
rows = []
for name, n in (("this machine, 2 ranks", 2), ("2 nodes of 8 GPUs", 16), ("1,000 nodes of 8 GPUs", 8000)):
    sent_mib = 2 * n_layers * layer_mib * (n - 1) / n
    rows.append((name, sent_mib, f"{2 * (n - 1):,}", f"{n * n_samples:,}"))
growth = pd.DataFrame(rows, columns=["where", "MiB sent by a rank", "turns", "samples in a step"])
growth.round(2).set_index("where")

# %% [markdown]
# The bytes hardly grow. The turns do, and with them the fixed time of a message: so a larger team wants larger buckets.
# (NCCL, which carries the messages between GPUs, can also use trees, with fewer turns.) And the batch grows: see the
# second question.
#
# On GPUs the cells stay the same: the messages go by NCCL, and the times are taken in the GPU's own queue. This
# notebook on two GPUs, by Slurm:
#
# ```
# srun --gpus=2 --cpus-per-task=8 --mem=16G autograder build training/data-parallel --run --profile gpu
# ```

# %%
recorded = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(Path("data/data-parallel").glob("*.json"))]
for record in recorded:
    print(record["date"], "·", record["machine"], "·", record["versions"])
    print(pd.DataFrame(record["results"]).to_string(index=False))
if not recorded:
    print("No measurement from GPUs or a cluster has been recorded yet, so none is shown.")
    print("To make one, run there: torchrun --nproc-per-node=gpu courses/training/data/data-parallel/record.py")

# %% [markdown]
# ## Sources
#
# - Shen Li, Yanli Zhao, Rohan Varma and others: *PyTorch Distributed: Experiences on Accelerating Data Parallel
#   Training*. Proceedings of the VLDB Endowment 13(12), 2020, DOI 10.14778/3415478.3415530. Section 3.2: averaging,
#   buckets, overlap.
# - PyTorch 2.13, documentation of `torch.nn.parallel.DistributedDataParallel`: `bucket_cap_mb`, and the note that
#   gradients "between different nodes are averaged".
# - Pitch Patarasuk, Xin Yuan: *Bandwidth Optimal All-reduce Algorithms for Clusters of Workstations*. Journal of
#   Parallel and Distributed Computing 69(2), 2009, DOI 10.1016/j.jpdc.2008.09.002.
# - NVIDIA, *NCCL documentation*, "Environment Variables", `NCCL_ALGO`: rings and trees.
# - Priya Goyal, Piotr Dollár, Ross Girshick and others: *Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour*.
#   2017, arXiv 1706.02677. Section 2: the linear scaling rule, and the slow start ("warmup").
#
# ## Next: the exercise
#
# In the exercise *Data parallel training from scratch* you write the heart of DDP: an average that is right for ranks
# with different numbers of samples, the buckets, and the sampler that decides who reads what. A referee counts each
# byte that your ranks send. Here all layers were equal. There, some weights are shared by two layers, and some have no
# gradient at all.
