"""Further checks of the same parts: many sizes, edges, load times of every kind, errors. Never released."""

from checks import prefetch_part, resume_part, shard_part, shuffle_part
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

from workbench.checks import as_list, expect


@shard_part.check(
    points=1,
    title="Many sizes, also empty and tiny ones",
    hints=["What do your workers read when there are fewer samples than readers, or none at all?"],
)
def many_sizes(submission):
    rng = submission.rng
    sizes = [(0, 2, 2), (1, 3, 2), (1, 1, 1), (40, 8, 4), (31, 8, 4), (33, 8, 4)]
    sizes += [(int(rng.integers(50, 200)), int(rng.integers(2, 7)), int(rng.integers(1, 5))) for _ in range(4)]
    for n_samples, world_size, n_workers in sizes:
        samples = file_names(rng, n_samples)
        given = describe(samples, world_size, n_workers)
        shards = read_shards(submission, samples, world_size, n_workers)
        check_each_once(shards, samples, given)
        check_balanced(shards, given)


@shuffle_part.check(
    points=1,
    title="Depends on seed and epoch, and on nothing else",
    hints=["Name everything that your order depends on. Does other code have a hand in it?"],
)
def seed_and_epoch_alone(submission):
    """Orders of 24: that two are equal, or have 12 pairs of neighbours in common, comes by chance in less than 1e-8."""
    seed = int(submission.rng.integers(1, 1000))
    given = f"n_samples = 24, seed = {seed}"
    first, _ = take(submission, 24, seed, [24] * 3)
    again, _ = take(submission, 24, seed, [24] * 3)
    why = "another process with the same seed has another order: other code's random numbers play a part"
    expect(first == again, expected=first[0], came=again[0], given=given, why=why)
    for other in (seed + 1, seed - 1):
        others, _ = take(submission, 24, other, [24] * 3)
        for i, mine in enumerate(first):
            for j, theirs in enumerate(others):
                check_mixed(mine, theirs, f"seed {seed} in epoch {i}, seed {other} in epoch {j}", given, 12)


@shuffle_part.check(
    points=1,
    title="Shuffles the whole epoch",
    hints=["Can the first sample of the data set come last?"],
)
def whole_epoch(submission):
    """Mean distance from one's place: 133 for a random order of 400, give or take 5; less than 90 never comes."""
    seed = int(submission.rng.integers(1000))
    epochs, _ = take(submission, 400, seed, [400] * 2)
    check_epochs(epochs, 400, f"n_samples = 400, seed = {seed}")
    for epoch in epochs:
        distance = sum(abs(place - sample) for place, sample in enumerate(epoch)) / 400
        why = "samples hardly leave their place: only neighbours were mixed"
        expect(distance > 90, expected="about 133 places on average", came=f"{distance:.0f} places", why=why)


@shuffle_part.check(
    points=1,
    title="Stops and goes on at every place",
    hints=[
        "What happens when the run stops exactly between two epochs?",
        "Does a state that you saved still say the same after the stream has gone on?",
    ],
)
def every_place(submission):
    rng = submission.rng
    for n_samples in (1, 4):
        seed = int(rng.integers(1000))
        given = f"n_samples = {n_samples}, seed = {seed}"
        n_all = 3 * n_samples + 1
        singles, states = take(submission, n_samples, seed, [0] + [1] * n_all, with_states=True)
        all_samples = [sample for some in singles for sample in some]
        for count, state in enumerate(states):
            check_state(state, count, n_samples, given, states[-1])
            before, left = all_samples[:count], all_samples[count:]
            ((got,), _) = take(submission, n_samples, seed, [len(left)], state=state)
            check_goes_on(got, before, left, n_samples, f"{given}, stopped after {count}")
    seed, epoch, position = int(rng.integers(1000)), int(rng.integers(3, 6)), int(rng.integers(1, 15))
    ((before, want), _) = take(submission, 15, seed, [epoch * 15 + position, 20])
    state = {"epoch": epoch, "position": position}
    ((got, _), (after, _)) = take(submission, 15, seed, [20, 0], state=state, with_states=True)
    check_goes_on(got, before, want, 15, f"n_samples = 15, seed = {seed}, state {state}")
    check_state(after, epoch * 15 + position + 20, 15, f"n_samples = 15, seed = {seed}, went on from {state}")


