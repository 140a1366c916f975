"""The visible checks. pearl-00000002: a word that a learner may find, so that a search that finds nothing is a bug."""

import numpy as np

from workbench.checks import as_array, as_number, close, expect, part
from workbench.served import Refuse, Served, exposed

total_part = part("total", title="A running total")
pairs_part = part("pairs", title="Pairs")
tray_part = part("tray", title="A tray")


class Tray(Served):
    """Hands out weights, and counts here what was taken: a count on the learner's side would decide nothing."""

    def __init__(self, weights):
        self._weights = list(weights)
        self.taken = 0

    @exposed
    def left(self):
        return len(self._weights)

    @exposed
    def take(self):
        if not self._weights:
            raise Refuse("the tray is empty", type="ValueError")
        self.taken += 1
        return self._weights.pop()


@total_part.check(points=1, hints=["What is the total after the second value?"])
def adds_two_values(submission):
    values_N = submission.rng.integers(1, 9, size=2)
    got_N = as_array(submission.call("running_total", values_N, timeout_s=1), shape=(2,))
    expect(close(got_N, [values_N[0], values_N.sum()]), expected=[values_N[0], values_N.sum()], came=got_N)


@pairs_part.check(points=1)
def is_a_possible_number(submission):
    n_pairs = as_number(submission.get("n_pairs", timeout_s=1), kind="int")
    expect(12 < n_pairs < 144, expected="more than 12, less than 144", came=n_pairs)


@tray_part.check(points=1)
def weighs_one_thing(submission):
    tray = Tray([2.5])
    weight = as_number(submission.call("weigh", serve={"tray": tray}, timeout_s=1))
    expect(np.isclose(weight, 2.5), expected=2.5, came=weight)
