"""Reads what the sampler gives to each rank, and looks for what is lost or repeated."""

from workbench.checks import as_list, as_number, expect


def read_shards(submission, n_samples, world_size, epochs=(0,), *, seed=None, new_objects=False):
    """shards[i][rank]: the indices that a rank reads in epochs[i], each a whole number from 0 to n_samples - 1."""
    noise = int(submission.rng.integers(1_000_000))
    seed = int(submission.rng.integers(10_000)) if seed is None else seed
    inputs = {"n_samples": n_samples, "world_size": world_size, "epochs": list(epochs), "seed": seed}
    seen = submission.run("sampler", returns=["shards", "lengths"], noise=noise, new_objects=new_objects, **inputs)
    shards = as_list(seen["shards"], length=len(epochs), name="the epochs")
    lengths = as_list(seen["lengths"], length=len(epochs), name="the lengths")
    for i, by_rank in enumerate(shards):
        shards[i] = [as_list(shard, name="a shard") for shard in as_list(by_rank, length=world_size, name="the shards")]
        for rank, shard in enumerate(shards[i]):
            shard[:] = [as_number(index, kind="int", name="an index") for index in shard]
            outside = [index for index in shard if not 0 <= index < n_samples]
            why = "there are no such samples"
            expect(not outside, expected=f"indices from 0 to {n_samples - 1}", came=outside[:8], why=why)
            says = as_number(as_list(lengths[i], length=world_size)[rank], kind="int", name="len(sampler)")
            why = "len(sampler) is not the number of indices that it gives"
            expect(says == len(shard), expected=len(shard), came=says, why=why)
    return shards


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
