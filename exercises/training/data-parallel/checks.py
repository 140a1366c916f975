"""The visible checks. A serial gradient in NumPy is the measure; nothing in here averages, packs or shuffles.

V tokens of the vocabulary, D width of the model, N samples. A gradient may be off by 1e-4 of its largest number. In ten
seeds the worst of the right answers was off by 2e-6 (float32), the nearest of the wrong ones by 0.17.
"""

from contextlib import suppress

import numpy as np

from workbench.checks import as_array, as_dict, as_list, as_number, close, expect, part
from workbench.served import Park
from workbench.worlds import Network

average_part = part("average", title="Many ranks, one gradient")
buckets_part = part("buckets", title="Buckets")
reduce_part = part("reduce", title="One message per bucket")
sampler_part = part("sampler", title="Who reads what")
accumulate_part = part("accumulate", title="Stretch: talk less")

FREE_BYTES = 64  # per rank, for the numbers of samples


class TeamNetwork(Network):
    """A network whose last rank lives here, on the checker's side.

    In each collective the last rank brings `share` times what rank 0 brought, plus 1 - `share` times what rank 1 did.
    So it has a gradient between theirs, however the learner's code packs its messages; and as many samples, where those
    two have equally many. Nobody on the learner's side knows it, unless it came over the network.
    """

    def __init__(self, n_learners, share):
        super().__init__(n_learners + 1)
        self.last, self.shares = n_learners, (share, 1 - share)
        self._finished = [0] * (n_learners + 1)  # collectives that each rank has behind it
        self._brought = {}  # number of the collective → rank → what it brought

    def collective(self, rank, kind, value=None, **options):
        number = self._finished[rank]
        self._brought.setdefault(number, {})[rank] = value
        self._join(number, kind, options)
        result = super().collective(rank, kind, value, **options)  # or Park: then this call comes again
        self._finished[rank] += 1
        if self._finished[self.last] == number:
            super().collective(self.last, kind, **options)  # the last rank takes its result too
            self._finished[self.last] += 1
        return result

    def _join(self, number, kind, options):
        """The last rank comes to a collective as soon as ranks 0 and 1 are there."""
        brought = self._brought[number]
        if self._finished[self.last] != number or not {0, 1} <= set(brought):
            return
        with suppress(Park):
            super().collective(self.last, kind, self._blend(brought[0], brought[1]), **options)

    def _blend(self, first, second):
        if first is None or second is None or first.shape != second.shape:
            return first  # a barrier; or two shapes, which the network will refuse
        with np.errstate(all="ignore"):
            blend = self.shares[0] * np.asarray(first) + self.shares[1] * np.asarray(second)
            blend = np.rint(blend) if first.dtype.kind in "iu" else blend
            return blend.astype(first.dtype).view(type(first))

    def bytes_of(self, rank):
        """Bytes that a rank handed over, in messages of any kind."""
        return sum(message.size_bytes for message in self.messages(rank=rank))


# ---- the language model in NumPy -------------------------------------------------------------------------------------


def make_weights(rng, vocabulary, width, *, tied=False, dtype="float32"):
    shapes = {
        "embedding.weight": (vocabulary, width),
        "hidden.weight": (width, width),
        "hidden.bias": (width,),
        "output.weight": (vocabulary, width),
        "output.bias": (vocabulary,),
    }
    if tied:
        del shapes["output.weight"]
    return {name: rng.normal(0, 0.7, shape).astype(dtype) for name, shape in shapes.items()}


def make_samples(rng, vocabulary, n_samples):
    """A batch: tokens and the tokens that follow them."""
    return rng.integers(0, vocabulary, n_samples), rng.integers(0, vocabulary, n_samples)


def serial_gradients(weights, samples, share_N=None, *, frozen=False):
    """Gradients of the mean cross-entropy over all samples, as one process computes them; by name.

    `share_N`: how much each sample counts; one each, where it is left out.
    """
    tokens_N, targets_N = samples
    share_N = np.ones(len(tokens_N)) if share_N is None else share_N
    w = {name: array.astype(np.float64) for name, array in weights.items()}
    tied = "output.weight" not in w
    output_VD = w["embedding.weight"] if tied else w["output.weight"]
    e_ND = w["embedding.weight"][tokens_N]
    h_ND = np.tanh(e_ND @ w["hidden.weight"].T + w["hidden.bias"])
    scores_NV = h_ND @ output_VD.T + w["output.bias"]
    p_NV = np.exp(scores_NV - scores_NV.max(axis=1, keepdims=True))
    d_NV = p_NV / p_NV.sum(axis=1, keepdims=True)
    d_NV[np.arange(len(tokens_N)), targets_N] -= 1
    d_NV *= (share_N / share_N.sum())[:, None]
    dz_ND = (d_NV @ output_VD) * (1 - h_ND**2)
    d_embedding_VD = np.zeros_like(output_VD)
    np.add.at(d_embedding_VD, tokens_N, dz_ND @ w["hidden.weight"])
    gradients = {"embedding.weight": d_embedding_VD, "hidden.weight": dz_ND.T @ e_ND, "hidden.bias": dz_ND.sum(axis=0)}
    if tied:
        gradients["embedding.weight"] = d_embedding_VD + d_NV.T @ h_ND
    else:
        gradients["output.weight"] = d_NV.T @ h_ND
    if not frozen:
        gradients["output.bias"] = d_NV.sum(axis=0)
    return gradients


