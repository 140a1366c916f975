"""Part 1: a training step that puts its arrays into memory, number by number; and why a count differs."""

from itertools import product

from workbench.checks import CheckFailed, as_dict, as_number

KINDS = ("weights", "gradients", "master", "states")
REMEMBERED = {"sgd": "", "momentum": "m", "adam": "mv"}  # names of the arrays that an optimizer reads before it writes


class Memory:
    """A device that gives each number a place of its own, byte by byte."""

    def __init__(self):
        self.places = set()

    def put(self, kind, name, number_format, *place):
        for byte in range(len(number_format)):
            self.places.add((kind, name, *place, byte))

    def bytes_of(self, kind):
        return sum(place[0] == kind for place in self.places)


FLOAT32, BFLOAT16 = "abcd", "ab"  # one letter for each byte


def step_by_hand(tensors, optimizer, precision):
    """What lies in memory when the optimizer starts, as {kind: bytes}."""
    memory = Memory()
    short = BFLOAT16 if precision == "mixed" else FLOAT32
    for number, (shape, trained) in enumerate(tensors):
        for place in product(*(range(length) for length in shape)):
            memory.put("weights", "w", short, number, *place)
            if trained:
                memory.put("gradients", "g", short, number, *place)
                for name in REMEMBERED[optimizer]:
                    memory.put("states", name, FLOAT32, number, *place)
                if short is not FLOAT32:  # the optimizer needs a w of its own
                    memory.put("master", "w", FLOAT32, number, *place)
    return {kind: memory.bytes_of(kind) for kind in KINDS}


def describe(tensors, optimizer, precision):
    told = ", ".join(f"{shape}{'' if trained else ' frozen'}" for shape, trained in tensors)
    return f"tensors {told}; optimizer {optimizer!r}, precision {precision!r}"


def compare_states(submission, tensors, optimizer, precision, kinds=KINDS):
    given = describe(tensors, optimizer, precision)
    came = as_dict(submission.call("resident_bytes", tensors, optimizer, precision, given=given), keys=KINDS)
    want = step_by_hand(tensors, optimizer, precision)
    for kind in kinds:
        got = as_number(came[kind], kind="int", name=f"the number of bytes of {kind!r}")
        if got != want[kind]:
            why = why_states_differ(kind, got, want, tensors, optimizer, precision)
            raise CheckFailed(why, expected=f"{kind}: {want[kind]} bytes", came=f"{kind}: {got} bytes", given=given)


def why_states_differ(kind, got, want, tensors, optimizer, precision):
    """The belief that gives this number; a plain sentence when none is known."""
    thawed = step_by_hand([(shape, True) for shape, _ in tensors], optimizer, precision)
    if thawed != want and got == thawed[kind]:
        return f"a frozen tensor is never changed: does it need {kind!r}?"
    if kind == "states":
        other = {name: step_by_hand(tensors, name, precision)[kind] for name in REMEMBERED}
        if 2 * got == want[kind]:
            if precision == "mixed":
                two = "; or one of the two arrays of 'adam' is missing" if optimizer == "adam" else ""
                return f"half of it came: in mixed precision, states are in float32, 4 bytes for each number{two}"
            return "half of it came: which names stand on the right before they are written, apart from w and g?"
        names = [name for name, size in other.items() if size == got and name != optimizer]
        if names:
            return f"this is the number for {names[0]!r}: which arrays does {optimizer!r} remember until the next step?"
    if kind == "master" and got == 0:
        return "in mixed precision the weights lie there twice: for the forward pass, and the master copy in float32"
    if kind == "master" and want[kind] == 0:
        return "in float32 the optimizer changes the weights themselves: there is no second copy"
    if kind == "master" and 2 * got == want[kind]:
        return "the master copy is there because bfloat16 is too coarse: it is in float32"
    if precision == "mixed" and got == 2 * want[kind]:
        return f"in mixed precision, {kind!r} are those of the forward and backward pass: 2 bytes for each number"
    if got == 8 * want[kind]:
        return "these are bits"
    if 4 * got == want[kind] or (precision == "mixed" and 2 * got == want[kind]):
        return "this is how many numbers there are: how many bytes has each?"
    untrained = step_by_hand([(shape, trained) for shape, trained in tensors if trained], optimizer, precision)
    if kind == "weights" and got == untrained[kind] != want[kind]:
        return "frozen weights are missing: they are not trained, but the forward pass needs them"
    if kind == "weights" and got == want[kind] + want["master"] != want[kind]:
        return "the master copy has a line of its own: 'weights' are those of the forward pass"
    return f"the number of bytes of {kind!r} differs from what a step puts into memory, number by number"


def random_tensors(rng, frozen):
    """A few small tensors, the numbers of all different."""
    shapes = [(int(rng.integers(2, 5)), int(rng.integers(2, 5))), (int(rng.integers(17, 23)),), (2, 3, 4 + int(frozen))]
    return [(shape, not (frozen and place == 1)) for place, shape in enumerate(shapes)]
