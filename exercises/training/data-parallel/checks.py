"""The visible checks. A serial gradient in NumPy is the measure; nothing in here averages, packs or shuffles.

V tokens of the vocabulary, D width of the model, N samples. Values are compared with rtol 1e-4: the solution's worst
error in ten seeds is 1e-6 of the largest number (float32), and the nearest wrong answer is off by 1e-2.
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

    In each collective the last rank brings `mix[0]` times what rank 0 brought, plus `mix[1]` times what rank 1 brought,
    and so on. Where gradients are sums over samples, this is a rank that has the samples of rank 0 `mix[0]` times, and
    those of rank 1 `mix[1]` times, however the learner's code packs its messages. What it brought is known to nobody
    on the learner's side, unless it came over the network.
    """

    def __init__(self, n_learners, mix):
        super().__init__(n_learners + 1)
        self.last, self.mix = n_learners, mix
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
        brought = [self._brought[number].get(rank) for rank in range(len(self.mix))]
        together = all(isinstance(value, np.ndarray) and value.shape == brought[0].shape for value in brought)
        if self._finished[self.last] == number and together:
            total = sum(factor * np.asarray(value) for factor, value in zip(self.mix, brought, strict=True))
            total = np.rint(total) if brought[0].dtype.kind in "iu" else total
            with suppress(Park):
                super().collective(self.last, kind, total.astype(brought[0].dtype).view(type(brought[0])), **options)

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


def serial_gradients(weights, samples, *, frozen=False):
    """Gradients of the mean cross-entropy over all samples, as one process computes them; by name."""
    tokens_N, targets_N = samples
    w = {name: array.astype(np.float64) for name, array in weights.items()}
    tied = "output.weight" not in w
    output_VD = w["embedding.weight"] if tied else w["output.weight"]
    e_ND = w["embedding.weight"][tokens_N]
    h_ND = np.tanh(e_ND @ w["hidden.weight"].T + w["hidden.bias"])
    scores_NV = h_ND @ output_VD.T + w["output.bias"]
    p_NV = np.exp(scores_NV - scores_NV.max(axis=1, keepdims=True))
    d_NV = p_NV / p_NV.sum(axis=1, keepdims=True)
    d_NV[np.arange(len(tokens_N)), targets_N] -= 1
    d_NV /= len(tokens_N)
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


def size_bytes(weights, gradients):
    """Bytes of the trained parameters, each once."""
    return sum(weights[name].nbytes for name in gradients)


# ---- parts 1 and stretch ---------------------------------------------------------------------------------------------


def check_average(submission, sizes, mix, *, vocabulary=3, width=2, tied=False, frozen=False, dtype="float32"):
    """Runs average_gradients on batches of these sizes, and compares with the serial gradient.

    The last rank has the samples of rank 0 `mix[0]` times, of rank 1 `mix[1]` times.

    Returns:
        The network, and how many bytes all gradients have.
    """
    weights = make_weights(submission.rng, vocabulary, width, tied=tied, dtype=dtype)
    batches = [make_samples(submission.rng, vocabulary, size) for size in sizes]
    network = TeamNetwork(len(sizes), mix)
    per_rank = [["average", weights, tied, frozen, [batch]] for batch in batches]
    came = submission.ranks("probe:train_step", per_rank, network=network)
    last = joined([batch for batch, times in zip(batches, mix, strict=False) for _ in range(times)])
    want = serial_gradients(weights, joined([*batches, last]), frozen=frozen)
    own = [serial_gradients(weights, batch, frozen=frozen) for batch in [*batches, last]]
    numbers = [len(tokens_N) for tokens_N, _ in [*batches, last]]
    compare_gradients(came, want, own, given=f"samples per rank: {numbers}; the last rank is the checker's")
    return network, size_bytes(weights, want)


def compare_gradients(came_by_rank, want, own_by_rank, *, given):
    """Fails with the first parameter whose gradient is not the wanted one, and says what it looks like instead."""
    for rank, came in enumerate(came_by_rank):
        came = as_dict(came, keys=list(want), name=f"the gradients of rank {rank}")
        for name, wanted in want.items():
            label = f"the gradient of {name} on rank {rank}"
            got = as_array(came[name], shape=wanted.shape, kind="float", name=label)
            why = f"{label} is not that of one process with all samples"
            looks = look(got, wanted, [own[name] for own in own_by_rank], rank)
            expect(same(got, wanted), expected=wanted, came=got, given=given, why=why + looks)


