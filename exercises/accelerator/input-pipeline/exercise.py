# %% [markdown]
# # An input pipeline that keeps up
#
# You pay for an accelerator by the hour, also while it waits for data. And what waits is not the worst: a run that
# stopped at night goes on in the morning with samples that it has already seen, and nobody notices. The input pipeline
# raises no error when it is wrong. The model is just a little worse, and the bill a little higher.
#
# After this exercise you can
#
# - divide a data set so that nothing is read twice and nothing is lost;
# - shuffle so that each epoch has its own order, and a stopped run goes on at the right sample;
# - load the next batches while the device trains, without filling the memory;
# - save the right position, although the loader has read ahead.
#
# | part | minutes | what you write |
# |---|---|---|
# | 1 · Who reads what | 8 | one function, one or two lines |
# | 2 · A shuffle that goes on where it stopped | 16 | a small class |
# | 3 · Load while the device trains | 22 | one generator function, about ten lines |
# | 4 · What to save when you read ahead | + 15 | a small class: a stretch, graded like the others |
#
# Parts 1 to 3 take 46 minutes, with a good place to stop after part 2. Run the cells from top to bottom.
# `wb.check("…")` checks your answer as often as you like, and `wb.hint("…")` gives a hint. No part needs another.

# %%
import time
import zlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

import workbench as wb
from workbench.loaders import Loader, Trainer, timeline

# %% tags=["parameters"]
n_real_batches = 24  # for the cell that tries your prefetcher on this machine
real_side = 600  # rows and columns of the matrices that it trains on
storage_s = 0.03  # how long its storage takes to answer

# %% [markdown]
# ## 1 · Who reads what
#
# A large training has several **ranks**: processes that train together, one for each accelerator. Each rank has
# several **workers**: processes that read and decode its samples. Ranks and workers are numbered from 0. Every worker
# runs the same program, and nobody hands out the samples. So each worker works out by itself which samples are its own.
# They are called its **shard**.
#
# Write `shard`. The samples can be anything: here they are names of files. Every worker of every rank gets the **same
# list**, and returns its part of it.
#
# - All shards together have each sample exactly once. Nothing is lost, also not the **tail**: the samples that are left
#   when the list does not divide evenly. And nothing is repeated to fill up.
# - The shards are **balanced**. Two ranks differ by one sample at most. Two workers of the same rank differ by one
#   sample at most. (With 6 samples, 2 ranks and 4 workers in each rank, every rank reads 3.) The ranks come first: they
#   wait for each other in every step.
#
# Some shards may be empty. Which worker gets which sample, and in which order, is up to you.
#
# (This is what an evaluation needs, where each sample counts once. For a training, PyTorch's `DistributedSampler`
# repeats a few samples instead, so that all ranks make equally many steps.)


# %% solution="shard"
def shard(samples: list, rank: int, world_size: int, worker: int, n_workers: int) -> list:
    """The samples that this worker of this rank reads.

    Args:
        samples: the whole list, the same for everybody; may be empty.
        rank, world_size: which rank this is, from 0, and how many there are.
        worker, n_workers: which worker of the rank this is, from 0, and how many each rank has.
    """
    ### BEGIN SOLUTION "Return this worker's part of `samples`."
    of_this_rank = samples[rank::world_size]
    return of_this_rank[worker::n_workers]
    ### END SOLUTION


# %%
try:
    for rank in range(2):
        for worker in range(2):
            mine = shard(["a", "b", "c", "d", "e", "f", "g"], rank, 2, worker, 2)
            print(f"rank {rank}, worker {worker} reads {mine}")
except NotImplementedError as todo:
    print(todo)

# %% part="shard"
wb.check("shard")

