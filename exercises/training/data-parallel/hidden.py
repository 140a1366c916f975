"""Further checks of the same parts: random sizes, more ranks, other number types."""

import numpy as np
from checks import accumulate_part, average_part, buckets_part, reduce_part, sampler_part
from checks_buckets import check_filling, check_order, run_buckets
from checks_sampler import check_mixed, check_shards, read_shards
from checks_steps import check_accumulate, check_average, check_bytes, check_messages, check_reduce

from workbench.checks import expect


@average_part.check(
    points=2,
    title="A larger team, other number types",
    hints=["Does anything in your code depend on the number of ranks, on float32, or on equal batches?"],
)
def a_larger_team(submission):
    few, more = (int(n) for n in submission.rng.integers([1, 4], [4, 9]))
    tied_model = {"tied": True, "frozen": True, "dtype": "float64", "vocabulary": 11, "width": 4}
    check_bytes(*check_average(submission, [few, few, 20, more], **tied_model))
    check_bytes(*check_average(submission, [more, more, 1], vocabulary=7, width=3))


@accumulate_part.check(
    points=1,
    title="A tied and a frozen parameter, more ranks",
    hints=["Which parameters have no gradient at all? Which are listed twice if you go layer by layer?"],
)
def accumulates_a_tied_model(submission):
    n_micro = int(submission.rng.choice([4, 6, 7]))
    tied_model = {"tied": True, "frozen": True, "dtype": "float64", "vocabulary": 11, "width": 4}
    check_bytes(*check_accumulate(submission, 4, n_micro, size=3, **tied_model))


@buckets_part.check(
    points=2,
    title="Any model, any number type",
    hints=["How many bytes has a number of float64, of bfloat16? Where does a parameter larger than the cap go?"],
)
def any_model(submission):
    rng = submission.rng
    for dtype, item_bytes in (("float64", 8), ("bfloat16", 2), ("float32", 4)):
        for _ in range(4):
            shapes = [tuple(int(n) for n in rng.integers(1, 7, rng.integers(1, 3))) for _ in range(9)]
            bytes_of = [item_bytes * int(np.prod(shape)) for shape in shapes]
            frozen = tuple(int(number) for number in rng.choice(9, 2, replace=False))
            uses = list(range(9))
            for number in rng.choice(9, 5):  # some of them twice
                uses.insert(int(rng.integers(0, len(uses) + 1)), int(number))
            cap_bytes = int(rng.choice([item_bytes, 12 * item_bytes, bytes_of[8] + bytes_of[7], sum(bytes_of)]))
            given = f"{dtype} parameters of {bytes_of} bytes, in use {uses}, frozen {frozen}, cap_bytes={cap_bytes}"
            buckets = run_buckets(submission, shapes, cap_bytes, given, uses=uses, frozen=frozen, dtype=dtype)
            trained = set(range(9)) - set(frozen)
            check_order(buckets, sorted(trained, key=uses.index, reverse=True), given)
            check_filling(buckets, bytes_of, cap_bytes, given, item_bytes=item_bytes)


@buckets_part.check(
    points=1,
    title="Equal numbers are not one parameter",
    hints=["Two biases are all zeros at the start. Are they one parameter?"],
)
def equal_is_not_tied(submission):
    size = int(submission.rng.integers(2, 6))
    given = f"four parameters of {size} zeros; the second is tied"
    buckets = run_buckets(submission, [(size,)] * 4, 8 * size, given, uses=[0, 1, 2, 3, 1])
    check_order(buckets, [3, 2, 1, 0], given, tied=[1])
    check_filling(buckets, [4 * size] * 4, 8 * size, given)


@reduce_part.check(
    points=1,
    title="A larger model and team",
    hints=["Does anything in your code depend on the shapes, on float32, or on which rank lacks a gradient?"],
)
def a_larger_model(submission):
    rng = submission.rng
    shapes = [tuple(int(n) for n in rng.integers(1, 6, rng.integers(1, 4))) for _ in range(7)]
    buckets = [[6, 5], [4], [3, 2, 1], [0]]
    # A rank may have no gradient for a whole bucket: the last one here.
    missing = [(int(rng.integers(1, 4)), int(number)) for number in (0, *rng.choice(range(1, 7), 2, replace=False))]
    network, bucket_bytes = check_reduce(submission, shapes, buckets, 4, missing=missing, dtype="float64")
    check_messages(network, bucket_bytes)


@sampler_part.check(
    points=1,
    title="Any number of samples and ranks",
    hints=["What if there are more ranks than samples? If there is only one rank?"],
)
def any_number_of_samples(submission):
    rng = submission.rng
    cases = [(3, 8), (1, 4), (7, 1), (2, 5), (int(rng.integers(30, 90)), int(rng.integers(2, 9)))]
    for n_samples, world_size in cases:
        [shards] = read_shards(submission, n_samples, world_size, epochs=[int(rng.integers(0, 50))])
        check_shards(shards, n_samples, f"{n_samples} samples, {world_size} ranks")


@sampler_part.check(
    points=1,
    title="A resumed run reads what it would have read",
    hints=["A run died in epoch 7 and starts again with new objects. What does the sampler know of epochs 0 to 6?"],
)
def resumes_alike(submission):
    """Other seeds give the same shards with probability below 1/48!."""
    seed = int(submission.rng.integers(10_000))
    once = read_shards(submission, 48, 4, epochs=[0, 1, 2, 3], seed=seed)
    later = read_shards(submission, 48, 4, epochs=[3, 1], seed=seed, new_objects=True)
    why = "the order depends on more than the seed and the epoch"
    expect(later == [once[3], once[1]], expected="epochs 3, 1 as in the first run", came="other indices", why=why)
    again = read_shards(submission, 48, 4, epochs=[2, 2], seed=seed)
    expect(again == [once[2], once[2]], expected="epoch 2 as in the first run, twice", came="other indices", why=why)
    why = "the seed changes nothing"
    other = read_shards(submission, 48, 4, epochs=[1], seed=seed + 12_345)
    expect(other != [once[1]], expected="another order for another seed", came="the same order", why=why)


@sampler_part.check(
    points=1,
    title="Shuffled well: ranks do not keep their samples",
    hints=["Is it the whole data set that is shuffled, or each rank's part?"],
)
def shuffles_the_whole(submission):
    """A right answer fails by chance with probability below 1e-7, the sum of these:

    the same 15 of 60 samples twice on a rank, 4 / C(60, 15) < 1e-13; an ascending shard, 8 / 15! < 1e-11; eight of 14
    steps between neighbours alike (modulo 60) in one of 8 shards, 8 · 60 · C(14, 8) / 45⁸ < 9e-8; the same shards,
    4! · 15!⁴ / 60! < 1e-30; 14 of 56 neighbours alike, about Poisson with mean 56² / (60 · 59) = 0.9, < 1e-12.
    """
    shards = read_shards(submission, 60, 4, epochs=[0, 1])
    for by_rank in shards:
        check_shards(by_rank, 60, "60 samples, 4 ranks")
        for shard in by_rank:
            expect(shard != sorted(shard), expected="a random order", came=f"ascending indices: {shard}")
            steps = np.diff(shard) % 60
            alike = int(np.bincount(steps).max())
            expect(alike < 8, expected="a random order", came=f"{alike} of 14 steps between neighbours are alike")
    check_mixed(shards[0], shards[1], 14, "epochs 0 and 1", "60 samples, 4 ranks")
    for rank in range(4):
        kept = set(shards[0][rank]) == set(shards[1][rank])
        expect(not kept, expected="other samples in the next epoch", came=f"rank {rank} has the same samples again")
