"""Parts 4 and 5: a training run and a net that the checker serves; what was asked of them is seen here only."""

import math

import numpy as np

from workbench.checks import CheckFailed, as_array, as_dict, as_number
from workbench.served import Refuse, Served, exposed

LARGEST = 65504.0


def number(value, name):
    """What a learner's code handed over as one positive number."""
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise Refuse(f"{name} must be one positive finite number, came {value!r:.80}", type="TypeError")
    return float(value)


# ---- part 4: a run


class WatchedRun(Served):
    """Gives the scaled gradient of one batch after another, and remembers what came.

    Attributes:
        steps: for each call of backward, [scale, gradient that was given out, updates that followed].
    """

    def __init__(self, true_gradients):
        self._true_gradients, self.steps = true_gradients, []

    @exposed
    def backward(self, scale):
        scale = number(scale, "backward: the scale")
        if len(self.steps) == len(self._true_gradients):
            used = f"all {len(self.steps)} batches are used up, those of skipped steps too"
            raise Refuse(f"backward: {used}", type="RuntimeError")
        with np.errstate(over="ignore", invalid="ignore"):
            scaled_N = (self._true_gradients[len(self.steps)] * scale).astype(np.float16)
        self.steps.append((scale, scaled_N, []))
        return scaled_N

    @exposed
    def update(self, gradient):
        if not self.steps:
            raise Refuse("update: there was no backward before", type="RuntimeError")
        wanted = self.steps[-1][1].shape
        if not isinstance(gradient, np.ndarray) or gradient.dtype.kind != "f" or gradient.shape != wanted:
            raise Refuse(f"update: expected an array of numbers of shape {wanted}", type="TypeError")
        self.steps[-1][2].append(np.array(gradient, dtype=np.float64))


EVENTS = {
    "g": "good",
    "b": "large but finite",
    "o": "inf",
    "m": "-inf",
    "n": "nan",
    "a": "inf and -inf",
}
GOOD = "gb"


def true_gradient(rng, event, scale):
    """A gradient in true size that becomes what the event says, at this scale."""
    scaled_N = rng.uniform(1, 2, 8) * np.array([3e-4, 1e-3, 3e-3, 1.0, 50.0, 2e3, 1e4, 2e4]) * rng.choice([-1, 1], 8)
    scaled_N = rng.permutation(scaled_N)
    if event == "b":
        scaled_N = rng.uniform(40_000, 60_000, 8)
    if event in "oa":
        scaled_N[0] = rng.uniform(2e5, 1e6)
    if event in "ma":
        scaled_N[-1] = -rng.uniform(2e5, 1e6)
    if event == "n":
        scaled_N[rng.integers(8)] = np.nan
    return scaled_N / scale


def check_run(submission, events, scales, growth_interval):
    """Runs train on batches with these events. `scales`: what each batch should get, and what should be returned."""
    gradients = [true_gradient(submission.rng, *pair) for pair in zip(events, scales, strict=False)]
    run = WatchedRun(gradients)
    shown = ", ".join(EVENTS[event] for event in events[:11]) + (", …" if len(events) > 11 else "")
    given = f"first scale {scales[0]:,g}, growth_interval {growth_interval}, gradients: {shown}"
    value = submission.call("train", run, len(events), scales[0], growth_interval, given=given)
    for place, (scale, scaled_N, updates) in enumerate(run.steps):
        where = f"batch {place + 1} of {len(events)} ({EVENTS[events[place]]}), {given}"
        check_scale(scale, scales, place, events, where)
        check_updates(scale, scaled_N, updates, where)
    if len(run.steps) < len(events):
        expected, came = f"{len(events)} calls of backward", f"{len(run.steps)}"
        raise CheckFailed("the run ended too early: a skipped batch counts as one", expected=expected, came=came)
    returned = as_number(value, name="what train returns")
    if returned != scales[-1]:
        why, where = why_returned(returned, scales, events), f"returned after the last batch, {given}"
        raise CheckFailed(why, expected=f"a scale of {scales[-1]:,g}", came=f"{returned:,g}", given=where)


def check_scale(came, scales, place, events, where):
    want = scales[place]
    if came == want:
        return
    why = why_scale(came, scales, place, events) if place else "the first scale is given"
    raise CheckFailed(why, expected=f"a scale of {want:,g}", came=f"{came:,g}", given=where)


def why_returned(came, scales, events):
    before, want = scales[-2:]
    if came == before:
        change = "doubled" if want > before else "halved"
        return f"this is the scale of the last step. After it the scale is {change}: return the one for the next step"
    first = "this is the first scale: return the one for the step after the last" if came == scales[0] else ""
    other = why_scale(came, scales, len(events), events) if not first or came in (before / 2, 2 * before) else ""
    return "; or ".join(part for part in (first, other) if part)


