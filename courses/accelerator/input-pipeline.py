# title: Who waits for whom?
# minutes: 25
# profiles:
#   smoke: {parameters: {n_batches: 10, n_images: 8}, env: {OMP_NUM_THREADS: 1}}
#   laptop: {env: {OMP_NUM_THREADS: 1}}
#   gpu: {parameters: {n_images: 64, n_hidden: 4096}}
#   cluster: {parameters: {n_images: 64, n_hidden: 4096}}

# %% [markdown]
# # Who waits for whom?
#
# You rented a faster accelerator, and your training takes as long as before. The bill shows every hour in full. But in
# many of them the device did nothing: it waited for the next batch. In a study of nine models at Microsoft, many
# trainings spent most of their time waiting for data (Mohan and others 2021). No error tells you. The loss goes down as
# it should, only slowly.
#
# After this lesson you can
#
# - **measure** whether your training waits for its data;
# - **predict** what one more worker, or a longer queue, will bring;
# - **choose** the number of workers and the length of the queue;
# - **notice** two ways in which a loader gives you wrong data without a word.
#
# This takes about 25 minutes. Run the cells from top to bottom. Nothing here is graded.

# %%
import json
import math
import os
import time
import warnings
import zlib
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, Sampler, get_worker_info

import workbench as wb

found = wb.device()
device = found.torch if found.name == "cuda" else torch.device("cpu")
if device.type == "cpu":
    torch.set_num_threads(1)  # one core plays the accelerator; the others are left for the workers
# PyTorch warns when there are more workers than cores. Ours mostly wait for a storage, and that needs no core.
warnings.filterwarnings("ignore", message="This DataLoader will create")
print("torch", torch.__version__, "· cores:", len(os.sched_getaffinity(0)), "· profile", wb.profile())

# %% tags=["parameters"]
n_batches = 32  # of each run
n_images = 16  # in a batch
side = 64  # height and width of an image
storage_s = 0.05  # how long the storage takes to answer; longer where a training step is slow, see below
n_hidden = 384  # size of the network

# %% [markdown]
# ## Three words
#
# - A **batch** is what one training step works on: here a few images.
# - To **load** a batch means to fetch it from the storage, and to decode it: compressed files become numbers.
# - A **worker** is a process that loads batches in the background, while another process trains.
#
# Our data set below is small, and its storage is made up: it answers after a fixed time, as a busy network disk does.
# The storage takes at least three times as long as a training step, so that on a slow machine, too, there is something
# to wait for. The decoding is real work. Each batch carries a note: which worker loaded it, from when to when.


# %%
class Images(Dataset):
    """Batches of compressed images, behind a storage that takes its time."""

    def __init__(self) -> None:
        images = np.random.default_rng(0).integers(0, 9, (n_images, 3, side, side), dtype=np.uint8)
        self.files = [zlib.compress(image.tobytes()) for image in images]

    def __len__(self) -> int:
        return n_batches

    def __getitem__(self, i: int) -> tuple[torch.Tensor, dict]:
        began = time.monotonic()
        time.sleep(storage_s)
        images = np.stack([np.frombuffer(zlib.decompress(file), dtype=np.uint8) for file in self.files])
        info = get_worker_info()  # None in the process that trains
        note = {"batch": i, "worker": info.id if info else -1, "began": began, "ended": time.monotonic()}
        return torch.from_numpy(images), note


torch.manual_seed(2026)
model = torch.nn.Sequential(
    torch.nn.Linear(3 * side * side, n_hidden), torch.nn.ReLU(), torch.nn.Linear(n_hidden, 1)
).to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=0.001)


def train(images: torch.Tensor) -> None:
    """One training step, to its very end."""
    optimizer.zero_grad()
    model(images.to(device).float() / 8).square().mean().backward()
    optimizer.step()
    if device.type == "cuda":
        torch.cuda.synchronize()


# %% [markdown]
# Now the training loop, with a clock. For each batch we note when the loop **asked** for it, when it **got** it, and
# when it had **trained** on it. Between the first two, the device waits.


