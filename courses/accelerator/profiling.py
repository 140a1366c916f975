# title: Find the bottleneck before you mend it
# minutes: 20
# profiles:
#   smoke: {parameters: {width: 320}, env: {KINETO_LOG_LEVEL: 99}}
#   laptop: {env: {KINETO_LOG_LEVEL: 99}}
#   gpu:
#     parameters: {width: 8192, batch: 4096, before: float32, after: bfloat16}
#     env: {KINETO_LOG_LEVEL: 99}
#   cluster:
#     parameters: {width: 8192, batch: 4096, before: float32, after: bfloat16}
#     env: {KINETO_LOG_LEVEL: 99}

# %% [markdown]
# # Find the bottleneck before you mend it
#
# Somebody on your team profiles the training, finds the operation at the top of the list, and makes it twice as fast.
# A week of work, and clean code. The training takes exactly as long as before, and so does the bill. What went wrong?
# The list was sorted by the right number. But the one thing that the program waited for was not on the list at all.
#
# After this lesson you can
#
# - **record** what your program does, and read the recording as a timeline;
# - **tell** the self time of a call from its total time;
# - **say** what a step really waits for;
# - **predict** what a fix will bring, before anybody writes it.
#
# This takes about 20 minutes. Run the cells from top to bottom. Nothing here is graded.

# %%
import json
import os
import statistics
import tempfile
import threading
import time
from pathlib import Path
from queue import Queue

os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # the profiler's own notes: off, before torch is imported

import matplotlib.pyplot as plt
import pandas as pd
import torch
from matplotlib.patches import Patch
from torch.profiler import ProfilerActivity, profile, record_function

import workbench as wb

found = wb.device()
device = found.torch if found.name == "cuda" else torch.device("cpu")
if device.type == "cpu":
    torch.set_num_threads(1)  # one core computes, another is left for the loader
print("torch", torch.__version__, "· profile", wb.profile())

# %% tags=["parameters"]
width = 512  # each layer of the model has width × width weights
batch = 256  # samples of one step
steps = 14  # recorded in each run
before, after = "float64", "float32"  # the numbers that the model computes with, and shorter ones

# %% [markdown]
# ## Our program
#
# We train a small network. One **step** of the training does this:
#
# - **wait for batch**: take the next batch of samples, and wait if there is none yet;
# - **forward**, **backward**, **update**: compute the error of the model, how each weight contributes to it, and
#   better weights.
#
# Meanwhile a second thread, the **loader**, fetches the next batch. So fetching and computing go on at the same time.
# Our storage is made up: the loader sleeps for about twice the time that computing a batch took when we tried it, as if
# the data came from a slow network. All the rest is real.
#
# The data came from NumPy, and NumPy counts in `float64`, with 8 bytes for each number. So the model does, too. (This
# happens to many people. On a GPU, this notebook starts from `float32`.)
#
# `torch.profiler` records what happens. `record_function("forward")` puts a name of ours on a stretch of the program.


# %%
SETTLED = 3  # steps of the start, in which the loaders are still ahead


def make_step(dtype: torch.dtype):
    """A function that trains a fresh model on one batch."""
    torch.manual_seed(2026)
    layers = [layer for _ in range(3) for layer in (torch.nn.Linear(width, width), torch.nn.ReLU())]
    model = torch.nn.Sequential(*layers).to(device, dtype)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001)

    def step(samples: torch.Tensor) -> float:
        with record_function("forward"):
            loss = model(samples.to(device, dtype)).square().mean()
        with record_function("backward"):
            optimizer.zero_grad()
            loss.backward()
        with record_function("update"):
            optimizer.step()
            return loss.item()  # this waits until the device is done

    return step


def load(numbers, batches: Queue, fetch_s: float, delay_s: float) -> None:
    """What a loader thread does: fetches one batch after another until there are no more."""
    time.sleep(delay_s)  # so that several loaders take turns
    for _ in numbers:
        with record_function("fetch"):
            time.sleep(fetch_s)
            samples = torch.rand(batch, width)
        batches.put(samples)