def same(got, want):
    return close(got, want, rtol=1e-4, atol=1e-4 * max(float(np.abs(want).max()), 1e-3))


def look(got, want, own_by_rank, rank):
    """What a wrong gradient looks like: told in words, so that a message can answer the belief behind it."""
    ratio = float((got * want).sum() / max((want**2).sum(), 1e-30))
    if same(got, own_by_rank[rank]):
        return ": it is still what this rank had before the call"
    if ratio and same(got / ratio, want):
        return f": each number is {ratio:.3g} times the right one"
    if same(got, np.mean(own_by_rank, axis=0)):
        return ": it is the plain mean of the ranks' gradients, so a rank with few samples has the vote of one with many"
    return ""


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
            else "the values are right, but numbers travelled that did not have to",
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
    check_average(submission, sizes=[2, 2], mix=[1])


@average_part.check(
    points=1,
    title="Batches of different size too",
    hints=[
        "Rank 0 has 10 samples with mean 4, rank 1 has 1,000 with mean 2. What is the mean of all 1,010?",
        "What does a rank have to know about the others before it can weigh its own gradient?",
    ],
)
def different_batches(submission):
    times = [int(times) for times in submission.rng.integers(1, 4, 2)]
    check_average(submission, sizes=[1, 4], mix=times)


@average_part.check(
    points=1,
    title="Each number of the gradient travels once",
    hints=[
        "Averaging an average again changes no value. Which tensor could be sent twice without anybody seeing it?",
        "Compare the two counts under 'Look at a model first'. Which one does your loop follow? And what about the frozen bias?",
    ],
)
def travels_once(submission):
    network, gradient_bytes = check_average(submission, sizes=[2, 2], mix=[1], tied=True, frozen=True)
    check_bytes(network, gradient_bytes, given="a model with a tied weight and a frozen bias")


@accumulate_part.check(
    points=1,
    title="Micro-batches give the serial gradient",
    hints=[
        "Two micro-batches have the mean losses 2 and 4. What is the mean over both? And what does `.grad` hold after two `backward()`?",
        "The ranks' shares are equal. So what does the all-reduce have to be?",
    ],
)
def micro_batches(submission):
    check_accumulate(submission, n_learners=2, n_micro=2)


@accumulate_part.check(
    points=1,
    title="The ranks talk once per step",
    hints=["After which micro-batch is the gradient of this rank complete?", "How often does your loop reach the all-reduce?"],
)
def talks_once(submission):
    network, gradient_bytes = check_accumulate(submission, n_learners=2, n_micro=3)
    check_bytes(network, gradient_bytes, given="3 micro-batches per rank")


def check_accumulate(submission, n_learners, n_micro, *, size=2, vocabulary=3, width=2, tied=False, frozen=False, dtype="float32"):
    """Runs accumulate_gradients, and compares with the serial gradient; returns as check_average does."""
    weights = make_weights(submission.rng, vocabulary, width, tied=tied, dtype=dtype)
    batches = [[make_samples(submission.rng, vocabulary, size) for _ in range(n_micro)] for _ in range(n_learners)]
    mix = secret_mix(submission.rng)
    network = TeamNetwork(n_learners, mix)
    per_rank = [["accumulate", weights, tied, frozen, micro] for micro in batches]
    came = submission.ranks("probe:train_step", per_rank, network=network)
    own = [serial_gradients(weights, joined(micro), frozen=frozen) for micro in batches]
    own.append({name: mix[0] * own[0][name] + mix[1] * own[1][name] for name in own[0]})
    want = {name: np.mean([gradients[name] for gradients in own], axis=0) for name in own[0]}
    given = f"{n_learners + 1} ranks, the last is the checker's; {n_micro} micro-batches of {size} samples each"
    compare_gradients(came, want, own, given=given)
    return network, size_bytes(weights, want)


def secret_mix(rng):
    """Two shares that add up to 1: the last rank's gradient lies somewhere between those of ranks 0 and 1."""
    share = float(rng.uniform(0.1, 0.9))
    return [share, 1 - share]


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
    for bucket in buckets:
        for number in bucket:
            known = as_number(number, kind="int", name="a parameter's number") >= 0
            expect(known, expected="lists of the parameters themselves", came="something that is not in params")
    return [[int(number) for number in bucket] for bucket in buckets]


