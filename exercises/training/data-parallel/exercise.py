# The one source of this exercise. Shapes: N samples, V tokens of the vocabulary, D width of the model.

# %% [markdown]
# # Data parallel training from scratch
#
# You rent four GPUs, and the loss curve is not the one you had with one GPU. Or the curve is right, but four GPUs are
# hardly faster than one. Both faults hide in code that most people never read: a mean that counts ten samples as much
# as a thousand, a weight that is sent twice, a part of the data that no GPU reads.
#
# Here you write that code yourself: the heart of PyTorch's `DistributedDataParallel` (DDP), and of its sampler.
#
# | part | what you write | minutes |
# |---|---|---|
# | 1 | `average_gradients`: many ranks, one gradient | 15 |
# | 2 | `make_buckets`: what travels together, and when | 20 |
# | 3 | `reduce_buckets`: one message per bucket | 10 |
# | 4 | `ShardedSampler`: who reads what | 12 |
# | stretch | `accumulate_gradients`: talk less | 8 |
#
# With 5 minutes of reading before them, parts 1 to 4 take 62 minutes. No part needs the answer of another. A good place
# to stop is after part 3. `wb.check("…")` checks your answer. `wb.hint("…")` gives a hint; call it again for the next.

# %%
import torch

import workbench as wb

# %% tags=["parameters"]
vocabulary = 2000  # tokens that the model below knows
width = 64  # numbers per token inside it
real_ranks = False  # True: the cell under "The same function on real processes" starts them
world_size = 2  # how many it starts

# %% [markdown]
# ## The idea, and four words
#
# - A **rank** is one process of a team. Ranks are numbered from 0. The number of ranks is the **world size**.
# - In **data parallel** training each rank has a copy of the whole model, and its own samples. Each rank computes the
#   gradient on its own samples. Then the ranks average their gradients, and all make the same step.
# - In an **all-reduce** each rank gives a tensor. The tensors are added number by number. Each rank gets the result.
# - An **epoch** is one pass over the data set.
#
# Your functions get an object `comm`. It is all that a rank knows of the others:
#
# | | |
# |---|---|
# | `comm.rank` | the number of this rank |
# | `comm.world_size` | the number of ranks |
# | `comm.all_reduce(tensor, op="sum")` | **returns** the sum over all ranks as a new tensor; `op="mean"` the mean |
#
# It takes tensors, not Python numbers: write `torch.tensor([n])`. A mean needs a tensor of floats.
#
# The checker counts each call of `comm`, and the bytes of each tensor that you hand over. All ranks have to make the
# same calls, in the same order, with tensors of the same shape. Otherwise they would wait for each other forever. The
# checker finds that, and says who waits for what.
#
# In the checks, the last rank of the team is the checker's own. Its numbers reach your code through `comm` only.

# %% [markdown]
# ### Look at a model first
#
# A small language model. It turns a token into `width` numbers (`embedding`), computes (`hidden`), and scores each
# token of the vocabulary (`output`). Two things in it are usual in practice, and both matter below:
#
# - **Tied**: `output` uses the same weight as `embedding`. It is *one* tensor that two layers share.
# - **Frozen**: the bias of `output` is not trained (`requires_grad=False`). It never gets a gradient.

# %%
embedding = torch.nn.Embedding(vocabulary, width)
hidden = torch.nn.Linear(width, width)
output = torch.nn.Linear(width, vocabulary)
output.weight = embedding.weight  # tied
output.bias.requires_grad = False  # frozen
model = torch.nn.Sequential(embedding, hidden, torch.nn.Tanh(), output)

for i, layer in enumerate(model):
    for name, p in layer.named_parameters():
        kind = "trained" if p.requires_grad else "frozen"
        print(f"{i}.{name:7} {str(tuple(p.shape)):14} {p.numel() * p.element_size():>13,} bytes  {kind}")
print("layer by layer:", sum(1 for layer in model for _ in layer.parameters()), "parameters")
print("model.parameters():", sum(1 for _ in model.parameters()), "parameters: the shared weight is listed once")


# %% [markdown]
# To try your code by hand, here is a team of one. Its all-reduce gives back a copy of what it got.


# %%
class TeamOfOne:
    """The calls of `comm`, for a single rank."""

    rank, world_size = 0, 1

    def all_reduce(self, tensor: torch.Tensor, op: str = "sum") -> torch.Tensor:
        return tensor.clone()