def record(dtype_name: str, loaders: int, fetch_s: float) -> tuple[pd.DataFrame, list]:
    """Trains with so many loader threads: the events, times in ms, and what PyTorch says about each operation."""
    step, batches = make_step(getattr(torch, dtype_name)), Queue(maxsize=loaders)
    step(torch.rand(batch, width))  # the first step also prepares much: it is not recorded
    spare = 2 * loaders  # so that the loaders work until the last step is done
    numbers = iter(range(steps + spare))
    delays_s = [fetch_s * i / loaders for i in range(loaders)]
    threads = [threading.Thread(target=load, args=(numbers, batches, fetch_s, delay_s)) for delay_s in delays_s]
    activities = [ProfilerActivity.CPU] + [ProfilerActivity.CUDA] * (device.type == "cuda")
    all_threads = torch.profiler._ExperimentalConfig(profile_all_threads=True)
    with profile(activities=activities, experimental_config=all_threads, acc_events=True) as profiler:
        for thread in threads:
            thread.start()
        for _ in range(steps):
            with record_function("wait for batch"):
                samples = batches.get()
            step(samples)
        for _ in range(spare):
            batches.get()
        for thread in threads:
            thread.join()
    return read_events(profiler), profiler.key_averages()


def read_events(profiler: profile) -> pd.DataFrame:
    """The events of a recording, in the order of their start: what ran, on which lane, from when to when."""
    with tempfile.TemporaryDirectory() as folder:
        profiler.export_chrome_trace(f"{folder}/trace.json")  # the Trace Event Format of Chrome
        events = json.loads(Path(folder, "trace.json").read_text(encoding="utf-8"))["traceEvents"]
    wanted = [e for e in events if e.get("cat") in ("cpu_op", "user_annotation", "kernel")]
    table = pd.DataFrame([(e["name"], e["cat"], str(e["tid"]), e["ts"], e["dur"]) for e in wanted])
    table.columns = ["name", "cat", "lane", "start", "ms"]
    loaders = table.loc[table["name"] == "fetch", "lane"].unique()
    names = {lane: f"loader {i}" for i, lane in enumerate(loaders, start=1)}
    names |= {lane: "training" for lane in table.loc[table["name"] == "forward", "lane"]}
    on_device = table["cat"] == "kernel"
    table["lane"] = table["lane"].map(names).fillna("other").mask(on_device, "device, stream " + table["lane"])
    table["start"] = (table["start"] - table["start"].min()) / 1e3
    table["ms"] /= 1e3
    return table.sort_values(["start", "ms"], ascending=[True, False], ignore_index=True)


def step_ms(events: pd.DataFrame) -> float:
    """The mean time from the end of one step to the end of the next, once the start is over."""
    updates = events[(events["name"] == "update") & (events["cat"] == "user_annotation")]
    ends = (updates["start"] + updates["ms"]).iloc[SETTLED:]
    return (ends.iloc[-1] - ends.iloc[0]) / (len(ends) - 1)


def typical_ms(events: pd.DataFrame, *names: str) -> float:
    """The mean time of these stretches of one step, together, once the start is over."""
    marked = events[(events["cat"] == "user_annotation") & events["name"].isin(names)]
    return sum(marked[marked["name"] == name]["ms"].iloc[SETTLED:].mean() for name in names)


def compute_s(dtype_name: str) -> float:
    """The typical time of one step with its batch at hand, in seconds."""
    step, samples, times_s = make_step(getattr(torch, dtype_name)), torch.rand(batch, width), []
    for _ in range(6):
        start_s = time.perf_counter()
        step(samples)
        times_s.append(time.perf_counter() - start_s)
    return statistics.median(times_s[1:])