def why_scale(came, scales, place, events):
    before, want, event = scales[place - 1], scales[place], events[place - 1]
    if event not in GOOD:
        if came == before:
            return "the gradient before was not finite, and the scale stayed: then the next one overflows too"
        return "after a gradient that is not finite the scale is halved"
    if came < before:
        return "the gradient before was finite, but the scale fell. Is something else tested, such as a sum of numbers?"
    if want == before and came == 2 * before:
        return why_too_early(scales, place)
    if want == 2 * before and came == before:
        return "enough good steps in a row have passed: the scale doubles"
    return ""


def why_too_early(scales, place):
    changes = [i for i in range(1, place) if scales[i] != scales[i - 1]]
    if changes and scales[changes[-1]] > scales[changes[-1] - 1]:
        return "it grew too early: after a growth the counting of good steps starts again from 0"
    if changes:
        return "it grew too early: a skipped step is no good step, and the counting starts again from 0 after it"
    return "it grew too early: count the good steps"


def check_updates(scale, scaled_N, updates, where):
    finite = bool(np.isfinite(scaled_N).all())
    if not finite and updates:
        if not np.isfinite(updates[0]).all():
            why = "an update that is not finite: the weights are lost with it"
        else:
            why = "this step has to be skipped: an update of zeros or of the finite rest is an update too"
        raise CheckFailed(why, expected="no update", came=updates[0], given=where)
    if finite and len(updates) != 1:
        why = "the gradient is finite: update once"
        raise CheckFailed(why, expected="one update", came=f"{len(updates)} updates", given=where)
    if not finite:
        return
    want_N = scaled_N.astype(np.float64) / scale
    if np.allclose(updates[0], want_N, rtol=1e-5, atol=0):
        return
    raise CheckFailed(why_update(updates[0], want_N, scaled_N), expected=want_N, came=updates[0], given=where)


def why_update(came_N, want_N, scaled_N):
    wide_N = scaled_N.astype(np.float64)
    if np.allclose(came_N, wide_N, rtol=1e-3):
        return "this gradient still has the scale in it"
    if np.allclose(came_N * want_N, wide_N**2, rtol=1e-3, atol=0):
        return "it was multiplied by the scale: the scale is in it already, and a division takes it out"
    if np.allclose(2 * came_N, want_N, rtol=1e-5, atol=0):
        return "half of the gradient came: was it divided by the next step's scale? This step's scale is in it"
    if ((came_N == 0) & (want_N != 0)).any():
        return "small numbers became zero again: it was divided in float16. Go to float32 first"
    if np.allclose(came_N, want_N, rtol=2e-3, atol=1.2e-7):
        return "small numbers are inexact: it was divided in float16. Go to float32 first"
    return ""


# ---- part 5: a net


class WatchedNet(Served):
    """A net with two layers and a squared loss. It takes float16 weights and gives float16 gradients.

    Attributes:
        calls: for each call, (weights, scale, gradients of scale · loss as they were given out).
    """

    def __init__(self, x_NF, y_N, shapes, factor=1.0):
        self._x_NF, self._y_N, self._shapes, self._factor, self.calls = x_NF, y_N, shapes, factor, []

    @exposed
    def backward(self, weights16, scale):
        scale = number(scale, "backward: the scale")
        weights = self._weights(weights16)
        h_NH = np.tanh(self._x_NF @ weights["hidden"])
        d_N = 2 * (h_NH @ weights["output"] - self._y_N) / len(self._y_N)
        d_NH = d_N[:, None] * weights["output"] * (1 - h_NH**2)
        true = {"hidden": self._x_NF.T @ d_NH, "output": h_NH.T @ d_N}
        with np.errstate(over="ignore"):
            scaled = {name: (self._factor * g * scale).astype(np.float16) for name, g in true.items()}
        self.calls.append((weights, scale, scaled))
        return scaled

    def _weights(self, weights16):
        if not isinstance(weights16, dict) or set(weights16) != set(self._shapes):
            raise Refuse(f"backward: expected a dict with the names {sorted(self._shapes)}", type="TypeError")
        for name, w in weights16.items():
            if not isinstance(w, np.ndarray) or w.dtype != np.float16 or w.shape != self._shapes[name]:
                came = f"{w.dtype} of shape {w.shape}" if isinstance(w, np.ndarray) else type(w).__name__
                wanted = f"float16 of shape {self._shapes[name]}"
                raise Refuse(f"backward: {name}: expected {wanted}, came {came}", type="TypeError")
        return {name: w.astype(np.float64) for name, w in weights16.items()}