def joined(batches):
    """One big batch."""
    return tuple(np.concatenate(arrays) for arrays in zip(*batches, strict=True))


# ---- parts 1 and stretch ---------------------------------------------------------------------------------------------


def run_step(submission, task, batches, *, tied, frozen, dtype, vocabulary, width):
    """Runs the learner's step on each rank's micro-batches, and compares with the serial gradient.

    The last rank's samples are those of ranks 0 and 1 again (equally many), each counted only in part.

    Returns:
        The network, and how many bytes the gradients of the model have.
    """
    weights = make_weights(submission.rng, vocabulary, width, tied=tied, dtype=dtype)
    share = secret_share(submission.rng)
    network = TeamNetwork(len(batches), share)
    came = submission.ranks(
        "probe:train_step", [[task, weights, tied, frozen, micro] for micro in batches], network=network
    )
    own = [joined(micro) for micro in batches]
    counts = [len(tokens_N) for tokens_N, _ in own]
    last, last_share_N = joined(own[:2]), np.repeat([share, 1 - share], counts[:2])
    share_N = np.concatenate([np.ones(sum(counts)), last_share_N])
    want = serial_gradients(weights, joined([*own, last]), share_N, frozen=frozen)
    by_rank = [serial_gradients(weights, samples, frozen=frozen) for samples in own]
    by_rank.append(serial_gradients(weights, last, last_share_N, frozen=frozen))
    given = f"{[*counts, counts[0]]} samples on the ranks; the last rank is the checker's"
    what = "that of one process with all samples"
    for rank, gradients in enumerate(came):
        gradients = as_dict(gradients, keys=list(want), name=f"the gradients of rank {rank}")
        for name in want:
            compare_gradient(gradients[name], want[name], [g[name] for g in by_rank], rank, name, what, given)
    return network, sum(weights[name].nbytes for name in want)


def check_average(submission, sizes, *, tied=False, frozen=False, dtype="float32", vocabulary=3, width=2):
    """average_gradients on batches of these sizes; those of ranks 0 and 1 are equal."""
    batches = [[make_samples(submission.rng, vocabulary, size)] for size in sizes]
    model = {"tied": tied, "frozen": frozen, "dtype": dtype, "vocabulary": vocabulary, "width": width}
    return run_step(submission, "average", batches, **model)


def check_accumulate(
    submission, n_learners, n_micro, *, size=2, tied=False, frozen=False, dtype="float32", vocabulary=3, width=2
):
    """accumulate_gradients on `n_micro` micro-batches of `size` samples per rank."""
    batches = [[make_samples(submission.rng, vocabulary, size) for _ in range(n_micro)] for _ in range(n_learners)]
    model = {"tied": tied, "frozen": frozen, "dtype": dtype, "vocabulary": vocabulary, "width": width}
    return run_step(submission, "accumulate", batches, **model)


def compare_gradient(got, want, by_rank, rank, name, what, given):
    """Fails unless the gradients agree; says in words what a wrong one looks like, to answer the belief behind it."""
    label = f"the gradient of {name} on rank {rank}"
    got = as_array(got, shape=want.shape, kind="float", name=label)
    looks, own = "", by_rank[rank]
    if same(got, own):
        looks = ": it is what this rank alone would have"
    elif same(got, np.mean(by_rank, axis=0)):
        looks = ": it is the plain mean over the ranks, so a rank with few samples has the vote of one with many"
    elif same(got, np.sum(by_rank, axis=0)):
        looks = f": it is the plain sum over the {len(by_rank)} ranks"
    elif ratio := multiple_of(got, want):
        looks = f": each number is {ratio:.3g} times the right one"
    elif ratio := multiple_of(got, own):
        looks = f": it is {ratio:.3g} times what this rank alone would have, with nothing from the others"
    expect(same(got, want), expected=want, came=got, given=given, why=f"{label} is not {what}{looks}")