# %% [markdown]
# ## 1 · Many ranks, one gradient
#
# Each rank has called `loss.backward()`. Its loss is the **mean** over its own samples. So on each rank `p.grad` holds
# the gradient of that mean, for each trainable parameter `p`.
#
# After `average_gradients`, `p.grad` holds on every rank the gradient of the mean loss over **all samples of all
# ranks**: what one process would get with the whole batch. Two things to know:
#
# - Ranks may have **different numbers of samples**. The last batch of an epoch is often shorter.
# - Each number of the gradient must be sent **once**. Besides the gradients, each rank may send 64 bytes in all, for
#   example its number of samples (8 bytes). A frozen parameter is not sent.
#
# (DDP takes the plain mean over the ranks, even when their batches differ. You will do better.)
#
# Begin simply. The first check has batches of equal size, and passes after a few lines.


# %% solution="average_gradients"
def average_gradients(comm, model: torch.nn.Module, n_samples: int) -> None:
    """Replaces this rank's gradients by those of the mean loss over all samples of all ranks.

    Args:
        comm: `rank`, `world_size`, `all_reduce(tensor, op)`.
        model: each trainable parameter has in `.grad` the gradient of the mean loss over this rank's samples.
        n_samples: how many samples this rank has, at least 1; other ranks may have more or fewer.
    """
    ### BEGIN SOLUTION "Give each trainable parameter the gradient of the mean loss over all samples of all ranks."
    n_total = comm.all_reduce(torch.tensor([n_samples])).item()
    for p in model.parameters():
        if p.requires_grad:
            p.grad = comm.all_reduce(p.grad * (n_samples / n_total))
    ### END SOLUTION


# %% part="average"
wb.check("average")

# %% [markdown]
# ## 2 · Buckets
#
# Each message costs a fixed time before its first byte moves. A big model has hundreds of parameters, many of them
# tiny. So DDP packs gradients into **buckets**, and sends one message per bucket; 25 MiB is its usual size
# (`bucket_cap_mb`, PyTorch 2.13). Why not one bucket for all? Because the network can carry the first bucket while
# the backward pass still computes the next. The backward pass begins at the *last* layer. So the buckets go in
# **reverse order** (Li et al. 2020).
#
# You get `params`, a list of parameters in the order in which the forward pass uses them, collected layer by layer.
# Put them into buckets. (Bytes are counted as under "Look at a model first". Not every parameter is float32.)
#
# 1. Go through the list from its end.
# 2. **Frozen** parameters are left out.
# 3. A **tied** parameter is in the list twice or more, but belongs in one bucket, once. Its gradient is a sum over all
#    its uses. It is complete when the backward pass has met all of them. So it goes where your walk from the end meets
#    it for the **last** time: `[a, b, a, c, a]` gives `c, b, a`. (To find the same object again, compare `id(p)`. Do
#    not write `p in a_list`: it compares the numbers in the tensors.)
# 4. Look only at the open bucket, never at an earlier one. Fill it as long as its bytes stay at or below `cap_bytes`.
#    When the next parameter would take it above, begin a new one. A parameter that is larger than `cap_bytes` by
#    itself gets a bucket for itself, at its place in the order.
# 5. No bucket is empty. Without trainable parameters, return `[]`.
#
# (DDP's own rule is a little different from 4: it closes a bucket once it has *reached* the limit.)


# %% solution="make_buckets"
def make_buckets(params: list[torch.nn.Parameter], cap_bytes: int) -> list[list[torch.nn.Parameter]]:
    """Buckets of trainable parameters, in the order in which their gradients become complete.

    Args:
        params: in order of use in the forward pass; a tied parameter is in it several times.
        cap_bytes: the most bytes of a bucket; only a single larger parameter may exceed it.

    Returns:
        Lists of parameters: the very objects of `params`, not copies.
    """
    ### BEGIN SOLUTION "Return the buckets, each trainable parameter once, in the order of complete gradients."
    by_first_use = {id(p): p for p in params if p.requires_grad}  # a dict keeps the place of the first entry
    buckets: list[list[torch.nn.Parameter]] = []
    filled_bytes = 0
    for p in reversed(by_first_use.values()):
        size_bytes = p.numel() * p.element_size()
        if not buckets or filled_bytes + size_bytes > cap_bytes:
            buckets.append([])
            filled_bytes = 0
        buckets[-1].append(p)
        filled_bytes += size_bytes
    return buckets
    ### END SOLUTION


# %% part="buckets"
wb.check("buckets")