fetch_s = 2 * compute_s(before)
as_it_is, averages = record(before, 1, fetch_s)
for _ in range(3):
    if typical_ms(as_it_is, "wait for batch") > 0.15 * step_ms(as_it_is):
        break
    fetch_s *= 1.5  # other programs made computing slower than it was when we timed it: once more, with slower storage
    as_it_is, averages = record(before, 1, fetch_s)
print(f"{len(as_it_is):,} events recorded. One step takes {step_ms(as_it_is):.1f} ms.")

# %% [markdown]
# ## Predict
#
# A recording of this kind is called a **trace**. Here is what a profiler makes of it first: a table of operations.
# One operation calls others: `aten::linear` calls `aten::addmm`. The **total** time of a call contains the calls that
# it makes. Its **self** time does not. Look at the first lines.


# %%
def self_and_total(averages) -> pd.DataFrame:
    """PyTorch's own table of operations, the most self time first; on a GPU, the time of their kernels."""
    where = "device_time_total" if device.type == "cuda" else "cpu_time_total"
    rows = [
        (row.key, row.count, getattr(row, where) / 1e3, getattr(row, f"self_{where}") / 1e3)
        for row in averages
        if row.key.startswith("aten::")
    ]
    table = pd.DataFrame(rows, columns=["operation", "calls", "total ms", "self ms"]).set_index("operation")
    table["self, % of all"] = 100 * table["self ms"] / table["self ms"].sum()
    return table.sort_values("self ms", ascending=False).round(1)


profile_table = self_and_total(averages)
products = ["aten::addmm", "aten::mm"]
share = profile_table.loc[profile_table.index.isin(products), "self, % of all"].sum() / 100
print(f"addmm and mm, the matrix products: {share:.0%} of the time of all operations")
pd.concat([profile_table.head(4), profile_table.loc[["aten::linear"]]]).drop_duplicates()

# %% [markdown]
# `aten::linear` has much total time and hardly any self time: it only calls `addmm`. Whoever works on `linear` works
# on the wrong line. `addmm` and `mm` are the matrix products, and they lead the list by self time. So they are the
# bottleneck. Are they?
#
# We make them faster. With shorter numbers, a processor does about twice as many operations in the same time.

# %%
wb.predict(
    "step",
    f"The matrix products have {share:.0%} of the self time. With {after} instead of {before} they run about twice as "
    "fast. How many times as fast does a training step run?",
    unit="times",
)

# %% [markdown]
# ## Run

# %%
computing = ("forward", "backward", "update")
faster_arithmetic, _ = record(after, 1, fetch_s)
arithmetic_factor = typical_ms(as_it_is, *computing) / typical_ms(faster_arithmetic, *computing)
gained = step_ms(as_it_is) / step_ms(faster_arithmetic)
wb.settle(
    "step",
    gained,
    why=f"Computing became {arithmetic_factor:.1f} times as fast: {typical_ms(as_it_is, *computing):.1f} ms before, "
    f"{typical_ms(faster_arithmetic, *computing):.1f} ms after. But a step takes {step_ms(as_it_is):.1f} ms before and "
    f"{step_ms(faster_arithmetic):.1f} ms after.",
)

# %% [markdown]
# ## Explain
#
# If you said 2, or something between 1.5 and 2, you trusted the table. Every number in it is right. But the table
# lists **operations**, and waiting is no operation. It gets a line only where somebody marks it in the program, as we
# did.
#
# Ask instead what happens at each moment of a step:

# %%
fetch_ms, wait_ms, computing_ms = (
    typical_ms(as_it_is, *names) for names in (("fetch",), ("wait for batch",), computing)
)
print(f"as it is:  fetch {fetch_ms:6.1f} ms  |  wait {wait_ms:6.1f} ms + compute {computing_ms:6.1f} ms")
print(
    f"{after}:   fetch {typical_ms(faster_arithmetic, 'fetch'):6.1f} ms  |  "
    f"wait {typical_ms(faster_arithmetic, 'wait for batch'):6.1f} ms + "
    f"compute {typical_ms(faster_arithmetic, *computing):6.1f} ms"
)
print(f"\nfetch and compute together: {fetch_ms + computing_ms:.1f} ms; one step: {step_ms(as_it_is):.1f} ms")

