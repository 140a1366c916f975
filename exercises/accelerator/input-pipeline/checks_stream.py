"""Part 2: takes samples from the learner's stream, stops it, and lets a new one go on."""

from itertools import pairwise

from workbench.checks import CheckFailed, as_dict, as_list, as_number, expect

KEYS = ["epoch", "position"]


def take(submission, n_samples, seed, takes, *, state=None, with_states=False):
    """(taken, states): for each number in `takes`, so many samples, and then the state."""
    given = f"n_samples = {n_samples}, seed = {seed}"
    given += f", after load_state_dict({state})" if state is not None else ""
    noise = int(submission.rng.integers(1_000_000))
    inputs = {"n_samples": n_samples, "seed": seed, "takes": list(takes), "state": state, "noise": noise}
    seen = submission.run("stream", returns=["taken", "states"], given=given, with_states=with_states, **inputs)
    taken = as_list(seen["taken"], length=len(takes), name="what was taken")
    samples = [as_list(some, length=count, name="some samples") for some, count in zip(taken, takes, strict=True)]
    for some in samples:
        for sample in some:
            number = as_number(sample, kind="int", name="a sample")
            why = "there is no such sample"
            expect(0 <= number < n_samples, expected=f"0 to {n_samples - 1}", came=sample, given=given, why=why)
    states = [read_state(state, given) for state in as_list(seen["states"])] if with_states else []
    return samples, states


def read_state(state, given):
    """A state as two plain numbers."""
    try:
        state = as_dict(state, keys=KEYS, name="the state")
        plain = {key: as_number(state[key], kind="int", name=f"the state's {key}") for key in KEYS}
    except CheckFailed as failure:
        failure.add_given(given)
        raise
    others = [key for key in state if key not in KEYS]
    why = "the state has more than the two numbers; all else can be worked out from them"
    expect(not others, expected=f"the keys {KEYS}", came=f"the keys {list(state)}", given=given, why=why)
    return plain


def check_epochs(epochs, n_samples, given):
    """Each epoch is all samples once."""
    for number, epoch in enumerate(epochs):
        missing = sorted(set(range(n_samples)) - set(epoch))
        some = ", ".join(str(sample) for sample in missing[:8])
        why = f"epoch {number} has samples twice, and others never: {some}{' and more' if len(missing) > 8 else ''}"
        expect(not missing, expected=f"each of 0 to {n_samples - 1} once", came=epoch, given=given, why=why)


def check_mixed(one, other, which, given, most_alike):
    """Two orders that have nothing to do with each other share few pairs of neighbours."""
    why = f"{which} have the same order"
    expect(one != other, expected="another order", came=other, given=given, why=why)
    alike = len(set(pairwise(one)) & set(pairwise(other)))
    why = f"{which} have {alike} of {len(one) - 1} pairs of neighbours in common: shuffle the whole epoch again"
    expect(alike < most_alike, expected=f"less than {most_alike}", came=f"{one}, and {other}", given=given, why=why)


def check_state(state, count, n_samples, given, last=None):
    """The state after so many samples; at the end of an epoch there are two ways to say it.

    last: the state that was told last, when the stream had gone on.
    """
    epoch, position = divmod(count, n_samples)
    right = [{"epoch": epoch, "position": position}]
    if position == 0 and count:
        right.append({"epoch": epoch - 1, "position": n_samples})
    expected = " or ".join(str(one) for one in right)
    why = "the state is not that after the samples that were given"
    if state not in right and state == last:
        why = "this is where the stream is now: what was saved has moved on with it"
    elif state == {"epoch": epoch + 1, "position": position}:
        why = "epochs count from 0"
    elif state["position"] == count > n_samples:
        why = "the position counts the samples of this epoch, not of all"
    elif state["epoch"] == epoch and state["position"] == position - 1:
        why = "the position counts the samples that were given; yours is one less. Is it the number of the last one?"
    after = f"{given}, {count} given"
    expect(state in right, expected=expected, came=state, given=after, why=why)


def check_goes_on(got, before, want, n_samples, given):
    """What a new stream gives from a state, against what the first one gave before and after it."""
    if got != want:
        why = why_elsewhere(got, before + want, len(before), n_samples)
        raise CheckFailed(why, expected=want, came=got, given=given)


def why_elsewhere(got, run, stop, n_samples):
    """Where in the first run the new stream goes on, instead of at `stop`."""
    place = next((i for i in range(stop) if run[i : i + len(got)] == got), None)
    epoch, position = divmod(stop, n_samples)
    until = min(len(got), n_samples - position)
    if epoch and until > 1 and got[:until] == run[position : position + until]:
        return "after load_state_dict, the stream gives the order of epoch 0: make that of the epoch it was told"
    if got[:-1] == run[stop + 1 :]:
        return "the new stream skips a sample: nobody gets it in this epoch"
    if place is None:
        return "in a new process, the order is another one: what does it depend on, besides seed and epoch?"
    if place == stop - 1:
        return "the new stream repeats the last sample that was given"
    if place // n_samples != stop // n_samples:
        return f"the new stream goes on in epoch {place // n_samples}, and not in epoch {stop // n_samples}"
    return "the new stream begins the epoch again: what was given in it comes a second time"