def random_task(rng, size=1.0, factor=1.0):
    """A net and its data; master weights that float16 does not have. `size`: of the targets; `factor`: of the loss."""
    shapes = {"hidden": (3, 4), "output": (4,)}
    net = WatchedNet(rng.normal(size=(16, 3)), size * rng.normal(2.0, 1.0, 16), shapes, factor)
    master = {name: (rng.uniform(0.5, 1, shape) * rng.choice([-1, 1], shape)) for name, shape in shapes.items()}
    return net, {name: w.astype(np.float32) for name, w in master.items()}


def check_master_stays(submission, net, master, *settings):
    """Fails when the dict that mixed_step got, or an array of it, is another one afterwards."""
    given = "scale {:g}, max_norm {:g}, learning_rate {:g}".format(*settings)
    names = dict(zip(("scale", "max_norm", "learning_rate"), settings, strict=True))
    values = submission.run("step", returns=["after", "new"], serve={"net": net}, given=given, master=master, **names)
    after = as_dict(values["after"], keys=master, name="master after the step")
    for name, w in master.items():
        if not np.array_equal(as_array(after[name], shape=w.shape, kind="float", name=name), w):
            why = f"array `{name}`: it belongs to the caller, and was changed in place. Return new arrays"
            raise CheckFailed(why, expected=w, came=after[name], given=given)
    check_answer(values["new"], net, master, settings, given)


def check_step(submission, net, master, scale, max_norm, learning_rate):
    """One step; fails unless it is master − learning_rate · clipped gradient, with the gradient that was given out."""
    settings = scale, max_norm, learning_rate
    given = f"scale {scale:g}, max_norm {max_norm:g}, learning_rate {learning_rate:g}"
    value = submission.call("mixed_step", master, net, *settings, given=given)
    check_answer(value, net, master, settings, given)


def check_answer(value, net, master, settings, given):
    """Fails unless these are the new weights that follow from the gradient which the net gave out."""
    scale = settings[0]
    new = as_dict(value, keys=master, name="what mixed_step returns")
    new = {name: as_array(new[name], shape=w.shape, kind="float", name=name) for name, w in master.items()}
    if len(net.calls) != 1:
        raise CheckFailed("one step asks the net once", expected="1 call of backward", came=str(len(net.calls)))
    weights, came_scale, scaled = net.calls[0]
    check_call(master, weights, scale, came_scale, given)
    gradient = {name: g.astype(np.float64) / scale for name, g in scaled.items()}
    norm = total_norm(gradient)
    check_new_weights(new, master, gradient, norm, settings, given)


def check_call(master, weights, scale, came_scale, given):
    if came_scale != scale:
        raise CheckFailed("the net got another scale", expected=f"{scale:g}", came=f"{came_scale:g}", given=given)
    for name, w in master.items():
        want = w.astype(np.float16).astype(np.float64)
        if not np.array_equal(weights[name], want):
            why = f"array `{name}`: these are not the master weights in float16"
            raise CheckFailed(why, expected=want, came=weights[name], given=given)


def check_new_weights(new, master, gradient, norm, settings, given):
    scale, max_norm, learning_rate = settings
    if not math.isfinite(norm):
        for name, w in master.items():
            if not np.array_equal(new[name], w):
                why = f"array `{name}`: the gradient was not finite, so this step is skipped"
                raise CheckFailed(why, expected=w, came=new[name], given=given)
        return
    shorter = max_norm / norm if norm > max_norm else 1.0
    moved = {name: new[name].astype(np.float64) - w for name, w in master.items()}
    want = {name: -learning_rate * shorter * g for name, g in gradient.items()}
    close = {name: is_same_step(moved[name], want[name]) for name in master}
    for name in master:
        if not close[name]:
            why = (
                why_step(moved, want, master, gradient, norm, settings)
                or f"array `{name}`: another step than in float32"
            )
            places = np.argsort(-np.abs(moved[name] - want[name]), axis=None, kind="stable")[:4]
            expected, came = (f"array `{name}` changes by {describe(values[name], places)}" for values in (want, moved))
            told = f"{given}; true norm of the gradient {norm:.4g}; up to 4 numbers that are most off"
            raise CheckFailed(why, expected=expected, came=came, given=told)


def describe(array, places):
    return np.array2string(np.asarray(array).ravel()[places], precision=6, separator=", ")


