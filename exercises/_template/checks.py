"""The visible checks: released as they are, so never write an answer in here.

A check states a property. Its inputs are fresh each time (`submission.rng`); what the learner's code returns is only a
value. Two hints at most, each a question that a tutor would ask. A part's points are the sum of its checks' points.
"""

import numpy as np

from workbench.checks import as_array, as_number, close, expect, part

running_mean_part = part("running-mean", title="The mean of each window")
n_means_part = part("n-means", title="How many means")
spike_part = part("spike", title="One spike")  # a check of a choice would tell the answer: it is in hidden.py alone

WINDOW = 3


def means_by_loop(values_N, window):
    return np.array([sum(values_N[i : i + window]) / window for i in range(len(values_N) - window + 1)])


@running_mean_part.check(
    points=2,
    hints=[
        "In how many places does a window of 3 fit on 5 values?",
        "Which values belong to the first mean, which to the last?",
    ],
)
def agrees_with_a_loop(submission):
    values_N = submission.rng.normal(20.0, 5.0, size=6)
    want_M = means_by_loop(values_N, WINDOW)
    got_M = as_array(submission.call("running_mean", values_N, WINDOW), shape=want_M.shape)
    expect(close(got_M, want_M), expected=want_M, came=got_M, given=values_N)


@running_mean_part.check(points=1, hints=["Who else might still need these values?"])
def leaves_its_input_alone(submission):
    """Arguments reach the learner's code as copies: what it does to them is seen there only, by a probe.

    A function that does nothing leaves its input alone too, so the means have to be right as well.
    """
    values_N = submission.rng.normal(20.0, 5.0, size=6)
    seen = submission.run("input_after_call", returns=["returned_M", "after_N"], values_N=values_N, window=WINDOW)
    want_M = means_by_loop(values_N, WINDOW)
    expect(close(seen["returned_M"], want_M), expected=want_M, came=seen["returned_M"], given=values_N)
    after_N = as_array(seen["after_N"], shape=values_N.shape)
    expect(close(after_N, values_N), expected=values_N, came=after_N, why="the input was changed by the call")


@n_means_part.check(points=1, hints=["Try it with 5 values and a window of 3, on paper."])
def is_a_possible_number(submission):
    n_means = as_number(submission.get("n_means"), kind="int")
    expect(500 < n_means < 1000, expected="most, but not all, of the 1,000 places", came=n_means)
