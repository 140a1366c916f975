"""Parts 4 and 5: carries out a plan for a chain of layers, and says what was wrong with it."""

from workbench.checks import CheckFailed, LearnerError, as_list, as_number


class Store:
    """Inputs of layers that lie in memory, in MiB; remembers the fullest moment."""

    def __init__(self):
        self.mib, self.peak_mib, self.at_peak = {}, 0, []

    def put(self, layer, mib):
        self.mib[layer] = mib
        if sum(self.mib.values()) > self.peak_mib:
            self.peak_mib, self.at_peak = sum(self.mib.values()), sorted(self.mib)

    def free(self, layer):
        del self.mib[layer]


def carry_out(mib_L, ms_L, kept):
    """One step of the chain; returns the store, and the ms of forward passes that ran again."""
    store, again_ms = Store(), 0
    for layer in sorted({0, *kept}):  # forward: all other inputs are dropped at once
        store.put(layer, mib_L[layer])
    for layer in reversed(range(len(mib_L))):  # backward
        if layer not in store.mib:
            nearest = max(store.mib)
            for again in range(nearest, layer):
                again_ms += ms_L[again]
                store.put(again + 1, mib_L[again + 1])
        store.free(layer)
    return store, again_ms


def run_plan(mib_L, ms_L, kept):
    """Carries out a plan; returns the peak in MiB, and the time for computing again in ms."""
    store, again_ms = carry_out(mib_L, ms_L, kept)
    return store.peak_mib, again_ms


EVEN = "Perhaps evenly spaced inputs are kept; but sizes and times differ from layer to layer"
UP_TO = "Which plans does your search leave out? Does it use the budget to the last MiB?"


def describe_chain(mib_L, ms_L, budget_mib):
    return f"mib_L = {mib_L}, ms_L = {ms_L}, budget_mib = {budget_mib}"


def called_plan(submission, name, mib_L, ms_L, budget_mib, timeout_s=4):
    """The layers that the learner's function keeps, each once, layer 0 among them."""
    given = describe_chain(mib_L, ms_L, budget_mib)
    try:
        answer = submission.call(name, mib_L, ms_L, budget_mib, timeout_s=timeout_s, given=given)
    except LearnerError as failure:
        if failure.type != "ValueError":
            raise
        why = f"{failure.why}. But a plan that fits into {budget_mib} MiB exists, and your search has missed it. "
        why += "Which plans does it leave out? Or does it count more than lies there at one moment?"
        raise CheckFailed(why, given=given, **{"came": failure.came} if failure.came else {}) from None
    try:
        plan = as_list(answer, name="the plan")
        layers = [as_number(layer, kind="int", name="a layer of the plan") for layer in plan]
    except CheckFailed as failure:
        failure.add_given(given)
        raise
    strange = [layer for layer in layers if not 0 <= layer < len(mib_L)]
    if strange or len(set(layers)) < len(layers):
        why = "a plan names layers, each at most once"
        raise CheckFailed(why, expected=f"layers of 0 to {len(mib_L) - 1}", came=layers, given=given)
    return sorted({0, *layers})


def check_fits(submission, name, mib_L, ms_L, budget_mib, timeout_s=4):
    """The plan's time for computing again, in ms, and its layers; fails unless it fits."""
    kept = called_plan(submission, name, mib_L, ms_L, budget_mib, timeout_s)
    store, again_ms = carry_out(mib_L, ms_L, kept)
    if store.peak_mib > budget_mib:
        dropped = [layer for layer in store.at_peak if layer not in kept]
        why = f"the plan does not fit: at its peak the inputs of layers {store.at_peak} lie in memory"
        why += f", and {dropped} of them were computed again" if dropped else ", at the end of the forward pass"
        raise CheckFailed(
            why,
            expected=f"at most {budget_mib} MiB",
            came=f"{store.peak_mib} MiB with the plan {kept}",
            given=describe_chain(mib_L, ms_L, budget_mib),
        )
    return again_ms, kept


def check_best(submission, name, mib_L, ms_L, budget_mib, least_ms, mistaken=None, timeout_s=4):
    """Fails unless the plan fits and computes as little again as is possible; `mistaken`: (layers, text) of beliefs."""
    again_ms, kept = check_fits(submission, name, mib_L, ms_L, budget_mib, timeout_s)
    if again_ms > least_ms:
        told = [text for layers, text in mistaken or [] if sorted({0, *layers}) == kept]
        told += [EVEN for gap in range(2, len(mib_L) // 2 + 1) if kept == list(range(0, len(mib_L), gap))]
        peak_mib, _ = run_plan(mib_L, ms_L, kept)
        raise CheckFailed(
            f"the plan fits, but another one that fits computes less again. {told[0] if told else UP_TO}",
            expected=f"{least_ms} ms computed again",
            came=f"{again_ms} ms with the plan {kept}, which has a peak of {peak_mib} MiB",
            given=describe_chain(mib_L, ms_L, budget_mib),
        )