def multiple_of(got, base):
    """The factor, if `got` is a multiple of `base`; else 0."""
    with np.errstate(all="ignore"):
        ratio = float((got * base).sum() / max(float((base**2).sum()), 1e-30))
        return ratio if ratio and same(got / ratio, base) else 0.0


def secret_share(rng):
    return float(rng.uniform(0.1, 0.9))


def same(got, want):
    return close(got, want, rtol=1e-4, atol=1e-4 * max(float(np.abs(want).max()), 1e-3))


def check_bytes(network, gradient_bytes, *, given=None):
    """Each number of the gradient once, and little more."""
    for rank in range(network.last):
        came = network.bytes_of(rank)
        count = len(network.messages(rank=rank))
        expect(
            gradient_bytes <= came <= gradient_bytes + FREE_BYTES,
            expected=f"{gradient_bytes} bytes of gradients, and at most {FREE_BYTES} more",
            came=f"rank {rank} handed over {came} bytes, in {count} messages",
            given=given,
            why="the values are right, but too few bytes travelled: did the ranks talk at all?"
            if came < gradient_bytes
            else f"the values are right, but {came - gradient_bytes} bytes travelled that did not have to",
        )


@average_part.check(
    points=1,
    title="Equal batches give the serial gradient",
    hints=[
        "Two ranks have 2 and 4 as gradients of equally large batches. What is the gradient of the whole batch?",
        "Where is the result of `comm.all_reduce`? Compare with the table of `comm` in the text.",
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
        "Micro-batches have the mean losses 2 and 4. What is the mean over both? What does `.grad` hold in the end?",
        "The ranks' shares are equal. So what does the all-reduce have to be?",
    ],
)
def micro_batches(submission):
    check_accumulate(submission, n_learners=2, n_micro=2)


@accumulate_part.check(
    points=1,
    title="The ranks talk once per step",
    hints=[
        "After which micro-batch is the gradient of this rank complete?",
        "How often does your loop reach the all-reduce?",
    ],
)
def talks_once(submission):
    network, gradient_bytes = check_accumulate(submission, n_learners=2, n_micro=3)
    check_bytes(network, gradient_bytes, given="3 micro-batches per rank")


# ---- part 2 ----------------------------------------------------------------------------------------------------------


def run_buckets(submission, shapes, cap_bytes, *, uses=None, frozen=(), dtype="float32"):
    """The learner's buckets as lists of numbers of parameters. Fails unless they are lists of parameters."""
    seen = submission.run(
        "buckets",
        returns=["numbers"],
        shapes=[list(shape) for shape in shapes],
        trainable=[number not in frozen for number in range(len(shapes))],
        uses=list(range(len(shapes))) if uses is None else uses,
        cap_bytes=cap_bytes,
        dtype=dtype,
    )
    buckets = as_list(seen["numbers"], name="what make_buckets returns")
    buckets = [as_list(bucket, name="a bucket") for bucket in buckets]
    for numbers in buckets:
        for number in numbers:
            known = as_number(number, kind="int", name="a parameter's number") >= 0
            why = "a bucket holds something that is not in params"
            expect(known, expected="lists of the parameters themselves", came="copies, names or other objects", why=why)
    return [[int(number) for number in bucket] for bucket in buckets]


def check_order(buckets, want, given):
    came = [number for bucket in buckets for number in bucket]
    why = "these are not the parameters in the order in which their gradients become complete"
    expect(came == want, expected=f"the order {want}", came=f"{came}, in {buckets}", given=given, why=why)


def check_filling(buckets, bytes_of, cap_bytes, given):
    """No bucket too full, none empty, none closed while the next parameter still had room."""
    filled = [sum(bytes_of[number] for number in bucket) for bucket in buckets]
    came = f"buckets {buckets} with {filled} bytes"
    for i, bucket in enumerate(buckets):
        expect(bucket, expected="no empty bucket", came=came, given=given, why=f"bucket {i} is empty")
        fits = filled[i] <= cap_bytes or len(bucket) == 1
        why = f"bucket {i} is too full"
        expect(fits, expected=f"at most {cap_bytes} bytes in a bucket", came=came, given=given, why=why)
        if i + 1 < len(buckets):
            room = filled[i] + bytes_of[buckets[i + 1][0]] > cap_bytes
            why = f"parameter {buckets[i + 1][0]} had room in bucket {i}"
            expect(room, expected="a new bucket only when the next does not fit", came=came, given=given, why=why)