# %% [markdown]
# In each line, wait and compute are the step of the training thread. Fetching goes on **side by side** with them, so
# its time does not add to the step.
#
# The step takes as long as the **longer** of the two. That is fetching. When computing became faster, the training
# thread was done earlier, and then it waited longer for the next batch. The saved time became waiting time.
#
# - What runs side by side has a **critical path**: the chain of work that takes as long as the whole. Only what lies
#   on it can make the step faster.
# - The time in which the device has nothing to do because the next batch is not there is called the **input stall**.

# %% [markdown]
# ## A worked example: predict each fix
#
# Two times from one recording, and a rule, are enough to predict what a fix will bring at best:
#
# 1. what one fetch takes, and what computing takes (in the line "as it is" above);
# 2. what goes on at the same time: fetching beside computing, and several loaders beside each other;
# 3. the step takes the longer of the two.
#
# So for so many loaders, and for computing so many times as fast (for the shorter numbers we take what was measured
# above):


# %%
def predicted_ms(loaders: int, factor: float) -> float:
    """The time of a step at best: each loader brings a batch every fetch_ms, and computing goes on beside them."""
    return max(fetch_ms / loaders, computing_ms / factor)


(three_loaders, _), (both, _) = record(before, 3, fetch_s), record(after, 3, fetch_s)
runs = {
    "as it is": (as_it_is, 1, 1.0),
    f"{after}": (faster_arithmetic, 1, arithmetic_factor),
    "three loaders": (three_loaders, 3, 1.0),
    f"{after} and three loaders": (both, 3, arithmetic_factor),
}
comparison = pd.DataFrame(
    {
        "predicted ms": [predicted_ms(loaders, factor) for _, loaders, factor in runs.values()],
        "measured ms": [step_ms(events) for events, _, _ in runs.values()],
        "of it computing ms": [typical_ms(events, *computing) for events, _, _ in runs.values()],
    },
    index=pd.Index(runs, name="fix"),
)
comparison["speed-up"] = comparison["measured ms"].iloc[0] / comparison["measured ms"]
comparison.round(2)

# %%
alone, loaders_alone, together = comparison["speed-up"].iloc[1:]
print(f"{after} alone: {alone:.2f} times as fast. Three loaders alone: {loaders_alone:.2f} times.")
added = round(alone, 2) + round(loaders_alone, 2) - 1
print(f"If gains added, both would bring {added:.2f} times. Both together brought {together:.2f} times.")

# %% [markdown]
# The prediction says what is possible at best, for computing as long as in the first run. Look at the column *of it
# computing* before you blame a fix: when other programs use the processor, computing takes longer than that. In a
# later run it can also be shorter, and then the step may be faster than predicted.
#
# Compare the first line with the second, and the third with the fourth: twice the same fix. It brings little while
# fetching decides. Once three loaders have made computing the longer part, it brings more (unless computing was short
# already in the third run: see its column). **A fix has no speed-up of its own.** It has one in a program, at a
# moment. So mend what is on the critical path, record again, and look which path is critical now.

# %% [markdown]
# ## Your turn: the law of Amdahl
#
# Now one chain alone, without anything beside it. A part of it has the share `share` of the time, and this part
# becomes `factor` times as fast. All the rest stays as it is. How many times as fast is the chain? Gene Amdahl asked
# this in 1967. (4 minutes)


# %% solution="amdahl"
def amdahl(share: float, factor: float) -> float:
    """How many times as fast the whole is when a part of it becomes `factor` times as fast.

    share: the part's share of the whole time before, from 0 to 1
    """
    ### BEGIN SOLUTION "Return the whole time before, divided by the whole time after."
    return 1 / (1 - share + share / factor)
    ### END SOLUTION