def why_step(moved, want, master, gradient, norm, settings):
    """The belief that gives this step; "" when none is known."""
    _, max_norm, learning_rate = settings
    if all(not values.any() for values in moved.values()):
        return "nothing changed: was the step rounded away, or skipped?"
    rounded = {name: w.astype(np.float16).astype(np.float64) - w for name, w in master.items()}
    if all(is_same_step(moved[name] - rounded[name], want[name]) for name in moved):
        return "the step started from the rounded weights: it has to start from the master weights"
    both = {name: (w + want[name]).astype(np.float16).astype(np.float64) - w for name, w in master.items()}
    same = all(is_same_step(moved[name], both[name]) for name in moved)
    if same or all(is_float16(moved[name] + master[name]) for name in moved):
        return "the new weights were rounded to float16: what was smaller than its spacing is lost"
    short = {name: g.astype(np.float16).astype(np.float64) for name, g in gradient.items()}
    factor = clip_factor(max(total_norm(short), 1e-300), max_norm)
    if all(is_same_step(moved[name], -learning_rate * factor * g) for name, g in short.items()):
        return "the gradient in its true size was rounded to float16. Go to float32 before you unscale"
    if all(is_same_step(moved[name], want[name].astype(np.float16)) for name in moved):
        return "the step was rounded to float16: keep it in float32"
    ratios = {name: float((moved[name] * want[name]).sum() / (want[name] ** 2).sum()) for name in moved}
    if not all(is_near(moved[name], ratio * want[name]) for name, ratio in ratios.items()):
        clipped = {name: -learning_rate * np.clip(g, -max_norm, max_norm) for name, g in gradient.items()}
        if all(is_same_step(moved[name], clipped[name]) for name in moved):
            return "each number was clipped for itself: one factor, for all numbers, keeps the direction"
        return ""
    first, *others = ratios.values()
    if any(not math.isclose(first, other, rel_tol=0.01) for other in others):
        own = [clip_factor(total_norm({name: g}), max_norm) for name, g in gradient.items()]
        if all(
            math.isclose(r * clip_factor(norm, max_norm), f, rel_tol=0.01)
            for r, f in zip(ratios.values(), own, strict=True)
        ):
            return "each array was clipped by its own norm: the gradient has one norm, over all arrays"
        return "the arrays were made longer or shorter by different factors: clipping keeps the direction of the whole"
    return why_length(first, gradient, norm, settings)


def why_length(ratio, gradient, norm, settings):
    """Why a step along the gradient has this many times the right length; all beliefs that fit."""
    scale, max_norm, learning_rate = settings
    if ratio < 0:
        return "the step has the wrong sign: learning_rate · gradient is subtracted"
    shorter = clip_factor(norm, max_norm)
    if shorter < 1 and math.isclose(ratio * shorter, 1, rel_tol=0.002):
        return "the gradient was not clipped, though its norm, over all arrays together, is above max_norm"
    if math.isclose(ratio, 1, rel_tol=0.01):
        return "nearly right: was the gradient, its norm or the step rounded to float16? Go to float32 first"
    numbers_N = np.concatenate([g.ravel() for g in gradient.values()])
    left_in, twice = clip_factor(norm * scale, max_norm), clip_factor(norm / scale, max_norm)
    beliefs = {
        "the gradient was shorter than max_norm and was made longer: clipping only makes it shorter": [max_norm / norm],
        "the scale is still in the step: the gradient has to be unscaled": [scale, scale * shorter, scale * left_in],
        "the norm was taken while the scale was in it: unscale first": [left_in],
        "the scale was taken out twice": [shorter / scale, twice / scale],
    }
    norms = {
        "the sum of the squares was taken for the norm, without the root": norm**2,
        "the norms of the arrays were added: one norm has the squares of all arrays under its root": sum(
            np.linalg.norm(g) for g in gradient.values()
        ),
        "the sizes of all numbers were added: the norm is the root of the sum of their squares": abs(numbers_N).sum(),
        "the largest number was taken for the norm": abs(numbers_N).max(),
        "the step was clipped: clip the gradient, without the learning rate in it": norm * learning_rate,
    }
    beliefs |= {why: [clip_factor(taken, max_norm)] for why, taken in norms.items()}
    fitting = [
        why for why, factors in beliefs.items() if any(math.isclose(ratio * shorter, f, rel_tol=0.01) for f in factors)
    ]
    how = f"{ratio:,.4g} times too long" if ratio > 1 else f"{1 / ratio:,.4g} times too short"
    return "; or ".join(fitting) or f"the step is {how}"


def clip_factor(norm, max_norm):
    return min(1.0, max_norm / norm)


def total_norm(gradient):
    return math.sqrt(sum(float((g**2).sum()) for g in gradient.values()))


def is_same_step(a, b):
    """Whether float32 rounding alone can make the difference."""
    # float32 holds a weight below 2 within 6e-8; two roundings of it, and 1 part in 5,000 of the step itself.
    return bool(np.allclose(a, b, rtol=2e-4, atol=1.5e-7))


def is_near(a, b):
    return bool(np.allclose(a, b, rtol=2e-2, atol=3e-7))


def is_float16(array):
    return bool(np.array_equal(np.asarray(array).astype(np.float16).astype(np.float64), array))