def best_end_s(load_s, step_s, n_workers, depth):
    """When training ends if each batch is submitted as early as the depth allows."""
    free_s, collected_s, trained_s = [0.0] * n_workers, [], 0.0
    for i, seconds in enumerate(load_s):
        submitted_s = collected_s[i - depth] if i >= depth else 0.0
        worker = free_s.index(min(free_s))
        free_s[worker] = max(submitted_s, free_s[worker]) + seconds
        collected_s.append(max(trained_s, free_s[worker]))
        trained_s = collected_s[-1] + step_s
    return trained_s


def load_times(rng, n_batches):
    """Some batches take much longer than the others, as with a slow disk or a large file."""
    return [float(s) for s in rng.uniform(1, 4, n_batches) * rng.choice([1, 1, 1, 5], n_batches)]


@prefetch_part.check(
    points=2,
    title="No wait that could be avoided, with load times of every kind",
    hints=["When a slow batch is at the head of the queue, are the workers behind it still busy?"],
)
def no_needless_wait(submission):
    rng = submission.rng
    for _ in range(12):
        n_batches, n_workers, depth = int(rng.integers(12, 30)), int(rng.integers(1, 5)), int(rng.integers(1, 8))
        load_s, step_s = load_times(rng, n_batches), float(rng.uniform(0.5, 4))
        loader, trainer, error, given = feed(submission, load_s, step_s, n_workers, depth)
        check_handed_over(loader, trainer, error, given)
        check_bounded(loader, depth, given)
        check_filled(trainer, depth, n_batches, given)
        best_s, came_s = best_end_s(load_s, step_s, n_workers, depth), loader.clock.time_s
        why = "the training ends later than it has to"
        in_time = came_s <= best_s * (1 + 1e-9)
        expect(in_time, expected=f"{best_s:.3f} s", came=f"{came_s:.3f} s", given=given, why=why)


@prefetch_part.check(
    points=1,
    title="Few batches, or none",
    hints=["What does your code submit when there are fewer batches than the depth allows?"],
)
def few_or_none(submission):
    """Handing over nothing is right for no batches, so the same check asks for some, too."""
    for n_batches, depth in [(0, 1), (0, 3), (1, 4), (3, 3), (3, 4), (4, 3)]:
        loader, trainer, error, given = feed(submission, [2.0] * n_batches, 1.0, 2, depth)
        check_handed_over(loader, trainer, error, given)
        check_each_loaded_once(loader, given)


@prefetch_part.check(
    points=1,
    title="An error comes out, at its turn",
    hints=["Batch 5 cannot be loaded. Who learns of it, when, and what was handed over before?"],
)
def errors_arrive(submission):
    for depth in (1, 3):
        check_error_arrives(submission, 8, depth, int(submission.rng.integers(3, 6)))


@resume_part.check(
    points=1,
    title="Also before the first batch, and with any depth",
    hints=["What should state_dict say when nothing was handed over yet?"],
)
def before_the_first(submission):
    for depth in (1, 2, 5):
        loader, trainer, stream, states, given = train_resumably(submission, 3, depth)
        check_ahead(loader, trainer, depth, given)
        for done, state in enumerate(as_list(states, length=4, name="the states")):
            check_place(stream.place(state, given), done, depth, given)


@resume_part.check(
    points=1,
    title="Stopped and started, no sample is lost or repeated",
    hints=["Write down which samples the first run trained on, and which the second one. Do they fit together?"],
)
def nothing_lost(submission):
    rng = submission.rng
    n_steps, depth = int(rng.integers(5, 12)), int(rng.integers(2, 6))
    loader, trainer, stream, states, given = train_resumably(submission, n_steps, depth, n_workers=3)
    check_ahead(loader, trainer, depth, given)
    for done, state in enumerate(as_list(states, length=n_steps + 1, name="the states")):
        goes_on = stream.samples[stream.place(state, given) :][:5]
        want = stream.samples[done : done + 5]
        why = "the second run does not go on with the first sample that was not trained on"
        expect(goes_on == want, expected=want, came=goes_on, given=f"{given}, stopped after {done}", why=why)