# %% [markdown]
# ## 3 · One message per bucket
#
# Now the buckets travel. You get them as an argument (the checker makes its own). For each bucket, in the order of
# the list:
#
# - put all its gradients one after another into **one** flat tensor,
# - make **one** all-reduce,
# - cut the result into pieces, and give each parameter its piece as `.grad`, in the parameter's shape.
#
# Here all ranks have equally many samples: take the plain mean over the ranks.
#
# A parameter may have **no gradient** on one rank (`p.grad is None`), because no sample of that rank used it. This rank
# cannot know about the others, even if a whole bucket has no gradient, and all have to send tensors of the same size.
# So this rank sends zeros in its place, of the same dtype; and after the all-reduce it has a gradient like everybody
# else.


# %% solution="reduce_buckets"
def reduce_buckets(comm, buckets: list[list[torch.nn.Parameter]]) -> None:
    """Gives each parameter in `.grad` the mean of its gradients over all ranks, with one all-reduce per bucket.

    Args:
        comm: `rank`, `world_size`, `all_reduce(tensor, op)`.
        buckets: the same on each rank; all parameters of a bucket have one dtype. A `.grad` of None counts as zeros;
            a `.grad` may be non-contiguous in memory.
    """
    ### BEGIN SOLUTION "For each bucket, all-reduce one flat tensor and hand its pieces out again."
    for bucket in buckets:
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in bucket]
        mean = comm.all_reduce(torch.cat([gradient.flatten() for gradient in gradients]), op="mean")
        for p, piece in zip(bucket, mean.split([p.numel() for p in bucket]), strict=True):
            p.grad = piece.view_as(p)
    ### END SOLUTION


# %% part="reduce"
wb.check("reduce")

# %% [markdown]
# **A good place to stop.** The averaging is done; what is left is who reads what.

# %% [markdown]
# ## 4 · Who reads what
#
# The data set has `n_samples` samples, with indices from 0. In each epoch, each rank reads its own part, its **shard**.
# Write the sampler that gives a rank its indices:
#
# - All ranks together read all samples. The whole data set is shuffled again **in each epoch**: a rank does not keep
#   its samples, though some may come back by chance.
# - All ranks get **equally many** indices. A rank with one more would wait for the others in its last all-reduce,
#   forever. If the samples cannot be divided evenly, **none is dropped**: fill up with as few repeated indices as
#   possible. With 10 samples and 4 ranks: 3 each, 12 in all, so 2 places are left. You may choose what fills them, even
#   one index twice. With 1 sample and 4 ranks, all four read it.
# - The order depends on `seed` and on the epoch (`seed + epoch` will do), and on **nothing else**. A run that stopped,
#   and goes on at epoch 7 with a new sampler, reads what it would have read. Other code may use random numbers in
#   between. Iterating twice in one epoch gives the same. Before any `set_epoch`, the epoch is 0.
#
# The training loop calls `sampler.set_epoch(epoch)` before it reads. (PyTorch's `DistributedSampler` needs this call
# too. Forget it, and each epoch has the same order.)
#
# `torch.Generator().manual_seed(…)` makes a source of random numbers of its own, which other code does not share;
# `torch.randperm(n, generator=…)` uses it.


# %% solution="ShardedSampler"
class ShardedSampler:
    """The indices that one rank reads in one epoch.

    Args:
        n_samples: size of the data set, at least 1; may be less than `world_size`.
        world_size, rank: how many ranks there are, and which one this is.
        seed: the same on all ranks.
    """

    def __init__(self, n_samples: int, world_size: int, rank: int, seed: int = 0) -> None:
        self.n_samples, self.world_size, self.rank, self.seed = n_samples, world_size, rank, seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Says which epoch is read next, from 0."""
        ### BEGIN SOLUTION "Remember the epoch."
        self.epoch = epoch
        ### END SOLUTION

    def __len__(self) -> int:
        """How many indices each rank reads in an epoch."""
        ### BEGIN SOLUTION "Return how many indices each rank reads in an epoch."
        return -(-self.n_samples // self.world_size)
        ### END SOLUTION

    def __iter__(self):
        """An iterator over this rank's indices in this epoch: Python ints, no tensors."""
        ### BEGIN SOLUTION "Shuffle by seed and epoch, pad, and return an iterator over this rank's part."
        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        order = torch.randperm(self.n_samples, generator=generator).tolist()
        padded = (order * self.world_size)[: len(self) * self.world_size]
        return iter(padded[self.rank :: self.world_size])
        ### END SOLUTION


# %% part="sampler"
wb.check("sampler")

