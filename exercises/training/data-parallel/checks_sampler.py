"""Reads what the sampler gives to each rank, and looks for what is lost or repeated."""

import numpy as np
from checks_advice import explained

from workbench.checks import as_list, as_number, expect

ITERATOR = "__iter__ has to return an iterator over Python ints: iter(a_list). A tensor becomes a list by .tolist()"


def read_shards(submission, n_samples, world_size, epochs=(0,), *, seed=None, new_objects=False):
    """shards[i][rank]: the indices that a rank reads in epochs[i], each a whole number from 0 to n_samples - 1."""
    noise = int(submission.rng.integers(1_000_000))
    seed = int(submission.rng.integers(10_000)) if seed is None else seed
    inputs = {"n_samples": n_samples, "world_size": world_size, "epochs": list(epochs), "seed": seed}
    given = f"{n_samples} samples, {world_size} ranks"
    with explained({"returned non-iterator": ITERATOR}):
        seen = submission.run(
            "sampler", returns=["shards", "lengths"], given=given, noise=noise, new_objects=new_objects, **inputs
        )
    shards = as_list(seen["shards"], length=len(epochs), name="the epochs")
    lengths = as_list(seen["lengths"], length=len(epochs), name="the lengths")
    for i, epoch in enumerate(epochs):
        by_rank = as_list(shards[i], length=world_size, name="the shards")
        says = as_list(lengths[i], length=world_size, name="the lengths")
        of_epoch = f"{given}, epoch {epoch}"
        shards[i] = [read_shard(shard, n_samples, rank, of_epoch) for rank, shard in enumerate(by_rank)]
        for rank, shard in enumerate(shards[i]):
            check_length(len(shard), says[rank], -(-n_samples // world_size), rank, of_epoch)
    return shards


def read_shard(shard, n_samples, rank, given):
    """The indices that one rank reads, as whole numbers."""
    indices = as_list(shard, name="a shard")
    for index in indices:
        why = f"rank {rank}: iterating gives tensors or arrays; .tolist() makes Python ints of them"
        expect(not isinstance(index, np.ndarray), expected="Python ints", came=index, given=given, why=why)
    indices = [as_number(index, kind="int", name="an index") for index in indices]
    outside = [index for index in indices if not 0 <= index < n_samples]
    why = f"rank {rank}: there are no such samples"
    expect(not outside, expected=f"indices from 0 to {n_samples - 1}", came=outside[:8], given=given, why=why)
    return indices


def check_length(n_indices, says, wanted, rank, given):
    says = as_number(says, kind="int", name="len(sampler)")
    came = f"{n_indices} from iterating, {says} from len(sampler)"
    why = f"rank {rank}: iterating gives {n_indices} indices, len(sampler) says {says}"
    expect(says == n_indices, expected=f"{wanted} from both", came=came, given=given, why=why)


def check_shards(shards, n_samples, given):
    """Equally many for all, nothing lost, and no more repeated than it takes."""
    counts = [len(shard) for shard in shards]
    why = "a rank with more indices would wait for the others for ever"
    equal = len(set(counts)) == 1
    expect(equal, expected="equally many indices on each rank", came=f"{counts} indices", given=given, why=why)
    read = [index for shard in shards for index in shard]
    lost = sorted(set(range(n_samples)) - set(read))
    came = f"nobody reads {lost[:8]}; shards {shards}"
    why = "samples are lost" + (", while others are read more than once" if len(set(read)) < len(read) else "")
    expect(not lost, expected="each sample is read", came=came, given=given, why=why)
    repeated = len(read) - n_samples
    most = -n_samples % len(shards)
    why = "more indices are repeated than the ranks need to have equally many"
    came = f"{repeated}; shards {shards}"
    expect(repeated == most, expected=f"{most} repeated indices", came=came, given=given, why=why)
