"""Runs the answers on several ranks, and compares with the serial gradient and with what had to travel.

The last rank is the checker's: it knows samples, or gradients, that can reach the learner's code over the network only.
"""

import numpy as np
from checks_gradients import (
    compare_gradient,
    joined,
    make_samples,
    make_weights,
    secret_share,
    serial_gradients,
)

from workbench.checks import as_dict, as_list, expect
from workbench.teams import TeamNetwork

FREE_BYTES = 64  # per rank, for the numbers of samples


def run_step(submission, task, batches, *, tied, frozen, dtype, vocabulary, width):
    """Runs the learner's step on each rank's micro-batches, and compares with the serial gradient.

    The last rank's samples are those of ranks 0 and 1 again (equally many), each counted only in part.

    Returns:
        The network, and how many bytes the gradients of the model have.
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
    came = submission.ranks("probe:train_step", per_rank, network=network, given=given)
    last, last_share_N = joined(own[:2]), np.repeat([share, 1 - share], counts[:2])
    share_N = np.concatenate([np.ones(sum(counts)), last_share_N])
    want = serial_gradients(weights, joined([*own, last]), share_N, frozen=frozen)
    by_rank = [serial_gradients(weights, samples, frozen=frozen) for samples in own]
    by_rank.append(serial_gradients(weights, last, last_share_N, frozen=frozen))
    what = "that of one process with all samples"
    for rank, gradients in enumerate(came):
        gradients = as_dict(gradients, keys=list(want), name=f"the gradients of rank {rank}")
        for name in want:
            of_ranks = [g[name] for g in by_rank]
            compare_gradient(gradients[name], want[name], of_ranks, rank, name, what, given, n_micro)
    return network, sum(weights[name].nbytes for name in want)


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


def check_bytes(network, gradient_bytes, *, given=None):
    """Each number of the gradient once, and little more."""
    for rank in range(network.last):
        came = network.bytes_sent(rank, kind=None)
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
    came = submission.ranks("probe:reduce", per_rank, network=network, given=given)
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
