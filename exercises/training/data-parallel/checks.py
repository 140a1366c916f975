"""The visible checks. What they share with the hidden ones is in checks_*.py; nothing there averages or shuffles.

A serial gradient in NumPy is the measure.
"""

from itertools import combinations, pairwise

from checks_buckets import check_order, check_plain, run_buckets
from checks_sampler import check_alike, check_mixed, check_shards, read_shards
from checks_steps import check_accumulate, check_average, check_bytes, check_messages, check_reduce, check_total

from workbench.checks import expect, part

average_part = part("average", title="Many ranks, one gradient")
buckets_part = part("buckets", title="Buckets")
reduce_part = part("reduce", title="One message per bucket")
sampler_part = part("sampler", title="Who reads what")
accumulate_part = part("accumulate", title="Stretch: talk less")


@average_part.check(
    points=1,
    title="Equal batches give the serial gradient",
    hints=[
        "Two ranks have 2 and 4 as gradients of equally large batches. What is the gradient of the whole batch?",
        "Where is the result of comm.all_reduce? Compare with the table of comm in the text.",
    ],
)
def equal_batches(submission):
    check_average(submission, sizes=[2, 2])


@average_part.check(
    points=1,
    title="Batches of different size too",
    hints=[
        "Rank 0 has 10 samples with mean 4, rank 1 has 1,000 with mean 2. What is the mean of all 1,010?",
        "What does a rank have to know about the others before it can weigh its own gradient?",
    ],
)
def different_batches(submission):
    check_average(submission, sizes=[1, 1, 5])


@average_part.check(
    points=1,
    title="Each number of the gradient travels once",
    hints=[
        "Go through the lines of 'Look at a model first'. Which of them does your loop send, and how often?",
        "Averaging an average again changes no value. Which of the two counts there does your loop follow? What does "
        "it do with the frozen bias?",
    ],
)
def travels_once(submission):
    given = "a tied weight of 640 bytes, a frozen bias of 160 bytes, 80 bytes more"
    check_bytes(
        *check_average(submission, [2, 2], tied=True, frozen=True, vocabulary=40, width=4),
        given=given,
    )


@accumulate_part.check(
    points=1,
    title="Micro-batches give the serial gradient",
    hints=[
        "Rank 0 has micro-batches with the mean losses 2 and 4, rank 1 with 6 and 8. What is the mean of all samples?",
        "What does .grad hold after the last backward()? And what do the ranks have to make of it together?",
    ],
)
def micro_batches(submission):
    check_accumulate(submission, n_learners=2, n_micro=4)


@accumulate_part.check(
    points=1,
    title="The ranks talk once per step",
    hints=[
        "After which micro-batch is the gradient of this rank complete? How often does your loop reach the all-reduce?",
        "Here one weight is tied, and one bias is frozen. Which parameters does your loop send, and how often?",
    ],
)
def talks_once(submission):
    model = {"tied": True, "frozen": True, "vocabulary": 40, "width": 4}
    given = "4 micro-batches per rank; a tied weight of 640 bytes, a frozen bias of 160 bytes, 80 bytes more"
    check_bytes(*check_accumulate(submission, n_learners=2, n_micro=4, **model), given=given)


@buckets_part.check(
    points=1,
    title="From the last parameter to the first, filled up",
    hints=[
        "How many bytes has a number of float32, and of float64? Is a bucket of exactly cap_bytes too full?",
        "Walk through the input on paper, from the end. At each parameter: which bytes do you add up, and what is done "
        "with one that is too large even for an empty bucket?",
    ],
)
def fills_from_the_end(submission):
    unit = int(submission.rng.integers(1, 5))
    # No two have one shape: zeros of one shape are another matter.
    # Walk: 5 and 1 fit exactly. Packed from the first one on, the buckets would be others.
    check_plain(submission, [unit * size for size in (2, 4, 3, 1, 5)], 6 * unit, "float32", item_bytes=4)
    # Walk: 7 and 6 exceed the cap, and 3 would fit into the bucket of 2.
    check_plain(submission, [unit * size for size in (4, 1, 3, 6, 2, 7)], 5 * unit, "float64", item_bytes=8)


@buckets_part.check(
    points=1,
    title="Tied once, frozen never",
    hints=[
        "Walk through params on paper, from the end. What does your code do at each entry?",
        "Parameter 0 has three uses. How would you notice that the walk has met the last of them? And what does == do "
        "with tensors?",
    ],
)
def tied_once_frozen_never(submission):
    size = int(submission.rng.integers(4, 8))  # again, no two have one shape
    shapes = [(size, 2), (3,), (2, 2), (size,)]
    trained_bytes = 4 * (2 * size + 3 + size)
    given = f"params = [p0, p1, p0, p2, p3, p0]: p0 is tied, p2 is frozen; cap_bytes={trained_bytes + 4}"
    uses = [0, 1, 0, 2, 3, 0]
    buckets = run_buckets(submission, shapes, trained_bytes + 4, given, uses=uses, frozen=(2,))
    check_order(buckets, [3, 1, 0], given, tied=[0])
    why = f"p0, p1 and p3 have {trained_bytes} bytes together: perhaps p2 was counted, or p0 more than once"
    expect(len(buckets) == 1, expected="one bucket", came=buckets, given=given, why=why)
    given = "params = [p0, p1], both frozen"
    buckets = run_buckets(submission, [(2,), (3,)], 100, given, frozen=(0, 1))
    expect(buckets == [], expected="no bucket: []", came=buckets, given=given, why="there is nothing to send")


