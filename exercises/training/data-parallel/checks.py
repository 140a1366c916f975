"""The visible checks. What they share with the hidden ones is in checks_*.py; nothing there averages or shuffles.

A serial gradient in NumPy is the measure.
"""

from checks_buckets import check_filling, check_order, run_buckets
from checks_sampler import check_shards, read_shards
from checks_steps import check_accumulate, check_average, check_bytes, check_messages, check_reduce

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
        "Averaging an average again changes no value. Which tensor could be sent twice without anybody seeing it?",
        "Compare the two counts under 'Look at a model first'. Which does your loop follow? And the frozen bias?",
    ],
)
def travels_once(submission):
    network, gradient_bytes = check_average(submission, [2, 2], tied=True, frozen=True, vocabulary=40, width=4)
    check_bytes(network, gradient_bytes, given="a tied weight of 640 bytes, a frozen bias of 160 bytes, 80 bytes more")


@accumulate_part.check(
    points=1,
    title="Micro-batches give the serial gradient",
    hints=[
        "Micro-batches have the mean losses 2 and 4. What is the mean over both? What does .grad hold in the end?",
        "The ranks' shares are equal. So what does the all-reduce have to be?",
    ],
)
def micro_batches(submission):
    check_accumulate(submission, n_learners=2, n_micro=4)


@accumulate_part.check(
    points=1,
    title="The ranks talk once per step",
    hints=[
        "After which micro-batch is the gradient of this rank complete?",
        "How often does your loop reach the all-reduce?",
    ],
)
def talks_once(submission):
    network, gradient_bytes = check_accumulate(submission, n_learners=2, n_micro=4)
    check_bytes(network, gradient_bytes, given="4 micro-batches per rank")


@buckets_part.check(
    points=1,
    title="From the last parameter to the first, filled up",
    hints=[
        "Which layer's gradient is ready first in a backward pass?",
        "How many bytes does a parameter of 3 float32 numbers have? Is a bucket of exactly cap_bytes too full?",
    ],
)
def fills_from_the_end(submission):
    unit = int(submission.rng.integers(1, 5))
    sizes = [unit * size for size in (4, 3, 5, 2, 3)]
    bytes_of = [4 * size for size in sizes]
    cap_bytes = bytes_of[4] + bytes_of[3]  # the last two fit exactly, so does the one before; the first two do not
    given = f"float32 parameters of {bytes_of} bytes, cap_bytes={cap_bytes}"
    buckets = run_buckets(submission, [(size,) for size in sizes], cap_bytes, given)
    check_order(buckets, [4, 3, 2, 1, 0], given)
    check_filling(buckets, bytes_of, cap_bytes, given)


@buckets_part.check(
    points=1,
    title="Tied once, frozen never",
    hints=[
        "Parameter 0 is used by the first and by the last layer. When has the backward pass seen both uses?",
        "How would you notice that an object has been in the list before? And what does == do with tensors?",
    ],
)
def tied_once_frozen_never(submission):
    size = int(submission.rng.integers(4, 8))  # no two have one shape: zeros of one shape are another matter
    given = "params = [p0, p1, p2, p3, p0]: p0 is tied, p2 is frozen; all fit into one bucket"
    shapes = [(size, 2), (3,), (2, 2), (size,)]
    buckets = run_buckets(submission, shapes, 10_000, given, uses=[0, 1, 2, 3, 0], frozen=(2,))
    check_order(buckets, [3, 1, 0], given)
    expect(len(buckets) == 1, expected="one bucket", came=buckets, given=given)


@reduce_part.check(
    points=1,
    title="Each gradient becomes the mean over the ranks",
    hints=[
        "Where is the result of comm.all_reduce, and what does it leave alone?",
        "A flat tensor of 3 + 4 numbers comes back. Which of them belong to the second parameter, and in what shape?",
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
        "Rank 1 has no gradient for a parameter, rank 0 has one. How many numbers does each of them send?",
        "Rank 1 cannot ask the others. What could it send so that the sum is not changed?",
    ],
)
def missing_counts_as_zeros(submission):
    check_reduce(submission, [(3,), (2, 2)], [[1, 0]], n_learners=2, missing=[(1, 1)])


@sampler_part.check(
    points=1,
    title="Nothing twice, nothing lost",
    hints=[
        "If two ranks shuffle the same list in different ways, can their parts fit together?",
        "Which facts must be the same on all ranks, so that they agree without talking?",
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
        "How many places are there in all, and how many samples? Who fills the difference?",
    ],
)
def keeps_the_tail(submission):
    [shards] = read_shards(submission, n_samples=10, world_size=4)
    check_shards(shards, 10, "10 samples, 4 ranks")


@sampler_part.check(
    points=1,
    title="Each epoch has its own order",
    hints=["What in your code changes from one epoch to the next?", "Who tells the sampler which epoch it is?"],
)
def own_order_each_epoch(submission):
    """Three right orders are not all different with probability 3 / 24! < 1e-23."""
    shards = read_shards(submission, n_samples=24, world_size=3, epochs=[0, 1, 2])
    for epoch, by_rank in enumerate(shards):
        check_shards(by_rank, 24, f"24 samples, 3 ranks, epoch {epoch}")
    for a, b in ((0, 1), (1, 2), (0, 2)):
        came = f"epoch {a} and epoch {b} both: {shards[a]}"
        differs = shards[a] != shards[b]
        why = "two epochs have the same order"
        expect(differs, expected="another order in each epoch", came=came, given="24 samples, 3 ranks", why=why)
