"""Parts 3 and 4: a training loop on simulated time, and what loader and trainer saw of it."""

from workbench.checks import CheckFailed, as_text, expect
from workbench.loaders import Loader, Trainer
from workbench.served import Refuse, Served, exposed


def counted(number, what):
    return f"{number} {what}{'' if number == 1 else 'es' if what.endswith('ch') else 's'}"


def secret_batches(rng, count):
    """Contents that nobody knows before they are collected."""
    return [f"batch {i} · {number}" for i, number in enumerate(rng.integers(10**9, size=count))]


def feed(submission, load_s, step_s, n_workers, depth, broken=None):
    """Trains on everything that the learner's prefetch hands over; returns loader, trainer, the error's text, given."""
    n_batches = len(load_s)
    contents = secret_batches(submission.rng, n_batches)
    loader = Loader(load_s, n_workers, contents=contents, broken=broken)
    trainer = Trainer(loader, step_s, most_steps=n_batches)
    given = f"{counted(n_batches, 'batch')}, {counted(n_workers, 'worker')}, depth {depth}"
    served = {"loader": loader, "trainer": trainer}
    inputs = {"n_batches": n_batches, "depth": depth}
    seen = submission.run("feed", returns=["error"], serve=served, given=given, **inputs)
    return loader, trainer, as_text(seen["error"], name="the error"), given


def check_handed_over(loader, trainer, error, given, until=None):
    """All batches in order, each once; `until`: the number of a batch that cannot be loaded."""
    want = loader.contents[:until]
    came = [step.batch for step in trainer.steps]
    if until is None:
        expect(not error, expected="no error", came=f"OSError: {error}", given=given, why="an error came out of it")
    if came != want:
        names = [number_of(batch, loader.contents) for batch in came]
        expected = "batches " + (", ".join(str(i) for i in range(len(want))) or "none")
        told = "batches " + (", ".join(names) or "none")
        why = why_not_in_order(names, len(want))
        if until is not None and came[: len(want)] == want:
            why = f"batch {until} could not be loaded, and the training went on without it"
        elif until is not None and error and came == want[: len(came)]:
            why = f"the error came too early: batches before {until} were loaded, and had to be handed over first"
        raise CheckFailed(why, expected=expected, came=told, given=given)


def check_error_arrives(submission, n_batches, depth, number):
    """The error of one batch reaches the trainer at its turn, as it is."""
    rng = submission.rng
    text = f"block {int(rng.integers(10**9))} of batch {number} is damaged"
    load_s = [float(s) for s in rng.uniform(1, 5, n_batches)]
    loader, trainer, error, given = feed(submission, load_s, 2.0, 2, depth, broken={number: text})
    given += f", batch {number} cannot be loaded"
    check_handed_over(loader, trainer, error, given, until=number)
    why = "another error came in the place of the loader's" if error else "the error did not reach the trainer"
    expect(error == text, expected=f"OSError: {text}", came=error or "no error", given=given, why=why)


def number_of(batch, contents):
    """The number of a batch that the trainer got; "?" for what is none."""
    return next((str(i) for i, content in enumerate(contents) if isinstance(batch, str) and batch == content), "?")


def why_not_in_order(names, n_batches):
    want = [str(i) for i in range(n_batches)]
    if not names:
        return "nothing was handed over; what is still under way at the end has to be, too"
    if "?" in names:
        return "what was handed over is not what loader.result gave"
    if sorted(names) == sorted(want):
        return "the batches do not come in order"
    if len(set(names)) < len(names):
        return "a batch was handed over twice"
    if names == want[: len(names)]:
        return "the last batches are missing: what is still under way at the end has to be handed over, too"
    return "batches are missing"


def check_bounded(loader, depth, given):
    """No more under way than the depth allows, and nothing hoarded."""
    most = loader.most_under_way
    why = f"{counted(most, 'batch')} were under way at once: nothing stops your code from asking for more"
    if most == depth + 1:
        why = f"{most} batches were under way: one too many. Collect one before you submit the next"
    expected = f"{depth} at most, submitted and not yet collected"
    expect(most <= depth, expected=expected, came=counted(most, "batch"), given=given, why=why)
    came = f"{loader.most_in_hand} batches collected, and not yet trained on"
    why = "collected batches wait in your code: they take memory, too"
    expect(loader.most_in_hand <= 1, expected="1: the one that is handed over next", came=came, given=given, why=why)


