"""Runs the answers on several ranks, and compares with the serial gradient and with what had to travel.

The last rank is the checker's: it knows samples, or gradients, that can reach the learner's code over the network only.
"""

from functools import partial
from itertools import combinations

import numpy as np
from checks_advice import explained
from checks_gradients import (
    compare_gradient,
    joined,
    make_samples,
    make_weights,
    same,
    secret_share,
    serial_gradients,
)

from workbench.checks import as_dict, as_list, expect
from workbench.teams import TeamNetwork

FREE_BYTES = 64  # per rank, for the numbers of samples
NO_GRADIENT = "A p.grad is None: perhaps this parameter is frozen"
STEP_ADVICE = {
    "None came": NO_GRADIENT,
    "NoneType": NO_GRADIENT,
    "grad_dtype": "Leave it as it is. Perhaps you divide by a tensor of another dtype: divide by total.item()",
    "does not require grad": "What comm.all_reduce returns has no backward pass: average gradients, not losses",
}
NOTHING_HERE = "A p.grad is None: perhaps this rank has no gradient there. What does it send, and what does it take?"
REDUCE_ADVICE = {"None came": NOTHING_HERE, "NoneType": NOTHING_HERE}


def run_step(submission, task, batches, *, tied, frozen, dtype, vocabulary, width):
    """Runs the learner's step on each rank's micro-batches, and compares with the serial gradient.

    The last rank's samples are those of ranks 0 and 1 again (equally many), each counted only in part.

    Returns:
        The network; how many bytes the gradients of the model have; and what may have been sent beside them, or twice.
    """
    weights = make_weights(submission.rng, vocabulary, width, tied=tied, dtype=dtype)
    share = secret_share(submission.rng)
    network = TeamNetwork(len(batches), weights=[share, 1 - share])
    own = [joined(micro) for micro in batches]
    counts = [len(tokens_N) for tokens_N, _ in own]
    n_micro = len(batches[0])
    given = f"{[*counts, counts[0]]} samples on the ranks"
    given += f", in {n_micro} micro-batches on each" if task == "accumulate" else ""
    given += "; the last rank is the checker's"
    per_rank = [[task, weights, tied, frozen, micro] for micro in batches]
    with explained(STEP_ADVICE):
        came = submission.ranks("probe:train_step", per_rank, network=network, given=given)
    last, last_share_N = joined(own[:2]), np.repeat([share, 1 - share], counts[:2])
    share_N = np.concatenate([np.ones(sum(counts)), last_share_N])
    want = serial_gradients(weights, joined([*own, last]), share_N, frozen=frozen)
    by_rank = own_gradients(weights, own, share, frozen)
    of_last = own_gradients(weights, [micro[-1] for micro in batches], share, frozen) if n_micro > 1 else None
    what = "that of one process with all samples"
    for rank, gradients in enumerate(came):
        gradients = as_dict(gradients, keys=list(want), name=f"the gradients of rank {rank}")
        clues = {"talked": bool(network.messages(rank=rank)), "n_micro": n_micro}
        for name in want:
            of_ranks = [g[name] for g in by_rank]
            clues["of_last"] = of_last and np.mean([g[name] for g in of_last], axis=0)
            compare_gradient(gradients[name], want[name], of_ranks, rank, name, what, given, **clues)
    suspects = {"the tied weight": weights["embedding.weight"].nbytes} if tied else {}
    suspects |= {"the frozen bias": weights["output.bias"].nbytes} if frozen else {}
    return network, sum(weights[name].nbytes for name in want), suspects


def own_gradients(weights, samples_by_rank, share, frozen):
    """What each rank has by itself; the last rank, the checker's, a blend of what ranks 0 and 1 have."""
    by_rank = [serial_gradients(weights, samples, frozen=frozen) for samples in samples_by_rank]
    first, second = by_rank[:2]
    return [*by_rank, {name: share * first[name] + (1 - share) * second[name] for name in first}]


def make_batches(rng, vocabulary, sizes, n_micro=1):
    """Micro-batches of one rank for each of `sizes`.

    Not the same samples for all: such ranks have the average already, and whoever does nothing would be right.
    """
    while True:
        batches = [[make_samples(rng, vocabulary, size) for _ in range(n_micro)] for size in sizes]
        if len({tuple(sorted(zip(*joined(micro), strict=True))) for micro in batches}) > 1:
            return batches


def check_average(submission, sizes, *, tied=False, frozen=False, dtype="float32", vocabulary=3, width=2):
    """average_gradients on batches of these sizes; those of ranks 0 and 1 are equal."""
    batches = make_batches(submission.rng, vocabulary, sizes)
    model = {"tied": tied, "frozen": frozen, "dtype": dtype, "vocabulary": vocabulary, "width": width}
    return run_step(submission, "average", batches, **model)


def check_accumulate(
    submission, n_learners, n_micro, *, size=2, tied=False, frozen=False, dtype="float32", vocabulary=3, width=2
):
    """accumulate_gradients on `n_micro` micro-batches of `size` samples per rank.

    Let `n_micro` be neither the number of ranks nor `size` nor 2, so that a factor tells what was forgotten.
    """
    batches = make_batches(submission.rng, vocabulary, [size] * n_learners, n_micro)
    model = {"tied": tied, "frozen": frozen, "dtype": dtype, "vocabulary": vocabulary, "width": width}
    return run_step(submission, "accumulate", batches, **model)