@reduce_part.check(
    points=1,
    title="Each gradient becomes the mean over the ranks",
    hints=[
        "Follow one number of a bucket's second parameter, from .grad into the message and back. Where is it then?",
        "A flat tensor of 3 + 4 numbers comes back. Which of them belong to the second parameter, and in what shape? "
        "Is each one a sum or a mean?",
    ],
)
def mean_over_ranks(submission):
    check_reduce(submission, [(3,), (2, 2), (2,)], [[2, 1], [0]], n_learners=2)


@reduce_part.check(
    points=1,
    title="One message per bucket",
    hints=[
        "How often does your code call comm.all_reduce for a bucket of three parameters?",
        "What does torch.cat do? And what would undo it?",
    ],
)
def one_message_per_bucket(submission):
    network, bucket_bytes = check_reduce(submission, [(3,), (2, 2), (2,), (4,)], [[3, 2, 1], [0]], n_learners=2)
    check_messages(network, bucket_bytes)


@reduce_part.check(
    points=1,
    title="A missing gradient counts as zeros",
    hints=[
        "Rank 1 has no gradient for a parameter, rank 0 has one. How many numbers does each of them send? What does "
        "each have in .grad afterwards?",
        "Rank 1 cannot ask the others. What could it send so that the sum is not changed?",
    ],
)
def missing_counts_as_zeros(submission):
    # Rank 1 has nothing at all for the second bucket.
    shapes, missing = [(3,), (2, 2), (2,)], [(1, 1), (1, 0)]
    network, bucket_bytes = check_reduce(
        submission, shapes, [[2, 1], [0]], n_learners=2, missing=missing, dtype="float64"
    )
    check_total(network, bucket_bytes)


@sampler_part.check(
    points=1,
    title="Nothing twice, nothing lost",
    hints=[
        "Take 4 samples and 2 ranks, on paper. What does each rank read, one index after the other?",
        "If two ranks shuffle the same list in different ways, can their parts fit together? Which facts must be the "
        "same on all ranks?",
    ],
)
def nothing_twice_nothing_lost(submission):
    """An answer in which each rank shuffles for itself passes by chance with probability 8!³/24! ≈ 1e-10."""
    [shards] = read_shards(submission, n_samples=24, world_size=3)
    check_shards(shards, 24, "24 samples, 3 ranks")


@sampler_part.check(
    points=1,
    title="No sample is dropped, and all ranks read equally many",
    hints=[
        "10 samples, 4 ranks: how many indices does each rank read, if none may be lost?",
        "How many places are there in all, and how many samples? Who fills the difference, also where there are more "
        "places left than samples?",
    ],
)
def keeps_the_tail(submission):
    for n_samples, given in ((10, "10 samples, 4 ranks"), (1, "1 sample, 4 ranks")):
        [shards] = read_shards(submission, n_samples, world_size=4)
        check_shards(shards, n_samples, given)


@sampler_part.check(
    points=1,
    title="Each epoch has its own order, which seed and epoch decide",
    hints=[
        "What in your code changes from one epoch to the next? Is it the whole data set that is shuffled?",
        "A run died, and goes on at epoch 7 with new objects. What does a new sampler know of epochs 0 to 6?",
    ],
)
def own_order_each_epoch(submission):
    """A right answer fails by chance with probability below 1e-8, the sum of these:

    two of 4 orders alike, 6 / 24! < 1e-22; in one of 3 steps the same shards, 3 · 3! / (24! / 8!³) < 2e-9; in one of 3
    steps 11 of 21 neighbours alike, about Poisson with mean 21² / (24 · 23) = 0.8, 3 · 1.1e-9.
    """
    seed = int(submission.rng.integers(10_000))
    given, epochs = "24 samples, 3 ranks", [0, 1, 2, 7]
    shards = dict(zip(epochs, read_shards(submission, 24, 3, epochs=epochs, seed=seed), strict=True))
    for epoch, by_rank in shards.items():
        check_shards(by_rank, 24, f"{given}, epoch {epoch}")
    for a, b in combinations(epochs, 2):
        came = f"epoch {a} and epoch {b} both: {shards[a]}"
        differs = shards[a] != shards[b]
        why = "two epochs have the same order"
        expect(differs, expected="another order in each epoch", came=came, given=given, why=why)
    for a, b in pairwise(epochs):
        check_mixed(shards[a], shards[b], 11, f"epochs {a} and {b}", given)
    # New objects: epoch 7 first, and once more without another call of set_epoch.
    later, again = read_shards(submission, 24, 3, epochs=[7, None], seed=seed)
    why = "a new sampler in epoch 7 does not read what the old one read there"
    check_alike(later, shards[7], "in epoch 7, as before", f"{given}, set_epoch(7) on new objects", why)
    why = "iterating twice in one epoch gives two orders"
    check_alike(again, shards[7], "in epoch 7, as before", f"{given}, a second time", why)
    [first] = read_shards(submission, 24, 3, epochs=[None], seed=seed)
    why = "before any set_epoch, it is not epoch 0 that is read"
    check_alike(first, shards[0], "in epoch 0", f"{given}, no call of set_epoch yet", why)
    for epoch, other in zip([0, 1], read_shards(submission, 24, 3, epochs=[0, 1], seed=seed + 12_345), strict=True):
        came = f"{other} for both seeds"
        why = f"in epoch {epoch}, the seed changes nothing"
        expect(other != shards[epoch], expected="another order for another seed", came=came, given=given, why=why)
