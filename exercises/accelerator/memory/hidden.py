"""Further checks of the same parts: real models, other networks, leftover gradients, random chains. Never released."""

import itertools
import math

import numpy as np
from checks import accumulate_part, activations_part, long_part, plan_part, states_part
from checks_activations import check_activations, check_largest
from checks_chain import check_best, run_plan
from checks_device import check_step, random_device

from workbench.checks import as_dict, as_number, expect


@states_part.check(
    points=1,
    title="Models of real size",
    hints=["Does a tensor with one axis, or with three, count right? And one of a single number, with the shape ()?"],
)
def real_models(submission):
    for precision, optimizer in itertools.product(("mixed", "float32"), ("adam", "momentum", "sgd")):
        tensors, sizes = [((), True)], {True: 1, False: 0}
        for _ in range(5):
            shape = tuple(int(n) for n in submission.rng.integers(30, 9000, size=submission.rng.integers(1, 4)))
            trained = bool(submission.rng.integers(2))
            tensors.append((shape, trained))
            sizes[trained] += math.prod(shape)
        short, n_states = (2 if precision == "mixed" else 4), {"adam": 2, "momentum": 1, "sgd": 0}[optimizer]
        want = {
            "weights": short * (sizes[True] + sizes[False]),
            "gradients": short * sizes[True],
            "master": 4 * sizes[True] if precision == "mixed" else 0,
            "states": 4 * n_states * sizes[True],
        }
        given = f"{tensors}, {optimizer!r}, {precision!r}"
        came = as_dict(submission.call("resident_bytes", tensors, optimizer, precision, given=given), keys=want)
        got = {kind: as_number(came[kind], kind="int", name=f"the number of bytes of {kind!r}") for kind in want}
        expect(got == want, expected=want, came=got, given=given)


KINDS = ("linear", "bias", "relu", "tanh", "gelu", "dropout")


def random_layers(rng, count):
    layers = []
    width = int(rng.integers(2, 6))
    for place in range(count):
        kind = "linear" if place == 0 else str(rng.choice(KINDS))
        n_out = int(rng.integers(2, 9)) if kind == "linear" else width
        layers.append((kind, width, n_out))
        width = n_out
    return layers


@activations_part.check(
    points=2,
    title="Random networks",
    hints=["Write the layers in a row, with arrays between them. Which arrays does the table name for each layer?"],
)
def random_networks(submission):
    for i in range(12):
        layers = random_layers(submission.rng, int(submission.rng.integers(3, 12)))
        check_activations(submission, layers, int(submission.rng.integers(1, 6)), (4, 2, 8)[i % 3])


@activations_part.check(
    points=1,
    title="The largest batch on real devices",
    hints=["Do your numbers stay exact when a device has 80 GB?"],
)
def largest_on_real_devices(submission):
    rng = submission.rng
    for i in range(8):
        for_a_row = int(rng.integers(50_000_000, 900_000_000))
        fixed = int(rng.integers(2_000_000_000, 60_000_000_000))
        first, second = (int(n) for n in rng.choice(30, 2, replace=False) + 1)
        room = fixed + int(rng.integers(1, 60)) * for_a_row - (i % 2)  # to the last byte, or one byte short
        check_largest(submission, fixed, for_a_row, room if i else fixed - 1, [first, second])


@accumulate_part.check(
    points=2,
    title="Any batch, any device",
    hints=["What if all rows fit at once? If one fits? What if the device comes from a step that somebody else made?"],
)
def any_batch(submission):
    rng = submission.rng
    for fit_rows in (1, 2, 5, 7, 20, 30):
        device = random_device(submission, rng.integers(1, 9, size=int(rng.integers(8, 20))), fit_rows)
        device.gradient = rng.normal(size=3)
        for _ in range(2):
            check_step(submission, device)


def least_ms(mib_L, ms_L, budget_mib):
    """The least time for computing again; None when no plan fits. Tries all plans."""
    times = []
    for choice in itertools.product([False, True], repeat=len(mib_L) - 1):
        peak_mib, again_ms = run_plan(mib_L, ms_L, [0, *itertools.compress(range(1, len(mib_L)), choice)])
        if peak_mib <= budget_mib:
            times.append(again_ms)
    return min(times, default=None)


@plan_part.check(
    points=2,
    title="Random chains, against all plans",
    hints=["Does your function look at all plans? Which ones does it leave out, and why may it?"],
)
def random_chains(submission):
    """So many long ones that a choice made one by one does not find the best of all of them by luck."""
    rng = submission.rng
    for n_layers in (1, 2, 4, 6, 7, 8, 8, 9, 9, 9, 9, 9):
        mib_L = rng.integers(1, 12, size=n_layers).tolist()
        ms_L = rng.integers(1, 12, size=n_layers).tolist()
        peaks = sorted({run_plan(mib_L, ms_L, kept)[0] for kept in ([0], range(n_layers), range(0, n_layers, 2))})
        budget_mib = int(rng.integers(peaks[0] - 1, peaks[-1] + 1))
        least = least_ms(mib_L, ms_L, budget_mib)
        if least is None:
            submission.raises("best_plan", mib_L, ms_L, budget_mib, error="ValueError")
        else:
            check_best(submission, "best_plan", mib_L, ms_L, budget_mib, least)


def frontier(mib_L, ms_L, budget_mib):
    """The least time for computing again in a long chain: from the back, by the room that is left. None: no plan."""
    n_layers = len(mib_L)
    rooms = np.arange(budget_mib + 1)
    # least[k][r]: time for all that follows layer k, whose input is the newest kept one, when r MiB are left beside it.
    least = np.full((n_layers, budget_mib + 1), np.inf)
    for kept in reversed(range(n_layers)):
        between_mib = between_ms = 0
        for following in range(kept + 1, n_layers + 1):
            fits = rooms >= between_mib
            if following == n_layers:
                least[kept][fits] = np.minimum(least[kept][fits], between_ms)
                break
            fits &= rooms >= mib_L[following]
            beyond = least[following][rooms[fits] - mib_L[following]]
            least[kept][fits] = np.minimum(least[kept][fits], between_ms + beyond)
            between_mib, between_ms = between_mib + mib_L[following], between_ms + ms_L[following - 1]
    best = least[0][budget_mib - mib_L[0]] if budget_mib >= mib_L[0] else np.inf
    return int(best) if np.isfinite(best) else None


@long_part.check(
    points=3,
    title="Random long chains",
    hints=["What has your program to know about the first layers, to go on in the best way? Is it that, and no more?"],
)
def random_long_chains(submission):
    rng = submission.rng
    for n_layers, share in ((30, 0.5), (40, 0.35), (50, 0.6), (50, 0.4)):
        mib_L = rng.integers(1, 30, size=n_layers).tolist()
        ms_L = rng.integers(1, 60, size=n_layers).tolist()
        budget_mib = min(400, int(share * sum(mib_L)))
        least = frontier(mib_L, ms_L, budget_mib)
        check_best(submission, "plan_long_chain", mib_L, ms_L, budget_mib, least)