def check_bytes(network, gradient_bytes, suspects, *, given=None):
    """Each number of the gradient once, and little more."""
    for rank in range(network.last):
        came = network.bytes_sent(rank, kind=None)
        count = len(network.messages(rank=rank))
        expect(
            gradient_bytes <= came <= gradient_bytes + FREE_BYTES,
            expected=f"{gradient_bytes} bytes of gradients, and at most {FREE_BYTES} more",
            came=f"rank {rank} handed over {came} bytes, in {count} message{'s' * (count != 1)}",
            given=given,
            why="the values are right, but too few bytes travelled: did the ranks talk at all?"
            if came < gradient_bytes
            else f"the values are right, but {came - gradient_bytes} bytes more than the gradient travelled, and "
            f"{FREE_BYTES} are allowed{extra_looks_like(came, gradient_bytes, suspects)}",
        )


def extra_looks_like(came, gradient_bytes, suspects):
    """What the bytes that did not have to travel may have been."""
    for count in range(1, len(suspects) + 1):
        for names in combinations(suspects, count):
            size = sum(suspects[name] for name in names)
            if size <= came - gradient_bytes <= size + FREE_BYTES:
                asked = "was it sent twice" if names == ("the tied weight",) else "does it have to travel"
                return f". {size} is the size of {' and '.join(names)}: {asked if count == 1 else 'were they sent'}?"
    times = came // gradient_bytes
    many = times > 1 and came - times * gradient_bytes <= FREE_BYTES * times
    return f". It is {times} times the gradient: how often is each number sent, and in which dtype?" if many else ""


def check_reduce(submission, shapes, buckets, n_learners, *, missing=(), dtype="float32"):
    """Runs reduce_buckets and compares with the mean over the ranks. `missing`: (rank, parameter) without a gradient.

    Returns:
        The network, and the bytes of each bucket.
    """
    rng = submission.rng
    gradients = [[rng.normal(size=shape).astype(dtype) for shape in shapes] for _ in range(n_learners)]
    sent = [[None if (r, i) in missing else g for i, g in enumerate(row)] for r, row in enumerate(gradients)]
    share = secret_share(rng)
    network = TeamNetwork(n_learners, weights=[share, 1 - share])
    per_rank = [[row, [list(shape) for shape in shapes], dtype, buckets] for row in sent]
    given = f"buckets {buckets} of parameters with shapes {shapes}"
    if missing:
        given += "; " + ", ".join(f"rank {r} has no gradient for parameter {i}" for r, i in missing)
    with explained(REDUCE_ADVICE):
        came = submission.ranks("probe:reduce", per_rank, network=network, given=given)
    whole = [[np.zeros(shape) if g is None else g for shape, g in zip(shapes, row, strict=True)] for row in sent]
    whole.append([share * first + (1 - share) * second for first, second in zip(whole[0], whole[1], strict=True)])
    means = [np.mean([row[i] for row in whole], axis=0) for i in range(len(shapes))]
    for rank, row in enumerate(came):
        row = as_list(row, length=len(shapes), name=f"the gradients of rank {rank}")
        talked = bool(network.messages(rank=rank))
        for i, got in enumerate(row):
            if got is None:
                why = f"the gradient of parameter {i} on rank {rank} is still None after reduce_buckets"
                why += "; this rank has to take the mean too" if (rank, i) in missing else ""
                expect(False, expected=means[i], came=None, given=given, why=why)
            by_rank = [gradients_of_rank[i] for gradients_of_rank in whole]
            what = "the mean over the ranks"
            clue = partial(cut_elsewhere, number=i, means=means, buckets=buckets)
            compare_gradient(got, means[i], by_rank, rank, f"parameter {i}", what, given, talked=talked, clue=clue)
    return network, [sum(gradients[0][i].nbytes for i in bucket) for bucket in buckets]


def cut_elsewhere(got, number, means, buckets):
    """Whether a piece of the message came to the wrong parameter, in words."""
    for other in next(bucket for bucket in buckets if number in bucket):
        size = min(means[other].size, got.size)
        if other != number and same(got.ravel()[:size], means[other].ravel()[:size]):
            return f"It begins with that of parameter {other}: perhaps the message is cut at a wrong place"
    return ""


def check_total(network, bucket_bytes):
    """Each number once, in the dtype that it has."""
    for rank in range(network.last):
        came, wanted = network.bytes_sent(rank, kind=None), sum(bucket_bytes)
        why = "the values are right, but the buckets have more or fewer bytes: perhaps the dtype changed on the way"
        expect(came == wanted, expected=f"{wanted} bytes in all", came=f"rank {rank} sent {came} bytes", why=why)


def check_messages(network, bucket_bytes):
    check_total(network, bucket_bytes)
    for rank in range(network.last):
        came = [message.size_bytes for message in network.messages(rank=rank)]
        why = "the values are right, but they did not travel bucket by bucket"
        if sorted(came) == sorted(bucket_bytes):
            why += ": the messages are right, but not their order. The list begins with what is complete first"
        elif len(came) == 1:
            why += ": all buckets went in one message"
        elif len(came) > len(bucket_bytes):
            why += f": there are {len(came)} messages for {len(bucket_bytes)} buckets. Perhaps one for each parameter?"
        expect(
            came == bucket_bytes,
            expected=f"{len(bucket_bytes)} messages of {bucket_bytes} bytes",
            came=f"rank {rank} sent {len(came)} message{'s' * (len(came) != 1)} of {came} bytes",
            why=why,
        )