@buckets_part.check(
    points=1,
    title="From the last parameter to the first, filled up",
    hints=[
        "Which layer's gradient is ready first in a backward pass?",
        "How many bytes does a parameter of 3 float32 numbers have? Is a bucket of exactly `cap_bytes` too full?",
    ],
)
def fills_from_the_end(submission):
    sizes = [int(submission.rng.integers(1, 5)) * size for size in (4, 3, 5, 2, 3)]
    bytes_of = [4 * size for size in sizes]
    cap_bytes = bytes_of[4] + bytes_of[3]  # the last two fit exactly
    given = f"float32 parameters of {bytes_of} bytes, cap_bytes={cap_bytes}"
    buckets = run_buckets(submission, [(size,) for size in sizes], cap_bytes)
    check_order(buckets, [4, 3, 2, 1, 0], given)
    check_filling(buckets, bytes_of, cap_bytes, given)


@buckets_part.check(
    points=1,
    title="Tied once, frozen never",
    hints=[
        "Parameter 0 is used by the first and by the last layer. When has the backward pass seen both uses?",
        "How would you notice that an object has been in the list before? And what does `==` do with tensors?",
    ],
)
def tied_once_frozen_never(submission):
    size = int(submission.rng.integers(2, 6))
    given = "params = [p0, p1, p2, p3, p0]: p0 is tied, p2 is frozen; all fit into one bucket"
    buckets = run_buckets(submission, [(size, 2), (3,), (2, 2), (size,)], 10_000, uses=[0, 1, 2, 3, 0], frozen=(2,))
    check_order(buckets, [3, 1, 0], given)
    expect(len(buckets) == 1, expected="one bucket", came=buckets, given=given)


# ---- part 3 ----------------------------------------------------------------------------------------------------------


def check_reduce(submission, shapes, buckets, n_learners, *, missing=(), dtype="float32"):
    """Runs reduce_buckets and compares with the mean over the ranks. `missing`: (rank, parameter) without a gradient.

    Returns:
        The network, and the bytes of each bucket.
    """
    rng = submission.rng
    gradients = [[rng.normal(size=shape).astype(dtype) for shape in shapes] for _ in range(n_learners)]
    sent = [[None if (r, i) in missing else g for i, g in enumerate(row)] for r, row in enumerate(gradients)]
    share = secret_share(rng)
    network = TeamNetwork(n_learners, share)
    per_rank = [[row, [list(shape) for shape in shapes], dtype, buckets] for row in sent]
    came = submission.ranks("probe:reduce", per_rank, network=network)
    given = f"buckets {buckets} of parameters with shapes {shapes}"
    if missing:
        given += "; " + ", ".join(f"rank {r} has no gradient for parameter {i}" for r, i in missing)
    whole = [[np.zeros(shape) if g is None else g for shape, g in zip(shapes, row, strict=True)] for row in sent]
    whole.append([share * first + (1 - share) * second for first, second in zip(whole[0], whole[1], strict=True)])
    for rank, row in enumerate(came):
        row = as_list(row, length=len(shapes), name=f"the gradients of rank {rank}")
        for i, got in enumerate(row):
            by_rank = [gradients_of_rank[i] for gradients_of_rank in whole]
            want = np.mean(by_rank, axis=0)
            compare_gradient(got, want, by_rank, rank, f"parameter {i}", "the mean over the ranks", given)
    return network, [sum(gradients[0][i].nbytes for i in bucket) for bucket in buckets]


def check_messages(network, bucket_bytes):
    for rank in range(network.last):
        came = [message.size_bytes for message in network.messages(rank=rank)]
        expect(
            came == bucket_bytes,
            expected=f"{len(bucket_bytes)} messages of {bucket_bytes} bytes",
            came=f"rank {rank} sent {len(came)} messages of {came} bytes",
            why="the values are right, but they did not travel bucket by bucket",
        )


@reduce_part.check(
    points=1,
    title="Each gradient becomes the mean over the ranks",
    hints=[
        "Where is the result of `comm.all_reduce`, and what does it leave alone?",
        "A flat tensor of 3 + 4 numbers comes back. Which of them belong to the second parameter, and in what shape?",
    ],
)
def mean_over_ranks(submission):
    check_reduce(submission, [(3,), (2, 2), (2,)], [[2, 1], [0]], n_learners=2)


@reduce_part.check(
    points=1,
    title="One message per bucket",
    hints=[
        "How often does your code call `comm.all_reduce` for a bucket of three parameters?",
        "What does `torch.cat` do? And what would undo it?",
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


# ---- part 4 ----------------------------------------------------------------------------------------------------------


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
    title="The tail is kept, and all ranks read equally many",
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