def check_each_loaded_once(loader, given):
    numbers = [load.batch for load in loader.loads]
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    why = "a batch was loaded twice"
    expect(not twice, expected="each batch loaded once", came=f"batches {twice} twice", given=given, why=why)


def check_filled(trainer, depth, n_batches, given):
    """While the trainer works, as many batches are under way as are allowed."""
    want = [min(depth, n_batches - i - 1) for i in range(len(trainer.steps))]
    came = [step.under_way for step in trainer.steps]
    for i, (most, number) in enumerate(zip(want, came, strict=True)):
        if number < most:
            expected = f"{counted(most, 'batch')} under way while the trainer works on batch {i}"
            raise CheckFailed(why_not_filled(want, came), expected=expected, came=counted(number, "batch"), given=given)


def why_not_filled(want, came):
    """What the numbers of batches under way, step by step, tell of the code."""
    missing = [most - number for most, number in zip(want, came, strict=True)]
    if not any(came):
        return "nothing was under way while the trainer worked: the workers were idle"
    if max(missing) == 1:
        few = "one batch too few was under way while the trainer worked: refill up to depth before you hand over"
        return f"{few} (the batch that is trained on does not count)"
    if 0 in came[: len(came) - 1 - want[0]]:
        return "the queue runs dry before it is filled again: refill it after every single batch"
    return f"never more than {max(came)} under way while the trainer worked, though more were allowed"


class SealedStream(Served):
    """A stream whose states are letters that only the checker can open.

    Attributes:
        given: the samples so far, in order.
    """

    def __init__(self, rng, samples):
        self._rng, self.samples, self.given = rng, samples, []
        self.places = {}

    @exposed
    def next_sample(self):
        if len(self.given) >= len(self.samples):
            raise Refuse("next_sample: so many samples were never needed", type="RuntimeError")
        self.given.append(self.samples[len(self.given)])
        return self.given[-1]

    @exposed
    def state_dict(self):
        letter = f"sealed-{int(self._rng.integers(10**12)):012d}"
        self.places[letter] = len(self.given)
        return {"letter": letter}

    def place(self, state, given):
        """How many samples had been given when this state was told."""
        letter = state.get("letter") if isinstance(state, dict) else None
        if not isinstance(letter, str) or letter not in self.places:
            why = "this is no state that stream.state_dict() has told"
            raise CheckFailed(why, expected="one of its states, as it was", came=state, given=given)
        return self.places[letter]


def train_resumably(submission, n_steps, depth, n_workers=2, with_states=True):
    """Trains on so many batches; returns loader, trainer, stream, the places of the states, given."""
    rng, n_samples = submission.rng, n_steps + depth + 20
    samples = [int(i) for i in rng.permutation(n_samples)]
    loader = Loader([2.0] * n_samples, n_workers, contents=secret_batches(rng, n_samples))
    trainer, stream = Trainer(loader, step_s=3.0), SealedStream(rng, samples)
    given = f"depth {depth}, {counted(n_steps, 'step')} of training"
    served = {"loader": loader, "trainer": trainer, "stream": stream}
    inputs = {"depth": depth, "n_steps": n_steps, "with_states": with_states}
    seen = submission.run("resume", returns=["states"], serve=served, given=given, **inputs)
    want = [loader.contents[sample] for sample in samples[:n_steps]]
    came = [step.batch for step in trainer.steps]
    why = "the batches are not those of the stream, in its order"
    expect(came == want, expected=want, came=came, given=given, why=why)
    return loader, trainer, stream, seen["states"], given


def check_ahead(loader, trainer, depth, given):
    """It reads ahead, by as much as it may."""
    check_bounded(loader, depth, given)
    check_filled(trainer, depth, len(loader.contents), given)


def check_place(place, done, ahead, given):
    """A state has to be that after `done` batches."""
    why = "a new stream would not go on where the training is"
    if place == done + ahead:
        why = f"this is where the reading is: {counted(place - done, 'sample')} would be lost that nobody trained on"
    elif place > done:
        why = f"{counted(place - done, 'sample')} would be lost: nobody has trained on what was read ahead"
    elif place < done:
        why = f"{counted(done - place, 'sample')} would come twice, handed over before and again"
    expected = f"the state after {counted(done, 'sample')}"
    came = f"the state after {counted(place, 'sample')}"
    after = f"{given}; asked after {counted(done, 'batch')}"
    expect(place == done, expected=expected, came=came, given=after, why=why)
