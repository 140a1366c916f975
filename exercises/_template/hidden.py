"""Further checks of the same parts: never released. A learner sees title and hints, and whether they passed."""

from checks import means_by_loop, n_means_part, running_mean_part, spike_part

from workbench.checks import as_array, as_choice, as_number, close, expect


@running_mean_part.check(points=1, hints=["What type has the mean of 1 and 2?"])
def keeps_fractions_of_whole_numbers(submission):
    values_N = submission.rng.integers(-50, 50, size=40)
    window = int(submission.rng.integers(3, 8))
    want_M = means_by_loop(values_N, window)
    got_M = as_array(submission.call("running_mean", values_N, window), shape=want_M.shape)
    expect(close(got_M, want_M), expected=want_M, came=got_M, given=values_N)


@running_mean_part.check(points=1, hints=["How many full windows of 7 do 6 values have?"])
def refuses_a_window_that_does_not_fit(submission):
    """A function that always raises refuses too, so one that just fits has to be answered."""
    values_N = submission.rng.normal(size=6)
    want_M = means_by_loop(values_N, 6)
    got_M = as_array(submission.call("running_mean", values_N, 6), shape=want_M.shape)
    expect(close(got_M, want_M), expected=want_M, came=got_M, given=values_N)
    submission.raises("running_mean", values_N, 7, error="ValueError")


@n_means_part.check(points=1, hints=["Where does the first window begin, and where the last?"])
def counts_every_window(submission):
    n_means = as_number(submission.get("n_means"), kind="int")
    want = sum(start + 25 <= 1000 for start in range(1000))
    expect(n_means == want, expected=want, came=n_means)


@spike_part.check(points=1, title="What a spike becomes", hints=["How many windows contain the wrong value?"])
def spreads_over_the_window(submission):
    spike = as_choice(submission.get("spike"), ["gone", "one", "window", "all"])
    expect(spike == "window", expected="window", came=spike)