# %%
wb.your_turn(
    "half of the time, three times as fast",
    lambda: round(amdahl(0.5, 3), 6),
    want=1.5,
    hints=[
        "Say that the whole takes 6 minutes, and the part 3 of them. How long do both take afterwards?",
        "Let the whole take 1 before. What does the rest take after, and what does the part take?",
    ],
)

# %%
wb.your_turn(
    "90 % of the time, and infinitely fast",
    lambda: round(amdahl(0.9, float("inf")), 6),
    want=10.0,
    hints=["What is left when the part takes no time at all?"],
)

# %% [markdown]
# What is not made faster stays, and in the end it is all that is left. Here is your law on this machine: what would
# faster matrix products bring if the data were always there?

# %%
try:
    for factor in (2, 4, float("inf")):
        print(f"matrix products {factor:g} × as fast: computing {amdahl(share, factor):.2f} × as fast")
except NotImplementedError:
    print("This appears when `amdahl` is there.")

# %% [markdown]
# ## See it: what this machine just did
#
# The four runs as timelines, all with the same scale. Each row is a **lane**: what is on one lane runs one after
# another, what is on two lanes runs side by side.

# %% tags=["hide-input"]
# How the picture is drawn: you may skip this cell.
INK = "#1b1f24"
LOOKS = {  # fill, hatch
    "fetch": ("#9cc3e6", ""),
    "wait for batch": ("white", "////"),
    "forward": ("#f2c48d", ""),
    "backward": ("#d98b3a", ""),
    "update": ("#7a4a12", ""),
}


def lanes_of(events: pd.DataFrame) -> list[str]:
    """Lanes with marked stretches, the training at the bottom; below it the streams of a device, if there are some."""
    marked = sorted(set(events.loc[events["name"].isin(LOOKS), "lane"]) - {"other"})
    return marked + sorted(set(events.loc[events["cat"] == "kernel", "lane"]))


def draw_run(axis: plt.Axes, events: pd.DataFrame, first: float, span: float) -> None:
    """Draws `span` ms of a run from `first` on."""
    lanes = lanes_of(events)
    axis.set(xlim=(0, span), ylim=(len(lanes) - 0.45, -0.55), yticks=range(len(lanes)), yticklabels=lanes)
    shown = events[events["name"].isin(LOOKS) & (events["cat"] == "user_annotation") | (events["cat"] == "kernel")]
    for e in shown[(shown["start"] + shown["ms"] > first) & (shown["start"] < first + span)].itertuples():
        fill, hatch = LOOKS.get(e.name, ("#c9ccd1", ""))
        left, right = max(0, e.start - first), min(span, e.start + e.ms - first)
        row = lanes.index(e.lane)
        line = {"edgecolor": INK, "linewidth": 0.6} if e.cat != "kernel" else {}
        axis.barh(row, right - left, left=left, height=0.72, color=fill, hatch=hatch, **line)
        short = {"wait for batch": "wait"}.get(e.name, e.name)
        if e.cat != "kernel" and right - left > 0.013 * span * len(short):
            ground = {"facecolor": "white", "edgecolor": "none", "pad": 1} if hatch else None
            axis.text((left + right) / 2, row, short, ha="center", va="center", fontsize=9, color=INK, bbox=ground)
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.tick_params(axis="y", length=0)


