"""The visible checks of accelerator/input-pipeline; what the hidden ones share with them is in checks_*.py."""

from checks_feed import (
    check_ahead,
    check_bounded,
    check_each_loaded_once,
    check_error_arrives,
    check_filled,
    check_handed_over,
    check_place,
    feed,
    train_resumably,
)
from checks_shards import check_balanced, check_each_once, describe, file_names, read_shards
from checks_stream import check_epochs, check_goes_on, check_mixed, check_state, take

from workbench.checks import as_list, expect, part

shard_part = part("shard", title="Who reads what")
shuffle_part = part("shuffle", title="A shuffle that goes on where it stopped")
prefetch_part = part("prefetch", title="Load while the device trains")
resume_part = part("resume", title="What to save when you read ahead")


# ---- 1 · shard


@shard_part.check(
    points=1,
    title="Each sample once",
    hints=[
        "With 2 ranks of 2 workers, how many readers are there? Do any two of them get the same answer from you? And "
        "who gets the remainder when the list does not divide evenly?",
        "7 samples, 4 readers: what happens in your code to the samples that are left?",
    ],
)
def each_sample_once(submission):
    for n_samples, world_size, n_workers in [(4, 2, 2), (7, 2, 2), (5, 3, 1), (5, 1, 3), (12, 2, 3), (3, 2, 4)]:
        samples = file_names(submission.rng, n_samples)
        shards = read_shards(submission, samples, world_size, n_workers)
        check_each_once(shards, samples, describe(samples, world_size, n_workers))


@shard_part.check(
    points=1,
    title="Nobody waits for somebody with more",
    hints=[
        "6 samples, 2 ranks of 4 workers: how many does each rank get from you?",
        "Could you divide twice: first among the ranks, and then?",
    ],
)
def balanced(submission):
    for n_samples, world_size, n_workers in [(6, 2, 4), (10, 2, 2), (7, 3, 2), (11, 4, 3)]:
        samples = file_names(submission.rng, n_samples)
        shards = read_shards(submission, samples, world_size, n_workers)
        check_each_once(shards, samples, describe(samples, world_size, n_workers))
        check_balanced(shards, describe(samples, world_size, n_workers))


# ---- 2 · shuffle

# Two random orders of 24 have about one pair of neighbours in common (Poisson): 12 or more come by chance in 1e-9.
N_SAMPLES, MOST_ALIKE = 24, 12


@shuffle_part.check(
    points=1,
    title="Each epoch has each sample once, in an order of its own",
    hints=[
        "How does your stream notice that an epoch is over?",
        "What in your code is different in epoch 1 from epoch 0? And can another seed give the same?",
    ],
)
def epochs_differ(submission):
    seed = int(submission.rng.integers(1000))
    given = f"n_samples = {N_SAMPLES}, seed = {seed}"
    epochs, _ = take(submission, N_SAMPLES, seed, [N_SAMPLES] * 4)
    check_epochs(epochs, N_SAMPLES, given)
    check_mixed(list(range(N_SAMPLES)), epochs[0], "epoch 0 and the data set itself", given, MOST_ALIKE)
    for number in range(1, 4):
        which = f"epochs {number - 1} and {number}"
        check_mixed(epochs[number - 1], epochs[number], which, given, MOST_ALIKE)
    (of_7, (of_8,)) = (take(submission, N_SAMPLES, seed, [N_SAMPLES] * count)[0] for seed, count in ((7, 2), (8, 1)))
    which = "seed 7 in epoch 1 and seed 8 in epoch 0"
    check_mixed(of_7[1], of_8, which, f"n_samples = {N_SAMPLES}", MOST_ALIKE)


