"""Reads what the sampler gives to each rank, and looks for what is lost or repeated."""

from itertools import pairwise

import numpy as np
from checks_advice import explained

from workbench.checks import as_list, as_number, expect

ITERATOR = "__iter__ has to return an iterator over Python ints: iter(a_list). A tensor becomes a list by .tolist()"


def read_shards(submission, n_samples, world_size, epochs=(0,), *, seed=None, new_objects=False):
    """shards[i][rank]: the indices that a rank reads in epochs[i], each a whole number from 0 to n_samples - 1.

    None among the epochs: read without a call of set_epoch.
    """
    noise = int(submission.rng.integers(1_000_000))
    seed = int(submission.rng.integers(10_000)) if seed is None else seed
    inputs = {"n_samples": n_samples, "world_size": world_size, "epochs": list(epochs), "seed": seed}
    given = f"{n_samples} sample{'s' * (n_samples != 1)}, {world_size} ranks"
    given += ", no call of set_epoch yet" if epochs[0] is None else ""
    with explained({"returned non-iterator": ITERATOR}):
        seen = submission.run(
            "sampler", returns=["shards", "lengths"], given=given, noise=noise, new_objects=new_objects, **inputs
        )
    shards = as_list(seen["shards"], length=len(epochs), name="the epochs")
    lengths = as_list(seen["lengths"], length=len(epochs), name="the lengths")
    for i, epoch in enumerate(epochs):
        by_rank = as_list(shards[i], length=world_size, name="the shards")
        says = as_list(lengths[i], length=world_size, name="the lengths")
        of_epoch = f"{given}, " + ("no call of set_epoch" if epoch is None else f"epoch {epoch}")
        shards[i] = [read_shard(shard, n_samples, rank, of_epoch) for rank, shard in enumerate(by_rank)]
        for rank, shard in enumerate(shards[i]):
            check_length(len(shard), says[rank], n_samples, world_size, rank, of_epoch)
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


def check_length(n_indices, says, n_samples, world_size, rank, given):
    says = as_number(says, kind="int", name="len(sampler)")
    came = f"{n_indices} from iterating, {says} from len(sampler)"
    why = f"rank {rank}: iterating gives {n_indices} indices, len(sampler) says {says}"
    if world_size > 1 and says == n_indices * world_size > 0 or says == n_samples > world_size:
        why += "; it shall say what one rank reads"
    elif n_samples % world_size == 0 and says == n_indices + 1:
        why += f"; {n_samples} can be divided evenly by {world_size}, so nothing is to be rounded up"
    expect(says == n_indices, expected="one number from both", came=came, given=given, why=why)


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


def check_mixed(first, second, most_alike, which, given):
    """Shards of two epochs: has the whole data set been shuffled again?

    Of the pairs of neighbours in a shard, two random orders share few; the caller says how many are too many.
    """
    same_ranks = all(set(a) == set(b) for a, b in zip(first, second, strict=True))
    why = "each rank keeps its samples: only the order inside its shard changes"
    came = f"rank 0 reads {first[0]}, and then {second[0]}"
    expect(not same_ranks, expected="other samples on a rank in the next epoch", came=came, given=given, why=why)
    same_groups = {frozenset(shard) for shard in first} == {frozenset(shard) for shard in second}
    came = f"{first}, and then {second}"
    why = f"the shards of {which} are the same, on other ranks: perhaps one order, begun at another place"
    expect(not same_groups, expected="the whole data set shuffled again", came=came, given=given, why=why)
    pairs = [{pair for shard in shards for pair in pairwise(shard)} for shards in (first, second)]
    alike = len(pairs[0] & pairs[1])
    why = f"in {which}, {alike} of {len(pairs[0])} neighbours are the same: perhaps one order, begun at another place"
    expect(alike < most_alike, expected="the whole data set shuffled again", came=came, given=given, why=why)


def check_alike(shards, wanted, expected, given, why):
    """Two readings that have to be the same."""
    expect(shards == wanted, expected=f"{expected}: {wanted}", came=shards, given=given, why=why)