# %%
span = 3.2 * step_ms(as_it_is)
heights = [len(lanes_of(events)) + 0.9 for events, _, _ in runs.values()]
figure, axes = plt.subplots(
    4, 1, figsize=(11, 0.52 * sum(heights) + 0.6), sharex=True, layout="constrained", height_ratios=heights
)
steps_seen, waiting = [], []
for axis, (name, (events, _, _)) in zip(axes, runs.items(), strict=True):
    updates = events[(events["name"] == "update") & (events["cat"] == "user_annotation")]
    ends = updates["start"] + updates["ms"]
    first = ends.iloc[SETTLED]
    draw_run(axis, events, first, span)
    in_sight = [end - first for end in ends if first < end <= first + span]
    row = lanes_of(events).index("training")
    axis.vlines(in_sight, row - 0.5, row + 0.5, color=INK, lw=2.5)
    steps_seen.append(len(in_sight))
    waiting.append(typical_ms(events, "wait for batch"))
    axis.set_title(
        f"{name}: {step_ms(events):.1f} ms a step, {waiting[-1]:.1f} ms of it waiting", loc="left", fontsize=11
    )
axes[-1].set_xlabel("ms; a thick line is the end of a step")
key = [Patch(facecolor=fill, hatch=hatch, edgecolor=INK, label=name) for name, (fill, hatch) in LOOKS.items()]
figure.legend(handles=key, loc="outside lower center", ncols=len(key), frameon=False)
wb.picture(
    figure,
    f"Four timelines of {span:.0f} ms each, with one lane for each loader and one for the training. "
    + " ".join(
        f"{name}: {count} steps end in this time, and the training waits {wait:.1f} ms in each."
        for name, count, wait in zip(runs, steps_seen, waiting, strict=True)
    ),
    table=comparison.assign(**{"steps in sight": steps_seen, "waiting ms": waiting}).round(2),
)

# %% [markdown]
# White is the rest of the program. How to read it: look for the lane **without gaps**. It decides how long a step
# takes.
#
# - In the first run, the loader hardly rests. The training has gaps: the hatched stretches, in which it waits.
# - In the second run, computing is shorter, and the gaps are longer. The thick lines stand about where they stood.
# - In the third run, three loaders take turns. Where the training works without a gap, computing decides.
# - In the fourth run, computing is shorter once more. The first time, this fix left the thick lines where they were.
#   Compare the third run with the fourth: did it move them now? Where you see hatched stretches, the loaders decide
#   again.
#
# The loaders may rest, too. Where the line of a loader is empty, its batch is ready, and waits for room in the queue.

# %% [markdown]
# ## What would you mend?
#
# Choose how many loaders you start, and how much faster you make the computing. When does the one stop helping, and
# the other begin?


# %%
def decide(loaders: int = 1, computing_times_as_fast: float = 1) -> None:
    """Shows both lanes of a step at best, and which of them to mend next."""
    loading, computed = fetch_ms / loaders, computing_ms / computing_times_as_fast
    figure, axis = plt.subplots(figsize=(9, 1.5), layout="constrained")
    bars = axis.barh(["computing", "loading"], [computed, loading], color=["#d98b3a", "#9cc3e6"], height=0.6)
    axis.bar_label(bars, fmt="{:.3g} ms", padding=4, color=INK)
    axis.set(xlim=(0, 1.15 * max(fetch_ms, computing_ms)), xticks=[])
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)
    wb.picture(figure, f"Two bars: computing {computed:.3g} ms, loading {loading:.3g} ms for each step.")
    next_fix = "loading" if loading > computed else "computing"
    at_best = max(loading, computed)
    print(f"A step takes {at_best:.3g} ms at best, {predicted_ms(1, 1) / at_best:.2f} times as fast as now.")
    print(f"Mend {next_fix} next. The other one has {abs(loading - computed):.3g} ms of rest in each step.")


grid = pd.DataFrame(
    {
        f"computing × {factor:g}": [f"{predicted_ms(loaders, factor):.1f} ms" for loaders in (1, 2, 3, 4)]
        for factor in (1, 2, 4, 8)
    },
    index=pd.Index([1, 2, 3, 4], name="loaders"),
)
wb.explore(decide, loaders=(1, 4), computing_times_as_fast=[1, 2, 4, 8], table=grid)

# %% [markdown]
# ## Quiz
#
# Each choice has its own reply. Read the reply to yours first.