# %% [markdown]
# ## 2 · A shuffle that goes on where it stopped
#
# One pass over all samples is an **epoch**. In each epoch the samples come in another order. But it must not be *any*
# order: when a run stops and a new process goes on, the new process has to find the same order again, and its place in
# it. Otherwise some samples are seen twice in this epoch, and others not at all.
#
# Write `ShuffledStream`. It gives sample numbers from 0 to `n_samples - 1`, one after another, without end.
#
# - Each epoch has **each sample once**, and any sample may come at any place.
# - The order depends on `seed` and on the number of the epoch, and on **nothing else**. Other code in the same process
#   may draw random numbers, or set `np.random.seed`. Your order stays the same.
# - **Each pair** of seed and epoch has an order of its own. (So `seed + epoch` will not do: seed 7 in epoch 1 would
#   have the order of seed 8 in epoch 0. PyTorch's `DistributedSampler` adds them all the same. That is fine for one
#   run, and a trap for somebody who compares runs with seeds 7, 8 and 9.)
# - `state_dict()` says where the stream is, in **two plain numbers**: `{"epoch": 2, "position": 5}` means that five
#   samples of epoch 2 were given. Epochs count from 0. (After the last sample of an epoch, you may say it in either
#   way: all of this epoch, or none of the next.) Return a new dict each time: what was saved must not change when the
#   stream goes on.
# - `load_state_dict(state)` puts a stream at that place. The new stream was made with the same `n_samples` and `seed`,
#   in another process: it has the two numbers and nothing more.
#
# `np.random.default_rng(…)` makes a source of random numbers that other code does not share. It takes a number, or a
# list of numbers. Its method `permutation(n)` gives the numbers from 0 to n − 1 in random order.


