"""Part 1: reads every shard, and says who loses, repeats or waits."""

from workbench.checks import CheckFailed, as_list, expect


def file_names(rng, count):
    """Names of files, in no order."""
    return [f"img-{number:04d}" for number in rng.choice(10_000, size=count, replace=False)]


def read_shards(submission, samples, world_size, n_workers):
    """shards[rank][worker], each a list of samples of the list."""
    shards = []
    for rank in range(world_size):
        of_rank = []
        for worker in range(n_workers):
            given = f"rank {rank} of {world_size}, worker {worker} of {n_workers}, {counted(len(samples), 'sample')}"
            answer = submission.call("shard", list(samples), rank, world_size, worker, n_workers, given=given)
            of_rank.append(read_one(answer, samples, given))
        shards.append(of_rank)
    return shards


def read_one(answer, samples, given):
    """A shard, whose items have to be samples of the list."""
    try:
        mine = as_list(answer, name="the shard")
    except CheckFailed as failure:
        failure.add_given(given)
        raise
    known = set(samples)
    strange = [item for item in mine if not isinstance(item, str) or item not in known]
    numbers = bool(strange) and all(isinstance(item, int) for item in strange)
    why = "these are places in the list: return the samples themselves" if numbers else "this is no sample of the list"
    expect(not strange, expected=f"samples such as {samples[:2]}", came=strange[:4], given=given, why=why)
    return mine


def counted(number, what):
    return f"{number} {what}{'' if number == 1 else 's'}"


def describe(samples, world_size, n_workers):
    readers = f"{counted(world_size, 'rank')} with {counted(n_workers, 'worker')} each"
    return f"{readers}, {counted(len(samples), 'sample')} {samples}"


def check_each_once(shards, samples, given):
    """Every sample is in one shard, and in no other."""
    flat = [sample for of_rank in shards for shard in of_rank for sample in shard]
    twice = sorted({sample for sample in flat if flat.count(sample) > 1}, key=samples.index)
    if twice:
        readers = [
            f"rank {rank}, worker {worker}"
            for rank, of_rank in enumerate(shards)
            for worker, shard in enumerate(of_rank)
            if twice[0] in shard
        ]
        came = f"{twice[0]} is read by " + " and by ".join(readers[:4])
        raise CheckFailed(why_twice(shards), expected="each sample is read once", came=came, given=given)
    lost = [sample for sample in samples if sample not in set(flat)]
    why = "samples are lost: nobody reads them"
    if lost and not flat:
        why = "every shard is empty"
    elif lost and lost == samples[-len(lost) :]:
        why = f"the tail is lost: {len(samples)} samples do not divide evenly, and nobody reads what is left"
    expect(not lost, expected="each sample is read", came=f"nobody reads {lost}", given=given, why=why)


def why_twice(shards):
    """The belief behind a sample that is read twice."""
    if all(shard == of_rank[0] for of_rank in shards for shard in of_rank) and len(shards[0]) > 1:
        return "all workers of a rank read the same: does your answer depend on `worker`?"
    if all(of_rank == shards[0] for of_rank in shards) and len(shards) > 1:
        return "all ranks read the same: does your answer depend on `rank`?"
    why = "a sample is read twice; nothing is to be repeated, also not to fill up a shard, "
    return why + "and all workers have to see the samples in one order"


def check_balanced(shards, given):
    """No rank has more to read than another, and no worker more than another of its rank: by one sample at most."""
    by_rank = [sum(len(shard) for shard in of_rank) for of_rank in shards]
    for rank, of_rank in enumerate(shards):
        sizes = [len(shard) for shard in of_rank]
        why = f"the workers of rank {rank} are not balanced"
        expect(max(sizes) - min(sizes) <= 1, expected="a difference of one at most", came=sizes, given=given, why=why)
    why = "the ranks are not balanced: in every step, all of them wait for the one that has the most to read"
    came = f"samples of each rank: {by_rank}"
    expect(max(by_rank) - min(by_rank) <= 1, expected="a difference of one at most", came=came, given=given, why=why)
