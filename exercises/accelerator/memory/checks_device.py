"""Part 3: a device that stores the activations of a forward pass, and frees them in the backward pass."""

import math

import numpy as np

from workbench.checks import CheckFailed, LearnerError
from workbench.served import Refuse, Served, exposed

LEARNING_RATE = 0.25


class TrainingDevice(Served):
    """Trains a linear model; the loss is the mean squared error over the tokens that count.

    Args:
        tokens: for each row, how many of its tokens count.
        fit_rows: the activations of so many rows fit into its memory.
        seed: of data and first weights; devices with the same tokens and seed are twins.

    Attributes:
        weights, gradient: as they are now, 3 numbers each.
        passes, peak_rows, steps: forward passes, most rows in memory at once, changes of the weights, until now.
    """

    def __init__(self, tokens, fit_rows, seed):
        rng = np.random.default_rng(seed)
        self.constants = {"n_rows": len(tokens), "fit_rows": int(fit_rows)}
        self.n_rows, self.fit_rows = len(tokens), int(fit_rows)
        self.tokens = [int(n) for n in tokens]
        self._rows = [(rng.normal(size=(n, 3)), rng.normal(size=n) + 4 * row) for row, n in enumerate(tokens)]
        self.weights, self.gradient = rng.normal(size=3), np.zeros(3)
        self.passes = self.peak_rows = self.steps = 0
        self.row_log, self._in_memory = [], []

    @exposed
    def forward(self, first, last):
        rows = self._check_rows("forward", first, last)
        stored = sum(len(of_pass) for of_pass in self._in_memory) + len(rows)
        if stored > self.fit_rows:
            text = f"out of memory: the activations of {stored} rows would lie there, and {self.fit_rows} fit"
            raise Refuse(text, type="MemoryError")
        self._in_memory.append(rows)
        self.passes, self.peak_rows = self.passes + 1, max(self.peak_rows, stored)
        self.row_log += rows
        x, error = self._errors(rows)
        return float((error**2).mean())

    @exposed
    def backward(self, scale=1.0):
        if not isinstance(scale, (int, float)) or not math.isfinite(scale):
            raise Refuse("backward: scale has to be a finite number", type="TypeError")
        if not self._in_memory:
            raise Refuse("backward: there are no activations; call forward first")
        x, error = self._errors(self._in_memory.pop())
        self.gradient = self.gradient + float(scale) * 2 * error @ x / len(error)

    @exposed
    def count_tokens(self, first, last):
        return sum(self.tokens[row] for row in self._check_rows("count_tokens", first, last))

    @exposed
    def zero_grad(self):
        self.gradient = np.zeros(3)

    @exposed
    def step(self):
        self.steps += 1
        self.weights = self.weights - LEARNING_RATE * self.gradient

    def _errors(self, rows):
        x = np.concatenate([self._rows[row][0] for row in rows])
        return x, x @ self.weights - np.concatenate([self._rows[row][1] for row in rows])

    def _check_rows(self, method, first, last):
        if not all(isinstance(row, int) for row in (first, last)) or not 0 <= first < last <= self.n_rows:
            rows = f"the rows are 0 to {self.n_rows - 1}, and last is one behind the last row"
            raise Refuse(f"{method}({first}, {last}): {rows}", type="ValueError")
        return list(range(first, last))


def twin(device):
    """A device with the same data and weights, a fresh gradient, and room for all rows."""
    other = TrainingDevice(device.tokens, device.n_rows, seed=0)
    other._rows, other.weights = device._rows, device.weights
    return other


def gradient_of(device, first, last):
    other = twin(device)
    other.forward(first, last)
    other.backward()
    return other.gradient


def random_device(submission, tokens, fit_rows):
    return TrainingDevice(tokens, fit_rows, seed=int(submission.rng.integers(2**31)))


def check_step(submission, device):
    """Lets the learner make one step, and compares with a twin that has room for the big batch."""
    before, left_over, steps_before = device.weights, device.gradient, device.steps
    passes_before, rows_before = device.passes, len(device.row_log)
    believed = beliefs(device, before, left_over)
    want = before - LEARNING_RATE * gradient_of(device, 0, device.n_rows)
    given = f"{device.n_rows} rows with {device.tokens} tokens that count, {device.fit_rows} rows fit"
    try:
        submission.call("train_step", device, given=given)
    except LearnerError as failure:
        if failure.type == "MemoryError" and device._in_memory:
            why = f"{failure.why}. Activations stay until backward() has used them: when does it come?"
            raise CheckFailed(why, given=given, **{"came": failure.came} if failure.came else {}) from None
        raise
    steps, passes = device.steps - steps_before, device.passes - passes_before
    seen = device.row_log[rows_before:]
    problem = ""
    if steps != 1:
        problem = f"step() was called {steps} times: the weights have to change once, after all rows"
    elif sorted(seen) != list(range(device.n_rows)):
        missing = sorted(set(range(device.n_rows)) - set(seen))
        problem = f"rows {missing} were never sent through" if missing else "some rows were sent through twice"
    elif not np.allclose(device.weights, want, rtol=1e-7, atol=1e-9):
        told = [text for weights, text in believed if np.allclose(device.weights, weights, rtol=1e-7, atol=1e-9)]
        problem = told[0] if told else "the weights differ from those after a step on the big batch"
    if problem:
        expected, came = f"weights {shown(want)}", f"weights {shown(device.weights)}"
        raise CheckFailed(problem, expected=expected, came=came, given=given)
    fewest = -(-device.n_rows // device.fit_rows)
    if passes > fewest:
        why = "the step is right, but each pass costs time: fill the memory with each of them"
        raise CheckFailed(why, expected=f"{fewest} forward passes", came=f"{passes} forward passes", given=given)


def beliefs(device, before, left_over):
    """What the weights become by usual mistakes, and what to say."""
    n_rows, fit_rows = device.n_rows, device.fit_rows
    bounds = [(first, min(first + fit_rows, n_rows)) for first in range(0, n_rows, fit_rows)]
    gradients = [gradient_of(device, *rows) for rows in bounds]
    by_rows = sum(g * (last - first) for g, (first, last) in zip(gradients, bounds, strict=True)) / n_rows
    full = gradient_of(device, 0, device.n_rows)
    told = [
        (sum(gradients), "the sum of the means of all micro-batches came: it grows with the number of micro-batches"),
        (sum(gradients) / len(gradients), "each micro-batch got the same vote, but a small one should count less"),
        (by_rows, "micro-batches were weighed by rows, but the loss is a mean over tokens that count"),
        (full + left_over, "the gradient of the step before is still in it"),
    ]
    first, last = bounds[-1]
    shares = (1, sum(device.tokens[first:last]) / sum(device.tokens), (last - first) / n_rows, 1 / len(bounds))
    only_last = "only the last micro-batch is left in the gradient: when is it set to 0?"
    told += [(share * gradients[-1], only_last) for share in shares]
    told += [(g + left_over, f"{text}; and the gradient of the step before is still in it") for g, text in told[:3]]
    return [(before - LEARNING_RATE * g, text) for g, text in told]


def shown(numbers):
    return "[" + ", ".join(f"{number:.5g}" for number in numbers) + "]"