# %% solution="ShuffledStream"
class ShuffledStream:
    """Sample numbers, epoch after epoch, each epoch in an order of its own.

    Args:
        n_samples: size of the data set, at least 1.
        seed: 0 to 2³² − 1; another seed gives other orders.
    """

    def __init__(self, n_samples: int, seed: int) -> None:
        self.n_samples, self.seed = n_samples, seed
        self.epoch, self.position = 0, 0
        ### BEGIN SOLUTION # here is room for what else your stream needs
        self.order, self.order_of_epoch = None, None
        ### END SOLUTION

    def next_sample(self) -> int:
        """The next sample number; after the last one of an epoch, the first one of the next."""
        ### BEGIN SOLUTION "Return the next sample number, and move on by one."
        if self.position == self.n_samples:
            self.epoch, self.position = self.epoch + 1, 0
        if self.order_of_epoch != self.epoch:
            self.order = np.random.default_rng([self.seed, self.epoch]).permutation(self.n_samples)
            self.order_of_epoch = self.epoch
        self.position += 1
        return int(self.order[self.position - 1])
        ### END SOLUTION

    def state_dict(self) -> dict[str, int]:
        """Where the stream is: "epoch", and how many samples of it were given, "position"."""
        ### BEGIN SOLUTION "Return the epoch and the position, as two whole numbers."
        return {"epoch": self.epoch, "position": self.position}
        ### END SOLUTION

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Goes to a place that `state_dict` of another stream has told."""
        ### BEGIN SOLUTION "Put this stream at the place that the state describes."
        self.epoch, self.position = state["epoch"], state["position"]
        ### END SOLUTION


# %%
try:
    stream = ShuffledStream(n_samples=8, seed=7)
    for epoch in range(3):
        print(f"epoch {epoch}:", [stream.next_sample() for _ in range(8)])
    print("the state now:", stream.state_dict())
except NotImplementedError as todo:
    print(todo)

# %% part="shuffle"
wb.check("shuffle")

# %% [markdown]
# **This is a good place to stop.** Save the notebook, and come back for the prefetcher.
#
# ## 3 · Load while the device trains
#
# A loop that loads a batch, trains, loads, trains makes one side wait for the other all the time. But the workers are
# other processes: they can load the next batches while the device trains. Somebody only has to ask them **early
# enough**. This is called **prefetching**. And somebody has to stop asking when enough is under way, or the batches
# fill the memory.
#
# Write `prefetch`. It gets a `loader` with two methods:
#
# - `loader.submit(i)` asks the workers to load batch `i`, and returns at once. (Workers take what was submitted first,
#   each one batch at a time.)
# - `loader.result(i)` collects batch `i`: it waits until the batch is loaded, and returns it. If the batch cannot be
#   loaded, it raises an `OSError`.
#
# `prefetch` hands over the batches 0 to `n_batches - 1` **in order**, each as soon as the trainer asks for it.
#
# - **Bounded**: at most `depth` batches are **under way**, which means submitted and not yet collected. Collect a batch
#   only when it is handed over next: a batch in a list of yours takes memory, too.
# - **Early**: whenever a batch is handed over, `depth` batches are under way, or all that are left. The trainer works
#   on the batch between one `yield` and your next line, and the workers shall not be idle in that time. Not even with
#   `depth` 1.
# - **It ends** after the last batch: nothing beyond it is submitted. `n_batches` may be 0, or less than `depth`.
# - **Errors arrive**: an `OSError` of batch 5 reaches the trainer when it asks for batch 5, as it is: neither hidden
#   nor earlier. After it, nothing more comes.
#
# Nothing here needs a thread of yours: the workers are there already. A function with `yield` in it is a
# **generator**: `for batch in prefetch(…)` runs it up to the next `yield`, uses the batch, and comes back.
#
# The time of this loader is simulated: its clock moves only while somebody waits or trains. So waiting can be counted
# exactly, and no mark depends on how fast your machine is. First the loop that everybody writes first. Read the lines
# of the picture from left to right: a digit is a batch, a dot is somebody who waits.


# %%
def one_after_another(loader: Loader, n_batches: int, depth: int) -> Iterator:
    """No prefetching: submits a batch when it is needed."""
    for i in range(n_batches):
        loader.submit(i)
        yield loader.result(i)


def try_out(batches_of, n_workers: int, depth: int) -> None:
    """Trains on eight batches: each takes 4 s to load, and 3 s to train on."""
    loader = Loader([4.0] * 8, n_workers)
    trainer = Trainer(loader, step_s=3.0)
    for batch in batches_of(loader, 8, depth):
        trainer.train(batch)
    print(f"workers: {n_workers}, depth: {depth}. The trainer waits {sum(trainer.waits_s()):g} s")
    print(timeline(loader, trainer), "\n")


try_out(one_after_another, n_workers=2, depth=2)


# %% solution="prefetch"
def prefetch(loader: Loader, n_batches: int, depth: int) -> Iterator:
    """Hands over batches 0 to `n_batches - 1` in order, while the workers load the next ones.

    Args:
        loader: `submit(i)` and `result(i)`, as above.
        n_batches: how many there are; may be 0.
        depth: at least 1; the most batches that are submitted and not yet collected.
    """
    ### BEGIN SOLUTION "Yield every batch in order, with as many under way as `depth` allows."
    for i in range(min(depth, n_batches)):
        loader.submit(i)
    for i in range(n_batches):
        batch = loader.result(i)
        if i + depth < n_batches:
            loader.submit(i + depth)
        yield batch
    ### END SOLUTION


# %%
try:
    for n_workers, depth in [(1, 1), (2, 1), (2, 2)]:
        try_out(prefetch, n_workers, depth)
except NotImplementedError as todo:
    print(todo)

# %% part="prefetch"
wb.check("prefetch")

# %% [markdown]
# Compare the seconds in all of your three pictures (a column is not the same time everywhere). A second worker is worth
# nothing while the depth is 1: who should tell it what to do?
#
# ### Your own machine
#
# The class below has the same two methods, but its workers are real threads. Each batch waits for a storage that
# answers late (`storage_s`), then unpacks compressed numbers. The training is a product of two matrices. Where it
# takes longer than the storage and the unpacking, even one worker is fast enough, and more cannot help. Not graded.


# %%
class ThisMachine:
    """A loader with real workers: threads of this process."""

    def __init__(self, n_workers: int) -> None:
        rng = np.random.default_rng(0)
        self.packed = zlib.compress(rng.integers(0, 9, real_side * real_side, dtype=np.uint8).tobytes())
        self.workers = ThreadPoolExecutor(n_workers)
        self.under_way: dict[int, Future] = {}

    def load(self, i: int) -> np.ndarray:
        time.sleep(storage_s)
        numbers = np.frombuffer(zlib.decompress(self.packed), dtype=np.uint8)
        return numbers.reshape(real_side, real_side).astype(np.float32)

    def submit(self, i: int) -> None:
        self.under_way[i] = self.workers.submit(self.load, i)

    def result(self, i: int) -> np.ndarray:
        return self.under_way.pop(i).result()


def run_s(batches_of, n_workers: int, depth: int) -> float:
    """Seconds for all batches on this machine."""
    loader = ThisMachine(n_workers)
    began_s = time.perf_counter()
    for batch in batches_of(loader, n_real_batches, depth):
        batch @ batch
    ended_s = time.perf_counter()
    loader.workers.shutdown()
    return ended_s - began_s


numbers = ThisMachine(1).load(0)
numbers @ numbers  # the first product is slow: leave it out
began_s = time.perf_counter()
numbers @ numbers
print(f"the storage answers after {storage_s:g} s; training on a batch takes {time.perf_counter() - began_s:.3f} s")
try:
    print(f"one after another:    {run_s(one_after_another, 1, 1):.2f} s")
    for n_workers, depth in [(1, 1), (4, 1), (4, 4)]:
        print(f"workers: {n_workers}, depth: {depth}   {run_s(prefetch, n_workers, depth):6.2f} s")
except NotImplementedError as todo:
    print(f"This measurement appears when part 3 is there. Next: {todo}")

# %% [markdown]
# ## 4 · What to save when you read ahead
#
# This part is a stretch, outside of the 46 minutes.
#
# Your prefetcher is ahead of the trainer: it has already taken samples from the stream that nobody has trained on. Now
# somebody saves the state of the stream, and the run stops. In the morning the stream goes on behind those samples.
# They are lost for this epoch, and no error says so.
#
# Write `ResumablePrefetcher`. It gets a stream and a loader, and reads ahead as in part 3. (To keep it short, each
# sample is a batch of its own, the stream has no end, and no sample comes again while it is under way.)
#
# - `stream.next_sample()` gives the next sample number; `stream.state_dict()` says where the stream is. Take what it
#   returns as a sealed letter: keep it, hand it out, and do not look inside.
# - `loader.submit(sample)` and `loader.result(sample)` are as in part 3. At most `depth` are under way. And whenever a
#   batch has been handed over, `depth` are under way.
# - `next_batch()` hands over the next batch, in the order of the stream.
# - `state_dict()` returns the state from which a **new stream** goes on with the first batch that `next_batch` has
#   **not yet handed over**. It may be asked at any time, also before the first batch.


# %% solution="ResumablePrefetcher"
class ResumablePrefetcher:
    """Hands over batches in the order of a stream, reads ahead, and knows what was handed over.

    Args:
        stream: `next_sample()` and `state_dict()`.
        loader: `submit(sample)` and `result(sample)`.
        depth: at least 1; the most samples that are submitted and not yet collected.
    """

    def __init__(self, stream, loader: Loader, depth: int) -> None:
        self.stream, self.loader, self.depth = stream, loader, depth
        ### BEGIN SOLUTION "Prepare what next_batch and state_dict need."
        self.state = stream.state_dict()
        self.ahead: deque[tuple[int, dict]] = deque()
        for _ in range(depth):
            self._read_one_ahead()
        ### END SOLUTION

    def next_batch(self):
        """The next batch, in the order of the stream."""
        ### BEGIN SOLUTION "Hand over the next batch, and keep reading ahead."
        sample, state_after = self.ahead.popleft()
        batch = self.loader.result(sample)
        self._read_one_ahead()
        self.state = state_after
        return batch

    def _read_one_ahead(self) -> None:
        sample = self.stream.next_sample()
        self.loader.submit(sample)
        self.ahead.append((sample, self.stream.state_dict()))
        ### END SOLUTION

    def state_dict(self) -> dict:
        """Where a new stream has to go on, so that no batch is handed over twice and none is lost."""
        ### BEGIN SOLUTION "Return the state of the stream after the last batch that was handed over."
        return self.state
        ### END SOLUTION


# %% part="resume"
wb.check("resume")

# %% [markdown]
# You have now built by hand what `torch.utils.data.DataLoader` does with `num_workers`, and `prefetch_factor`, and
# what `StatefulDataLoader` of torchdata adds to it: a state that counts what was handed over.
#
# ## Sources
#
# - PyTorch 2.13, documentation of `torch.utils.data`: "Multi-process data loading", `DataLoader` (`num_workers`,
#   `prefetch_factor`), `get_worker_info`, `distributed.DistributedSampler`.
# - torchdata, documentation of `StatefulDataLoader`: `state_dict` and `load_state_dict` of a loader with workers.
# - NumPy, documentation of `numpy.random.SeedSequence` and "Parallel random number generation": seeds made of a list of
#   numbers.
# - J. Mohan, A. Phanishayee, A. Raniwala, V. Chidambaram: *Analyzing and Mitigating Data Stalls in DNN Training*.
#   Proceedings of the VLDB Endowment 14(5), 2021, pages 771–784, DOI 10.14778/3446095.3446100.