@shuffle_part.check(
    points=1,
    title="Goes on where it stopped",
    hints=[
        "A new process has the two numbers, n_samples and seed. From what does it find the order of the epoch?",
        "Does `position` count the samples that were given, or is it the number of the last one?",
    ],
)
def goes_on(submission):
    rng = submission.rng
    for stop in (5, int(rng.integers(12, 20)), 10 + int(rng.integers(12, 20))):
        seed = int(rng.integers(1000))
        ((before, rest), (state, last)) = take(submission, 10, seed, [stop, 8], with_states=True)
        check_state(state, stop, 10, f"n_samples = 10, seed = {seed}", last)
        ((got,), _) = take(submission, 10, seed, [8], state=state)
        given = f"n_samples = 10, seed = {seed}, stopped after {before}"
        check_goes_on(got, before, rest, 10, given)


# ---- 3 · prefetch


@prefetch_part.check(
    points=1,
    title="Every batch, in order",
    hints=[
        "Which calls does one batch need, and in which order?",
        "What is still under way when the last batch has been submitted?",
    ],
)
def every_batch_in_order(submission):
    for n_batches, n_workers, depth in [(1, 1, 1), (5, 1, 1), (6, 2, 3)]:
        load_s = [float(s) for s in submission.rng.uniform(1, 9, n_batches)]
        loader, trainer, error, given = feed(submission, load_s, 2.0, n_workers, depth)
        check_handed_over(loader, trainer, error, given)
        check_each_loaded_once(loader, given)


@prefetch_part.check(
    points=1,
    title="Bounded",
    hints=[
        "Before you submit a batch: how many are submitted and not yet collected?",
        "Once `depth` are under way, what has to happen before the next submit?",
    ],
)
def bounded(submission):
    for n_batches, n_workers, depth in [(8, 2, 2), (12, 4, 3), (9, 2, 1)]:
        loader, trainer, error, given = feed(submission, [3.0] * n_batches, 2.0, n_workers, depth)
        check_handed_over(loader, trainer, error, given)
        check_bounded(loader, depth, given)


@prefetch_part.check(
    points=2,
    title="The trainer waits for the first batch only",
    hints=[
        "What are the workers doing while the trainer works on a batch?",
        "Your code sleeps at its `yield` until the trainer is done. What should have been submitted before?",
    ],
)
def waits_for_the_first_only(submission):
    """A load takes as long as `n_workers` steps at most, and each worker has a batch to load: only the first waits."""
    for n_workers, depth, load_s, step_s in [(3, 3, 8.0, 3.0), (2, 2, 5.0, 2.5), (1, 1, 2.0, 3.0)]:
        loader, trainer, error, given = feed(submission, [load_s] * 10, step_s, n_workers, depth)
        given += f", {load_s:g} s to load a batch, {step_s:g} s to train on it"
        check_handed_over(loader, trainer, error, given)
        check_filled(trainer, depth, 10, given)
        waits_s = [round(s, 6) for s in trainer.waits_s()]
        expected = f"{load_s:g} s before the first step, 0 before every other"
        expect(waits_s == [load_s] + [0.0] * 9, expected=expected, came=f"waits of {waits_s} s", given=given)


@prefetch_part.check(
    points=1,
    title="An error of the loader arrives",
    hints=["Batch 2 cannot be loaded. Who raises the error, in which of your lines, and does anything stop it there?"],
)
def error_of_the_loader(submission):
    check_error_arrives(submission, 5, depth=2, number=2)


# ---- 4 · resume


@resume_part.check(
    points=2,
    title="The state is that of the training",
    hints=[
        "The stream is `depth` samples ahead. When did its state fit what has been handed over?",
        "What must state_dict say once a sample that is under way is handed over? When could you ask the stream?",
    ],
)
def state_of_the_training(submission):
    for n_steps, depth in [(4, 1), (6, 3)]:
        loader, trainer, stream, states, given = train_resumably(submission, n_steps, depth)
        check_ahead(loader, trainer, depth, given)
        for done, state in enumerate(as_list(states, length=n_steps + 1, name="the states")):
            if done:
                check_place(stream.place(state, given), done, depth, given)