def check_order(buckets, want, given):
    came = [number for bucket in buckets for number in bucket]
    expect(came == want, expected=f"parameters in the order {want}", came=f"{came}, in the buckets {buckets}", given=given)


def check_filling(buckets, bytes_of, cap_bytes, given):
    """No bucket too full, none empty, none closed while the next parameter still had room."""
    filled = [sum(bytes_of[number] for number in bucket) for bucket in buckets]
    came = f"buckets {buckets} with {filled} bytes"
    for i, bucket in enumerate(buckets):
        expect(bucket, expected="no empty bucket", came=came, given=given)
        fits = filled[i] <= cap_bytes or len(bucket) == 1
        expect(fits, expected=f"at most {cap_bytes} bytes in a bucket", came=came, given=given, why=f"bucket {i} is too full")
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
    sizes = [int(size) for size in submission.rng.integers(2, 6, 5)]
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
    mix = secret_mix(rng)
    network = TeamNetwork(n_learners, mix)
    per_rank = [[row, [list(shape) for shape in shapes], dtype, buckets] for row in sent]
    came = submission.ranks("probe:reduce", per_rank, network=network)
    given = f"buckets {buckets} of parameters with shapes {shapes}"
    if missing:
        given += "; " + ", ".join(f"rank {r} has no gradient for parameter {i}" for r, i in missing)
    names = [f"parameter {i}" for i in range(len(shapes))]
    own = [
        {name: np.zeros(g.shape) if (r, i) in missing else g for i, (name, g) in enumerate(zip(names, row, strict=True))}
        for r, row in enumerate(gradients)
    ]
    own.append({name: mix[0] * own[0][name] + mix[1] * own[1][name] for name in names})
    want = {name: np.mean([row[name] for row in own], axis=0) for name in names}
    rows = [as_list(row, length=len(shapes), name=f"the gradients of rank {r}") for r, row in enumerate(came)]
    for rank, row in enumerate(rows):
        for name, got in zip(names, row, strict=True):
            label = f"the gradient of {name} on rank {rank}"
            got = as_array(got, shape=want[name].shape, kind="float", name=label)
            looks = look(got, want[name], [o[name] for o in own], rank)
            why = f"{label} is not the mean over the ranks{looks}"
            expect(same(got, want[name]), expected=want[name], came=got, given=given, why=why)
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
    hints=["How often does your code call `comm.all_reduce` for a bucket of three parameters?", "What does `torch.cat` do?"],
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
        shards[i] = [as_list(s, name="a shard") for s in as_list(by_rank, length=world_size, name="the shards")]
        for rank, shard in enumerate(shards[i]):
            for index in shard:
                inside = 0 <= as_number(index, kind="int", name="an index") < n_samples
                expect(inside, expected=f"indices from 0 to {n_samples - 1}", came=index)
            says = as_number(as_list(lengths[i], length=world_size)[rank], kind="int", name="len(sampler)")
            expect(says == len(shard), expected=f"len(sampler) is {len(shard)}, the indices that it gives", came=says)
    return shards


def check_shards(shards, n_samples, given):
    """Equally many for all, nothing lost, and no more repeated than it takes."""
    counts = [len(shard) for shard in shards]
    expect(len(set(counts)) == 1, expected="equally many indices on each rank", came=f"{counts} indices", given=given)
    read = [index for shard in shards for index in shard]
    lost = sorted(set(range(n_samples)) - set(read))
    expect(not lost, expected="each sample is read", came=f"nobody reads {lost[:8]}; shards {shards}", given=given)
    repeated = len(read) - n_samples
    most = -n_samples % len(shards)
    expect(repeated == most, expected=f"{most} repeated indices", came=f"{repeated}; shards {shards}", given=given)


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
    """Three right orders are not all different with probability 3 · (1/8!)³ < 1e-13."""
    shards = read_shards(submission, n_samples=24, world_size=3, epochs=[0, 1, 2])
    for epoch, by_rank in enumerate(shards):
        check_shards(by_rank, 24, f"24 samples, 3 ranks, epoch {epoch}")
    for a, b in ((0, 1), (1, 2), (0, 2)):
        came = f"epoch {a} and epoch {b} both: {shards[a]}"
        expect(shards[a] != shards[b], expected="another order in each epoch", came=came, given="24 samples, 3 ranks")