# %% [markdown]
# What you have now is a working data parallel trainer, without its optimiser.

# %% [markdown]
# ## Stretch · Talk less
#
# A batch that is too large for the memory is cut into **micro-batches**. Each gets its own forward and backward pass,
# and `backward()` adds its gradient to what is in `.grad` already: **gradient accumulation**. If the ranks averaged
# after each micro-batch, the result would be the same, but with k micro-batches they would send k times the bytes.
# (DDP has the context manager `no_sync` for this.)
#
# Write one accumulated step: forward and backward on each micro-batch, then communication. All micro-batches of all
# ranks have the same size. Afterwards `p.grad` is the gradient of the mean loss over all samples of all ranks, and
# each number of the gradient has been sent once. Frozen and tied parameters count here too.
#
# Only hand a micro-batch to `loss_of`; it need not be a tensor. You may call your `average_gradients`, with any
# `n_samples` that is equal on all ranks. (One `backward()` on the summed losses gives the same numbers, but keeps all
# micro-batches in memory. The checker cannot see that.)


# %% solution="accumulate_gradients"
def accumulate_gradients(comm, model: torch.nn.Module, loss_of, micro_batches: list) -> None:
    """Leaves in `.grad` the gradient of the mean loss over all samples of all ranks.

    Args:
        comm: `rank`, `world_size`, `all_reduce(tensor, op)`.
        model: no parameter has a gradient yet.
        loss_of: `loss_of(model, micro_batch)` is the mean loss over the micro-batch, a scalar tensor.
        micro_batches: this rank's; all of one size, equally many on each rank.
    """
    ### BEGIN SOLUTION "Go through all micro-batches, then average over the ranks once."
    for micro_batch in micro_batches:
        (loss_of(model, micro_batch) / len(micro_batches)).backward()
    for p in model.parameters():
        if p.requires_grad:
            p.grad = comm.all_reduce(p.grad, op="mean")
    ### END SOLUTION


# %% part="accumulate"
wb.check("accumulate")

# %% [markdown]
# ## The same function on real processes
#
# Not graded. Your `average_gradients` works with any `comm`. Below, `comm` is made of `torch.distributed`, and each
# rank is a process of its own. Rank 0 has one sample, rank 1 has two, and so on. The model is `w · x`, so the gradient
# of the mean loss is the mean of all `x`: you can check it in your head. By default the cell starts nothing. To run it
# here, set `real_ranks = True` in a cell of your own, and then run the next one.


# %%
class ProcessComm:
    """The calls of `comm`, made by torch.distributed."""

    def __init__(self, rank: int, world_size: int) -> None:
        self.rank, self.world_size = rank, world_size

    def all_reduce(self, tensor: torch.Tensor, op: str = "sum") -> torch.Tensor:
        total = tensor.to(device_of(self.rank), copy=True)
        torch.distributed.all_reduce(total)  # changes `total` itself
        return total / self.world_size if op == "mean" else total


def device_of(rank: int) -> torch.device:
    on_gpu = torch.distributed.get_backend() == "nccl"
    return torch.device("cuda", rank % torch.cuda.device_count()) if on_gpu else torch.device("cpu")


def one_step(rank: int, world_size: int) -> list[float]:
    """The averaged gradient of w · x, where rank r has r + 1 samples, each of value r."""
    model = torch.nn.Linear(1, 1, bias=False, device=device_of(rank))
    x_N1 = torch.full((rank + 1, 1), float(rank), device=device_of(rank))
    model(x_N1).mean().backward()
    average_gradients(ProcessComm(rank, world_size), model, n_samples=rank + 1)
    return model.weight.grad.flatten().tolist()


if real_ranks:
    print("gradient on each rank:", wb.ranks(one_step, world_size))
    samples = [float(rank) for rank in range(world_size) for _ in range(rank + 1)]
    print("mean of all samples:  ", sum(samples) / len(samples))
else:
    print("real_ranks is False: no processes were started.")

# %% [markdown]
# ## Sources
#
# - Shen Li, Yanli Zhao, Rohan Varma and others: *PyTorch Distributed: Experiences on Accelerating Data Parallel
#   Training*. Proceedings of the VLDB Endowment 13(12), 2020, pages 3005–3018. DOI 10.14778/3415478.3415530.
# - PyTorch 2.13, documentation of `torch.nn.parallel.DistributedDataParallel` (note on summed losses) and of
#   `torch.utils.data.distributed.DistributedSampler`; note *Distributed Data Parallel*, section *Internal Design*.