# %%
def run(n_workers: int, queue: int = 2) -> pd.DataFrame:
    """Trains on all batches; one row for each, in seconds. Each worker is asked for `queue` batches ahead."""
    ahead = {"prefetch_factor": queue, "multiprocessing_context": "fork"} if n_workers else {}
    loader = DataLoader(Images(), batch_size=None, num_workers=n_workers, **ahead)  # an item is a batch
    rows, batches = [], iter(loader)
    for _ in range(n_batches):
        asked = time.monotonic()
        images, note = next(batches)
        got = time.monotonic()
        train(images)
        rows.append({**note, "asked": asked, "got": got, "trained": time.monotonic()})
    return pd.DataFrame(rows)


def steady(rows: pd.DataFrame) -> pd.DataFrame:
    """Without the beginning, when workers start and the queue is filled."""
    return rows.iloc[n_batches // 4 :]


def ms_per_batch(rows: pd.DataFrame) -> float:
    """What one batch takes in the long run."""
    later = steady(rows)
    return 1e3 * (later["trained"].iloc[-1] - later["asked"].iloc[0]) / len(later)


def counted(number: int, what: str) -> str:
    """1 worker, 2 workers."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def best_run(n_workers: int, queue: int = 2) -> pd.DataFrame:
    """The faster one of two runs: other programs on this machine can only make it slower."""
    return min((run(n_workers, queue) for _ in range(2)), key=ms_per_batch)


def step_s() -> float:
    """Seconds of the training step alone: the middle one of five."""
    images, times = Images()[0][0], []
    for _ in range(5):
        began = time.monotonic()
        train(images)
        times.append(time.monotonic() - began)
    return sorted(times)[2]


step_s()  # the first steps are slow: leave them out
storage_s = max(storage_s, 3 * step_s())
print(f"the storage answers after {1e3 * storage_s:.0f} ms")
runs = {0: best_run(0)}
load_ms = 1e3 * (steady(runs[0])["ended"] - steady(runs[0])["began"]).mean()
step_ms = 1e3 * (steady(runs[0])["trained"] - steady(runs[0])["got"]).mean()
print(f"without workers: load {load_ms:.1f} ms, then train {step_ms:.1f} ms: {ms_per_batch(runs[0]):.1f} ms per batch")

# %% [markdown]
# ## Predict
#
# Without workers, one process does everything in turn. So the times add up.
#
# Now we start **one worker**. It loads in the background, while this process trains. What do you believe: how many
# milliseconds does a batch take then?

# %%
wb.predict(
    "one-worker",
    f"Loading a batch takes {load_ms:.0f} ms, training on it {step_ms:.0f} ms, and so a batch takes "
    f"{ms_per_batch(runs[0]):.0f} ms without workers. How many ms does it take with one worker?",
    unit="ms",
)

# %% [markdown]
# ## Run

# %%
runs[1] = best_run(1)
wb.settle(
    "one-worker",
    ms_per_batch(runs[1]),
    why=f"The worker needs {load_ms:.0f} ms for each batch. The training needs {step_ms:.0f} ms, and then waits for "
    "the worker.",
)

# %% [markdown]
# ## Explain
#
# If you said the time of the training alone, you thought: *what happens in the background is free*. It is not free. It
# only goes on **at the same time**. If you said half, you divided the work among two processes. But the two do
# different things, and the loading cannot be handed to the trainer.
#
# A loader and a trainer are like two people at an assembly line. In the long run the line moves as fast as the
# **slower** of them. The faster one waits.
#
# Several workers load different batches at the same time. Together they finish one batch every load / workers
# milliseconds. So, for each batch:
#
# > **time = the larger of (load ÷ workers) and (train)**
#
# You know this shape from the roofline: two things go on at the same time, and the longer one decides.


# %%
def rule_ms(n_workers: int) -> float:
    """What the rule says for a batch."""
    return max(load_ms / n_workers, step_ms) if n_workers else load_ms + step_ms


for n_workers in (2, 4):
    runs[n_workers] = best_run(n_workers)


def waiting(rows: pd.DataFrame) -> float:
    """The share of the time in which the trainer waits for a batch."""
    later = steady(rows)
    return (later["got"] - later["asked"]).sum() / (later["trained"].iloc[-1] - later["asked"].iloc[0])


table = pd.DataFrame(
    {
        "the rule says, ms": [f"{rule_ms(n):.1f}" for n in runs],
        "measured, ms": [f"{ms_per_batch(rows):.1f}" for rows in runs.values()],
        "the trainer waits": [f"{waiting(rows):.0%}" for rows in runs.values()],
    },
    index=pd.Index(runs, name="workers"),
)
table

# %% [markdown]
# By the rule, the second worker helps, and from some number on the time is that of the training: then more workers
# bring nothing. Does your table say the same? Where the measured
# time is well above the rule, somebody shares: workers and trainer need the same cores for decoding and training, and
# batches have to travel from one process to another. The rule says what is possible. It is not a promise.
# (Its two times come from the first run. On a busy machine, a later run can also be faster than that.)
#
# The last column is the number to look at in your own training. (Without a worker, the trainer "waits" while it loads
# by itself.) **Measure how long `next(batches)` takes.** If it is
# near zero, your data is there in time, and a faster loader would bring nothing.

# %% [markdown]
# ## A worked example: would a longer queue help?
#
# A worker may be ahead of the trainer. Its finished batches wait in a queue. In PyTorch, `prefetch_factor` says how
# many batches are asked for ahead, for each worker (2 if you say nothing). Queues of 10 or 20 are often tried when the
# training waits. Let us think it through for one worker:
#
# 1. The worker needs more time for a batch than the trainer. So when the trainer comes, the queue is empty.
# 2. A longer queue is then a longer *empty* queue. The worker is not faster.
# 3. So we expect no change of the ms per batch. The rule has no queue in it. (The share of waiting may move a little:
#    a step does not always take the same time.)

# %%
by_queue = {2: runs[1], 10: best_run(1, queue=10)}
pd.DataFrame(
    {
        "ms per batch": [f"{ms_per_batch(rows):.1f}" for rows in by_queue.values()],
        "the trainer waits": [f"{waiting(rows):.0%}" for rows in by_queue.values()],
    },
    index=pd.Index(by_queue, name="batches asked for ahead, one worker"),
)

# %% [markdown]
# What is a queue good for, then? For loads that take **unequal** times. While one batch takes long, the trainer lives
# on the batches in the queue. A queue evens out. It never makes the average faster. And it fills memory: every batch
# in it lies there whole.

# %% [markdown]
# ## Your turn
#
# How many workers are enough? Take the smallest number for which the rule gives the time of the training. (3 minutes)


# %% solution="workers_needed"
def workers_needed(load_ms: float, step_ms: float) -> int:
    """The smallest number of workers that load as fast as the trainer trains; at least 1.

    Args:
        load_ms: what one worker needs to load one batch.
        step_ms: what the trainer needs for one batch.
    """
    ### BEGIN SOLUTION "Return the smallest number of workers with which the trainer decides."
    return max(1, math.ceil(load_ms / step_ms))
    ### END SOLUTION


# %%
wb.your_turn(
    "40 ms to load, 10 ms to train",
    lambda: workers_needed(40.0, 10.0),
    want=4,
    hints=["With one worker, a batch comes every 40 ms. How often must one come?"],
)

# %%
wb.your_turn(
    "45 ms to load, 10 ms to train",
    lambda: workers_needed(45.0, 10.0),
    want=5,
    hints=["Is 4 enough? Put it into the rule.", "There is no half a worker."],
)

# %%
wb.your_turn(
    "5 ms to load, 10 ms to train",
    lambda: workers_needed(5.0, 10.0),
    want=1,
    hints=["Without any worker, load and train would take turns. How many does it take at least?"],
)

# %%
try:
    print("By your function, this machine needs", workers_needed(load_ms, step_ms), "workers.")
    print("Look at the measured table above: from which number on does one more hardly help?")
except NotImplementedError:
    print("This appears when `workers_needed` is there.")

# %% [markdown]
# ## See it: who waits for whom
#
# The same training four times, as this machine just ran it. Each number is a batch. Follow one batch after another:
# when is it loaded, when is it trained on, and who waits meanwhile?

# %% tags=["hide-input"]
# How the picture is drawn: you may skip this cell.
INK, LOAD, TRAIN, WAIT = "#1b1f24", "#9dc3e6", "#e8a06b", "#e9ebee"


def bar(axis: plt.Axes, row: str, start: float, stop: float, colour: str, texts: list[str]) -> None:
    """One stretch of time, in ms, cut at the edges of the picture, with the longest of the texts that fits."""
    left, right = axis.get_xlim()
    start, stop = max(start, left), min(stop, right)
    axis.barh(row, stop - start, left=start, color=colour, edgecolor=INK, lw=0.6, height=0.78)
    room = 145 * (stop - start) / (right - left)  # in letters
    text = next((text for text in texts if len(text) + 1 < room), "")
    axis.text((start + stop) / 2, row, text, ha="center", va="center", fontsize=10, color=INK)


def draw_run(axis: plt.Axes, rows: pd.DataFrame, span_ms: float) -> None:
    """The steady part of a run: one line for the trainer, one for each worker."""
    axis.set_xlim(0, span_ms)
    zero = steady(rows)["asked"].iloc[0]
    at_ms = {name: 1e3 * (rows[name] - zero) for name in ("began", "ended", "asked", "got", "trained")}

    def stretch(row: str, i: int, start: str, stop: str, colour: str, texts: list[str]) -> None:
        if at_ms[stop][i] > 0 and at_ms[start][i] < span_ms:
            bar(axis, row, at_ms[start][i], at_ms[stop][i], colour, texts)

    for worker in sorted(set(rows["worker"]), reverse=True):  # the first line is drawn at the bottom
        for i in rows.index[rows["worker"] == worker]:
            row, batch = "trainer" if worker < 0 else f"worker {worker}", rows["batch"][i]
            stretch(row, i, "began", "ended", LOAD, [f"load {batch}", f"{batch}"])
    for i in rows.index:
        if rows["worker"][i] >= 0:
            stretch("trainer", i, "asked", "got", WAIT, ["waits"])
        stretch("trainer", i, "got", "trained", TRAIN, [f"train {rows['batch'][i]}", f"{rows['batch'][i]}"])
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.tick_params(axis="y", length=0, labelsize=11)


def draw_runs(names: dict[int, str]) -> plt.Figure:
    """One timeline below the other, on one scale; `names`: workers → title."""
    ratios = [max(1.3, 1 + n_workers) for n_workers in names]
    figure, axes = plt.subplots(
        len(names), 1, figsize=(11, 0.75 * sum(ratios)), sharex=True, layout="constrained", height_ratios=ratios
    )
    for axis, (n_workers, name) in zip(axes, names.items(), strict=True):
        draw_run(axis, runs[n_workers], span_ms=5.2 * ms_per_batch(runs[0]))
        told = f"{ms_per_batch(runs[n_workers]):.0f} ms per batch · the trainer waits {waiting(runs[n_workers]):.0%}"
        axis.set_title(f"{name} · {told}", loc="left", fontsize=12)
    axes[-1].set_xlabel("milliseconds")
    handles = [plt.Rectangle((0, 0), 1, 1, fc=colour, ec=INK, lw=0.6) for colour in (LOAD, TRAIN, WAIT)]
    figure.legend(handles, ["load", "train", "wait"], loc="outside lower right", ncols=3, frameon=False, fontsize=11)
    return figure


# %%
titles = {0: "no worker: load and train take turns", 1: "one worker", 2: "two workers", 4: "four workers"}
figure = draw_runs(titles)
wb.picture(
    figure,
    "Four timelines of the same training. Without a worker, loading and training take turns on one line: "
    f"{ms_per_batch(runs[0]):.0f} ms per batch. With one worker, its line is full of loads, and the "
    f"trainer waits between short steps: {ms_per_batch(runs[1]):.0f} ms per batch. With two workers, two loads go on "
    f"at the same time, and the trainer waits less: {ms_per_batch(runs[2]):.0f} ms per batch. With four workers there "
    f"are gaps in their lines: {ms_per_batch(runs[4]):.0f} ms per batch.",
    table=table,
)

# %% [markdown]
# With one worker, the line of the worker is full: the trainer waits for the worker. Look at the lines of the four: the
# more workers there are, the more gaps *their* lines have, and the fewer the trainer's. That is what you pay an
# accelerator for.

# %% [markdown]
# ## Choose for yourself
#
# Here the times are made up, so that you can change them: 60 ms to load a batch, 20 ms to train on it. The **depth**
# is the most batches that may be under way, of all workers together. (`prefetch_factor` counts for each worker:
# 3 workers with a `prefetch_factor` of 2 are a depth of 6.) With *unequal* times, every sixth batch takes four times
# as long as the others; the average stays the same. First look for the number of workers that is enough for equal
# times. Then switch to unequal times: which helps now, another worker or more depth?

# %% tags=["hide-input"]
# A loader and a trainer in simulated time: you may skip this cell.
TIMES = {"equal": [1.0], "unequal: every sixth is slow": [2 / 3, 2 / 3, 2 / 3, 2 / 3, 2 / 3, 8 / 3]}


def simulate(workers: int, depth: int, times: list[float], n: int = 120) -> pd.DataFrame:
    """Batch by batch, in ms: a load takes 60 ms on average, a step 20 ms; at most `depth` batches are under way."""
    free, rows, trained = [0.0] * workers, [], 0.0
    for i in range(n):
        asked_for = rows[i - depth]["got"] if i >= depth else 0.0
        worker = free.index(min(free))
        began = max(asked_for, free[worker])
        free[worker] = ended = began + 60 * times[i % len(times)]
        got = max(trained, ended)
        rows.append({"batch": i, "worker": worker, "began": began, "ended": ended, "asked": trained, "got": got})
        trained = got + 20
        rows[-1]["trained"] = trained
    return pd.DataFrame(rows)


def simulated_waiting(workers: int, depth: int, times: list[float]) -> float:
    """The share of waiting, without the beginning."""
    later = simulate(workers, depth, times).iloc[60:]
    return (later["got"] - later["asked"]).sum() / (later["trained"].iloc[-1] - later["asked"].iloc[0])


# %%
def choose(workers: int = 2, depth: int = 4, loads: str = "equal") -> None:
    """Draws the timeline and tells how much the trainer waits."""
    rows = simulate(workers, depth, TIMES[loads])
    figure, axis = plt.subplots(figsize=(10, 0.9 + 0.42 * workers), layout="constrained")
    draw_run(axis, rows.assign(**{c: rows[c] / 1e3 for c in ("began", "ended", "asked", "got", "trained")}), 420)
    axis.set_xlabel("milliseconds")
    share = simulated_waiting(workers, depth, TIMES[loads])
    who = counted(workers, "worker")
    wb.picture(figure, f"A timeline of a trainer and {who}; the trainer waits {share:.0%} of the time.")
    print(f"{who}, {depth} under way at most, {loads} times: the trainer waits {share:.0%} of the time.")


overview = pd.DataFrame(
    {
        f"{loads}, depth {depth}": [f"{simulated_waiting(n, depth, TIMES[loads]):.0%}" for n in range(1, 7)]
        for loads in TIMES
        for depth in (4, 12)
    },
    index=pd.Index(range(1, 7), name="the trainer waits with … workers"),
)
wb.explore(choose, workers=(1, 6, 1), depth=(1, 16, 1), loads={name: name for name in TIMES}, table=overview)

# %% [markdown]
# With equal times, three workers are enough, with a depth of 4 as with 12. With unequal times and a depth of 4, neither
# a third nor a sixth worker brings anything: batches come in order, so all wait for the slow one. Meanwhile as many
# batches are under way as are allowed, and the other workers may not go on. More depth lets them. So there are two
# questions:
#
# - Is loading, on average, as fast as training? If not: **more workers**, or cheaper loads.
# - Do the batches in the queue last for the slowest load? If not: **a longer queue**, in PyTorch by `prefetch_factor`.
#
# ## Fast, and wrong
#
# Two mistakes make no noise at all. We only count.
#
# **Everybody reads everything.** A data set that is read as a stream (`IterableDataset`) is copied into each worker. If
# nobody tells the copies who reads what, each of them reads all.


# %%
class TenSamples(IterableDataset):
    """The numbers 0 to 9, as a stream."""

    def __iter__(self):
        return iter(range(10))


for n_workers in (0, 2):
    start = {"multiprocessing_context": "fork"} if n_workers else {}
    samples = list(DataLoader(TenSamples(), batch_size=None, num_workers=n_workers, **start))
    print(f"{counted(n_workers, 'worker')}: {len(samples)} samples, sorted: {sorted(samples)}")

# %% [markdown]
# With two workers, one "epoch" is two epochs. With several ranks (processes that train together) it multiplies again.
# In the exercise you write the function that gives each worker of each rank its own part.
#
# **The loader is further than you are.** To be early, the loader takes sample numbers before you need them. If you
# save the position of the sampler, you save a place that the training has not reached. The sampler below counts.


# %%
class Counting(Sampler):
    """Numbers in order; remembers how many were taken."""

    taken = 0

    def __iter__(self):
        for i in range(100):
            self.taken = i + 1
            yield i


class Numbers(Dataset):
    """Each sample is its own number."""

    def __getitem__(self, i: int) -> int:
        return i


for n_workers, queue in [(0, None), (1, 2), (2, 4)]:
    sampler = Counting()
    start = {"multiprocessing_context": "fork"} if n_workers else {}
    loader = DataLoader(
        Numbers(), batch_size=None, sampler=sampler, num_workers=n_workers, prefetch_factor=queue, **start
    )
    batches = iter(loader)
    for _ in range(10):
        next(batches)
    print(f"{counted(n_workers, 'worker')}, {queue or 0} ahead for each: 10 batches used, {sampler.taken} taken")
    del batches, loader

# %% [markdown]
# If you stop here and go on from the sampler's position, what lies between is lost for this epoch. So save the number
# of batches that you **used**. (`StatefulDataLoader` of the library torchdata does that for you.)

# %% [markdown]
# ## The last metre: into the accelerator
#
# On a machine with a GPU there is one more step: the batch is copied from the memory of the computer to that of the
# GPU. This, too, can happen in the background, under two conditions:
#
# - The batch lies in **pinned memory**: memory that the operating system promises not to move or to swap out. Then the
#   GPU can fetch it by itself. `DataLoader(…, pin_memory=True)` puts batches there.
# - You do not wait: `images.to(device, non_blocking=True)`. The copy is queued, and your program goes on.
#
# Pinned memory is taken away from everybody else on the machine, and to pin it takes time. So one pins a few batches,
# not the data set. The cell measures both kinds of copy where there is a GPU.


# %%
def copy_gb_s(pinned: bool, n_bytes: int = 256 * 2**20) -> float:
    """The best of ten copies to the GPU, in GB/s."""
    source = torch.empty(n_bytes, dtype=torch.uint8, pin_memory=pinned)
    target = torch.empty(n_bytes, dtype=torch.uint8, device=device)
    times = []
    for _ in range(10):
        torch.cuda.synchronize()
        began = time.perf_counter()
        target.copy_(source, non_blocking=pinned)
        torch.cuda.synchronize()
        times.append(time.perf_counter() - began)
    return n_bytes / min(times) / 1e9


if device.type == "cuda":
    for pinned, memory in [(False, "usual"), (True, "pinned")]:
        print(f"copy to the GPU from {memory} memory: {copy_gb_s(pinned):.1f} GB/s")
else:
    print("There is no GPU here, so nothing was copied and nothing is claimed.")

# %% [markdown]
# ## Quiz
#
# Each choice has its own reply. Read the reply to yours first.

# %%
wb.quiz(
    "Loading a batch takes 60 ms, always. A training step takes 20 ms. You have one worker, and set `prefetch_factor` "
    "from 2 to 20. How long does a batch take now?",
    {
        "20 ms: the next batches are always there": "You expect the queue to be full. But the trainer empties it three "
        "times as fast as the worker fills it. After the first seconds it is empty, however long it may be.",
        "60 ms, as before": "The slower of the two decides, and a longer queue makes nobody faster. Three workers "
        "would help: one batch every 20 ms.",
        "6 ms: ten times as many are loaded at once": "You took the length of the queue for the number of workers. One "
        "worker loads one batch at a time, however many it was asked for.",
        "80 ms, since the queue costs time": "Load and training still go on at the same time. They would add up "
        "without any worker.",
    },
    right="60 ms, as before",
)

# %%
wb.quiz(
    "A run uses 4 workers with `prefetch_factor=2`. It stops after step 1,000. You go on with a sampler that continues "
    "where the old sampler was. What happens?",
    {
        "Nothing is lost and nothing comes twice": "You took the sampler's place for the training's. The loader reads "
        "ahead, and what is in its queue has left the sampler already.",
        "8 batches come twice": "It is the other way round: the sampler is ahead of the training, not behind it.",
        "8 batches are lost": "4 workers times 2: so many batches had been taken, and nobody trained on them. No error "
        "tells you.",
        "4 batches are lost, one for each worker": "You counted what each worker has in its hands. It may have "
        "`prefetch_factor` batches under way.",
    },
    right="8 batches are lost",
)

# %% [markdown]
# ## From laptop to cluster
#
# The rule stays. The numbers change. On a GPU the step is short, so you need more workers for each device. In a node
# with several GPUs, all their workers share the cores. With the two times of this machine (its storage was made slow:
# see the beginning), the rule asks for:

# %%
faster = [1, 4, 16]
needs = [math.ceil(load_ms / (step_ms / factor)) for factor in faster]
pd.DataFrame(
    {"workers for 1 device": needs, "for a node with 4": [4 * n for n in needs]},
    index=pd.Index(faster, name="a device so many times as fast"),
)

# %% [markdown]
# When the cores are used up, make the load itself shorter: smaller files, a cheaper decoding, the decoding on the GPU.
# On 1,000 nodes everybody asks the same storage, which then takes longer to answer: measure `next(batches)` there, not
# on your desk. This notebook on a GPU, by Slurm:
#
# ```
# srun --gpus=1 --cpus-per-task=8 --mem=16G autograder build accelerator/input-pipeline --run --profile gpu
# ```

# %%
recorded = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(Path("data/input-pipeline").glob("*.json"))]
for record in recorded:
    print(record["date"], "·", record["machine"], "·", record["versions"])
    print(pd.DataFrame(record["results"]).to_string(index=False))
if not recorded:
    print("No measurement from a GPU has been recorded yet, so none is shown.")
    print("To record one, run there, beside this notebook: python data/input-pipeline/record.py")

# %% [markdown]
# ## Sources
#
# - J. Mohan, A. Phanishayee, A. Raniwala, V. Chidambaram: *Analyzing and Mitigating Data Stalls in DNN Training*.
#   Proceedings of the VLDB Endowment 14(5), 2021, pages 771–784, DOI 10.14778/3446095.3446100. Abstract: nine models.
# - PyTorch 2.13, documentation of `torch.utils.data`: "Single- and Multi-process Data Loading", "Memory Pinning",
#   `DataLoader` (`num_workers`, `prefetch_factor`, `pin_memory`), `IterableDataset`.
# - PyTorch 2.13, note *CUDA semantics*, "Use pinned memory buffers".
# - torchdata 0.11, documentation of `StatefulDataLoader`.
#
# ## Next: the exercise
#
# In the exercise *An input pipeline that keeps up* you build what `DataLoader` does, without its mistakes: shards that
# lose nothing, a shuffle that goes on where it stopped, and a prefetcher that keeps the workers busy and the memory
# free. Its clock is simulated: who waits for whom is counted there, not timed.