# %%
wb.quiz(
    "A GPU works on two streams at once. In one second, kernels run for 0.6 s on the one stream and for 0.5 s on the "
    "other. For how long is the GPU idle?",
    {
        "0 s: it was busy for 1.1 s": "You added times that pass at the same moment. If both streams work at once, one "
        "second of the clock counts twice in your sum.",
        "0.45 s: the mean of 0.4 s and 0.5 s": "You took each stream for a device. The GPU is idle only while both "
        "streams are.",
        "0.2 s: 0.4 × 0.5": "You assume that the streams know nothing of each other. But often one waits for the "
        "other, or both wait for the same batch.",
        "Between 0 and 0.4 s: it depends on the overlap": "If the shorter one lies inside the longer one, the GPU is "
        "busy for 0.6 s. If they overlap as little as they can, it is never idle. You have to join the intervals.",
    },
    right="Between 0 and 0.4 s: it depends on the overlap",
)

# %%
wb.quiz(
    "A program does one thing after another, nothing side by side. Fix A alone makes it 1.5 times as fast, fix B alone "
    "1.2 times. They concern different parts. How fast is it with both?",
    {
        "1.7 times": "You added speed-ups. They are ratios, each of them to the whole time. What adds is the saved "
        "time.",
        "1.8 times": "You multiplied. Then B would save a sixth of what A has left over. But it saves a sixth of the "
        "whole: its part is as long as before.",
        "2 times": "A saves a third of the time, B saves a sixth. Together a half is saved. In a chain, saved times "
        "add.",
        "1.5 times: the larger one decides": "That is so for things that run side by side. In a chain, each saved "
        "second is a second less.",
    },
    right="2 times",
)

# %% [markdown]
# ## From laptop to cluster
#
# On a **GPU**, operations of the CPU only *start* kernels, so the table of operations says even less. The kernels
# have lanes of their own, the streams: that is where you look for gaps. With **2 or 1,000** nodes, one more lane
# decides: the network. Gradients travel beside the backward pass, and the slowest rank makes all others wait. Record
# one rank at least on each node, and compare.
#
# This notebook on a GPU, by Slurm:
#
# ```
# srun --gpus=1 --cpus-per-task=8 --mem=16G autograder build accelerator/profiling --run --profile gpu
# ```

# %%
recorded = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(Path("data/profiling").glob("*.json"))]
for trace in recorded:
    print(trace["date"], "·", trace["machine"], "·", trace["versions"])
    cats = pd.Series([e["cat"] for e in trace["events"]]).value_counts()
    print(f"   {trace['window_us'] / 1e3:.1f} ms;", ", ".join(f"{count:,} × {cat}" for cat, count in cats.items()))
if not recorded:
    print("No trace from a GPU or a cluster has been recorded yet, so none is shown.")
    print("To record one, run there, beside this notebook: python data/profiling/record.py")

# %% [markdown]
# ## Sources
#
# - G. Amdahl: *Validity of the single processor approach to achieving large scale computing capabilities*. AFIPS
#   Spring Joint Computer Conference, 1967, DOI 10.1145/1465482.1465560.
# - C.-Q. Yang, B. Miller: *Critical path analysis for the execution of parallel and distributed programs*. 8th
#   International Conference on Distributed Computing Systems, 1988, DOI 10.1109/DCS.1988.12538.
# - S. Graham, P. Kessler, M. McKusick: *gprof: a call graph execution profiler*. SIGPLAN Symposium on Compiler
#   Construction, 1982, DOI 10.1145/800230.806987. Section 4: self time and the time of what was called.
# - PyTorch 2.13, documentation of `torch.profiler`; *Trace Event Format*, Google, the description of Chrome's traces.
#
# ## Next: the exercise
#
# In the exercise *Find the bottleneck in a trace* you write the reading yourself: self time, the idle time of a
# device whose streams overlap, the stall that is the loader's fault. Then fixes compete, and you choose.
