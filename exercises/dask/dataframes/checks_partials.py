"""Partials by exact arithmetic, and what looks at those of the answers."""

import math
import statistics

import numpy as np
import pandas as pd

from workbench.checks import CheckFailed, as_table, close, expect

PARTIAL_COLUMNS = ["shop", "count", "mean", "m2"]


def orders_of(amounts_of_shop, rng):
    """A partition, in random order, with these amounts for each shop."""
    rows = [(shop, amount) for shop, amounts in amounts_of_shop.items() for amount in amounts]
    rows = [rows[i] for i in rng.permutation(len(rows))]
    shop_R, amount_R = [shop for shop, _ in rows], [amount for _, amount in rows]
    return pd.DataFrame({"order": np.arange(len(rows)), "shop": shop_R, "amount": amount_R})


def partial_of(amounts_of_shop):
    """The partial of these amounts, by exact arithmetic: the statistics module computes with fractions."""
    rows = [
        (shop, len(amounts), statistics.mean(amounts), statistics.pvariance(amounts) * len(amounts))
        for shop, amounts in amounts_of_shop.items()
    ]
    return pd.DataFrame(rows, columns=PARTIAL_COLUMNS)


def union(*parts):
    """All amounts of each shop in several partitions."""
    shops = sorted({shop for amounts_of_shop in parts for shop in amounts_of_shop})
    return {shop: [x for amounts_of_shop in parts for x in amounts_of_shop.get(shop, [])] for shop in shops}


def draw_amounts(rng, shops, most, offset=0.0):
    """Random amounts, at least two for each shop, with means that differ from draw to draw."""
    drawn = {}
    for shop in shops:
        z_R = rng.normal(rng.uniform(-3.0, 3.0), rng.uniform(0.5, 2.0), int(rng.integers(2, most + 1)))
        drawn[int(shop)] = (offset + z_R).round(2).tolist()
    return drawn


def as_summary(value, columns, name, only=False):
    """These columns of the value, as a clean table of numbers; nan where a number is missing. only: no others."""
    table = as_table(value, columns=columns, numeric=columns, name=name)
    if only:
        more = [column for column in value.columns.tolist() if column not in columns]
        why = f"{name} has too many columns"
        expect(not more, expected=f"the columns {columns}, no others", came=f"also {more}", why=why)
    return table


def call_chunk(submission, orders, only=False):
    return as_summary(submission.call("chunk", orders), PARTIAL_COLUMNS, "what chunk gave back", only)


def call_combine(submission, partials, only=False):
    return as_summary(submission.call("combine", partials), PARTIAL_COLUMNS, "what combine gave back", only)


def call_finalise(submission, partial, only=False):
    columns = ["shop", "count", "mean", "var"]
    return as_summary(submission.call("finalise", partial), columns, "what finalise gave back", only)


def check_empty(submission, orders):
    """Fails unless chunk makes a partial without rows from a partition without rows."""
    given = "a partition without rows"
    try:
        empty = call_chunk(submission, orders.iloc[:0])
    except CheckFailed as failure:
        failure.add_given(given)
        raise
    expect(len(empty) == 0, expected="a partial without rows", came=empty, given=given)


def check_summary(got, want, given, rtol=1e-6):
    """Fails unless got has the rows of want. given: a function of the shop that differs; its text says what went in."""
    shops_got, shops_want = sorted(got["shop"].tolist()), sorted(want["shop"].tolist())
    came = f"{len(shops_got)} rows, for the shops {shops_got[:12]}"
    expect(shops_got == shops_want, expected=f"{len(shops_want)} rows, one for each shop: {shops_want}", came=came)
    rows_got, rows_want = (table.sort_values("shop").to_dict("records") for table in (got, want))
    for row_got, row_want in zip(rows_got, rows_want, strict=True):
        for column, number in row_want.items():
            if not close(row_got[column], number, rtol=rtol):
                expected, came = number_told(number), number_told(row_got[column])
                where = f"shop {row_want['shop']:g}: {given(row_want['shop'])}"
                raise CheckFailed(f"column {column} differs", expected=expected, came=came, given=where)


def number_told(number):
    return "missing (nan)" if math.isnan(number) else f"{number:.8g}"


def amounts_told(*parts):
    """What went in, for check_summary: the amounts of the shop in each partition that has some."""

    def told(shop):
        amounts = [amounts_of_shop[shop] for amounts_of_shop in parts if shop in amounts_of_shop]
        return "amounts " + " and ".join(map(str, amounts))

    return told


def partials_told(partials):
    """What went in, for check_summary: count, mean and m2 of the shop in each partial that has it."""

    def told(shop):
        rows = [row for partial in partials for row in partial.round(4).values.tolist() if row[0] == shop]
        return "; ".join(f"count {count:g}, mean {mean:g}, m2 {m2:g}" for _, count, mean, m2 in rows)

    return told
