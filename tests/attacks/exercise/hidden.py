"""Hidden checks. canary-5e7a11ed: this word, and the values below, must be found nowhere outside the referee."""

import numpy as np
from checks import Tray, pairs_part, total_part, tray_part

from workbench.checks import as_array, as_number, close, expect

CANARY = "canary-5e7a11ee"
MARKED = 735192.25  # among the hidden inputs, so that one that comes out again is found


@total_part.check(points=2, title="Adds up a longer series", hints=["Does it hold for numbers below zero?"])
def adds_up_a_series(submission):
    values_N = np.append(submission.rng.normal(size=30), MARKED)
    got_N = as_array(submission.call("running_total", values_N, timeout_s=1), shape=(31,))
    expect(close(got_N, np.cumsum(values_N)), expected=CANARY, came=got_N, given=values_N)


@pairs_part.check(points=1)
def counts_every_pair_once(submission):
    n_pairs = as_number(submission.get("n_pairs", timeout_s=1), kind="int")
    expect(n_pairs == sum(a < b for a in range(12) for b in range(12)), expected=CANARY, came=n_pairs)


@tray_part.check(points=2, title="Takes each thing once")
def takes_each_thing_once(submission):
    weights = [MARKED, *submission.rng.integers(1, 99, size=6).tolist()]
    tray = Tray(weights)
    weight = as_number(submission.call("weigh", serve={"tray": tray}, timeout_s=1))
    expect(tray.taken == 7 and np.isclose(weight, sum(weights)), expected=CANARY, came=weight)
