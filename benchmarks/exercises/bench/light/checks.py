"""All checks are visible, so that plain `nbgrader autograde` gives the same marks."""

from workbench.checks import as_array, close, expect, part, tensor

softmax_part = part("softmax", title="Softmax")
standardise_part = part("standardise", title="Standardise")


def rows(submission, scale):
    x_BC = submission.rng.normal(0.0, scale, size=(4, 7))
    return x_BC, as_array(submission.call("softmax", tensor(x_BC)), shape=x_BC.shape)


@softmax_part.check(points=1)
def rows_sum_to_one(submission):
    x_BC, y_BC = rows(submission, 1.0)
    expect(close(y_BC.sum(1), 1.0), expected="every row sums to 1", came=y_BC.sum(1), given=x_BC)


@softmax_part.check(points=1)
def ratios_are_exponential(submission):
    x_BC, y_BC = rows(submission, 1.0)
    want = x_BC[:, 0] - x_BC[:, 1]
    expect(close(y_BC[:, 0], y_BC[:, 1] * 2.718281828459045**want), expected="e to the difference", came=y_BC)


@softmax_part.check(points=1)
def survives_large_logits(submission):
    x_BC, y_BC = rows(submission, 1000.0)
    expect(close(y_BC.sum(1), 1.0), expected="every row sums to 1", came=y_BC.sum(1), given=x_BC)


@standardise_part.check(points=1)
def mean_zero(submission):
    x_BD = submission.rng.normal(3.0, 2.0, size=(50, 4))
    y_BD = as_array(submission.call("standardise", tensor(x_BD)), shape=x_BD.shape)
    expect(close(y_BD.mean(0), 0.0), expected="means of 0", came=y_BD.mean(0))


@standardise_part.check(points=1)
def deviation_one(submission):
    x_BD = submission.rng.normal(3.0, 2.0, size=(50, 4))
    y_BD = as_array(submission.call("standardise", tensor(x_BD)), shape=x_BD.shape)
    expect(close(y_BD.std(0), 1.0), expected="deviations of 1", came=y_BD.std(0))
