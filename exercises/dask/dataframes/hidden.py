"""Further checks of dask/dataframes; never released."""

import statistics

import numpy as np
from checks import join_part, shuffle_part, skew_part, tree_part
from checks_partials import (
    PARTIAL_COLUMNS,
    amounts_told,
    as_summary,
    call_chunk,
    call_combine,
    call_finalise,
    check_empty,
    check_summary,
    draw_amounts,
    orders_of,
    partial_of,
    partials_told,
    union,
)
from checks_plans import (
    check_joined,
    check_messages,
    check_reads,
    check_rows,
    draw_places,
    join_case,
    shuffle_case,
)
from checks_skew import carry_out, check_copies, check_load, skewed_partitions

from workbench.checks import close, expect

# ---- 1 · shuffle-cost


@shuffle_part.check(
    points=1,
    title="A larger table",
    hints=[
        "Which rows are already in the right place?",
        "Two rows go from partition 0 to partition 2. How many messages are that?",
    ],
)
def larger_table(submission):
    ways_of_partition = submission.rng.permutation([1, 1, 2, 2, 3, 4, 4]).tolist()
    shuffle = shuffle_case(submission.rng, draw_places(submission.rng, ways_of_partition), most_rows=40)
    check_rows(submission, shuffle)
    check_messages(submission, shuffle)


@shuffle_part.check(
    points=1,
    title="An empty partition, and one that may stay",
    hints=["What does an empty partition send?", "And one in which every row is already in the right place?"],
)
def empty_partition_sends_nothing(submission):
    ways_of_partition = submission.rng.permutation([1, 2, 3]).tolist()
    ways_of_partition[1:1] = [None, 0]  # after the first: one without rows, one whose rows are all in the right place
    shuffle = shuffle_case(submission.rng, draw_places(submission.rng, ways_of_partition), most_rows=5)
    check_rows(submission, shuffle)
    check_messages(submission, shuffle)


# ---- 2 · join


@join_part.check(
    points=2,
    title="A partition of the result needs one partition of orders",
    hints=[
        "To compute partition 0 of your result, which partitions of orders have to be read?",
        "Is anything computed while the plan is still being made?",
    ],
)
def reads_only_its_own_partition(submission):
    """Nobody can deliver partition 0 of the right result before other partitions were read, unless orders stay."""
    sizes = submission.rng.integers(12, 30, size=5).tolist()
    store, shops_tables, want = join_case(submission.rng, sizes, n_shops=15, n_shop_partitions=3)
    check_joined(submission, store, shops_tables, want)
    check_reads(store)


@join_part.check(
    points=1,
    title="Other numbers of partitions, one of them empty",
    hints=[
        "Does your join work if shops has one partition, or more than orders?",
        "What does your join do with a partition of orders that has no rows?",
    ],
)
def other_numbers_of_partitions(submission):
    for sizes, n_shop_partitions in (([9, 0, 4], 1), ([6, 8], 5)):
        store, shops_tables, want = join_case(submission.rng, sizes, 10, n_shop_partitions)
        delivered = check_joined(submission, store, shops_tables, want)
        after = [len(table) for table in delivered]
        expect(after == sizes, expected=f"rows per partition: {sizes}", came=f"rows per partition: {after}")


# ---- 3 · tree


def reduce_by_random_tree(submission, partials):
    """Merges the partials in a tree of random shape and order, down to one."""
    rng, waiting = submission.rng, list(partials)
    while len(waiting) > 1:
        chosen = rng.permutation(len(waiting))[: int(rng.integers(2, 5))].tolist()
        merged = call_combine(submission, [waiting[i] for i in chosen])
        waiting = [partial for i, partial in enumerate(waiting) if i not in chosen]
        waiting.append(merged)
    return call_combine(submission, waiting)


@tree_part.check(
    points=2,
    title="Every tree gives the same",
    hints=[
        "What your combine gives back goes into combine again. Is it a partial in every column?",
        "One partition has 2 orders of a shop, another has 50. Whose mean counts more? And how far apart are they?",
    ],
)
def every_tree_gives_the_same(submission):
    """The learner's code sees none of the orders, only partials that were made here."""
    rng = submission.rng
    shops = rng.choice(1000, 6, replace=False)
    parts = [
        draw_amounts(rng, rng.choice(shops, int(rng.integers(1, 6)), replace=False), most)
        for most in (2, 3, 5, 8, 13, 21, 34, 50)
    ]
    want, partials = partial_of(union(*parts)), [partial_of(amounts_of_shop) for amounts_of_shop in parts]
    for _ in range(2):
        check_summary(reduce_by_random_tree(submission, partials), want, partials_told(partials))
    check_summary(call_combine(submission, partials), want, partials_told(partials))


# Errors allowed at an offset of 1e9: of m2 relative, of the mean absolute. The solution's worst of ten seeds is 4e-8
# and 2.4e-7; that of Welford's update, one order at a time, 1.3e-7 (of 400 seeds 6e-7) and 3.6e-7. float64 has steps
# of 1.2e-7 there. Rounding errors are bounded: no false alarm. Sums of squares are wrong in the first digit.
STABLE_RTOL, STABLE_ATOL = 1e-4, 1e-5


@tree_part.check(
    points=2,
    title="Amounts near 1,000,000,000",
    hints=[
        "Which of your intermediate numbers is about a billion times a billion? How many digits has a float64?",
        "Which differences stay small, however large the amounts are?",
    ],
)
def amounts_near_a_billion(submission):
    """References are exact: the statistics module computes with fractions."""
    rng, offset = submission.rng, 1e9
    parts = [draw_amounts(rng, [3, 5, 8], 40, offset=offset) for _ in range(6)]
    partials = [partial_of(amounts_of_shop) for amounts_of_shop in parts]
    for got, want in (
        (call_chunk(submission, orders_of(parts[0], rng)), partials[0]),
        (reduce_by_random_tree(submission, partials), partial_of(union(*parts))),
    ):
        check_summary(got, want, partials_told(partials), rtol=STABLE_RTOL)
        got_S, want_S = (table.sort_values("shop")["mean"].to_numpy() - offset for table in (got, want))
        expect(close(got_S, want_S, rtol=0, atol=STABLE_ATOL), expected=want_S, came=got_S, why="mean less a billion")


@tree_part.check(
    points=1,
    title="Partials are small",
    hints=[
        "A partition has 3,000 orders of 4 shops. How many numbers leave it?",
        "And how many numbers leave combine, if it merges 10 such partials?",
    ],
)
def partials_are_small(submission):
    rng = submission.rng
    shops = rng.choice(50, 4, replace=False).tolist()
    amounts_of_shop = {shop: rng.gamma(4.0, 12.5, 750).tolist() for shop in shops}
    partial, ten = partial_of(amounts_of_shop), partial_of(union(*[amounts_of_shop] * 10))
    most_bytes = 2 * len(shops) * len(PARTIAL_COLUMNS) * 8  # twice what four columns of numbers need
    for name, argument, want in (("chunk", orders_of(amounts_of_shop, rng), partial), ("combine", [partial] * 10, ten)):
        sent = submission.call(name, argument)
        got = as_summary(sent, PARTIAL_COLUMNS, f"what {name} gave back")
        size = int(sent.memory_usage(index=True, deep=True).sum())
        came = f"{size:,} bytes in {len(sent):,} rows and {sent.shape[1]} columns"
        expect(size <= most_bytes, expected=f"at most {most_bytes} bytes", came=came, why=f"{name} sends too much")
        check_summary(got, want, lambda _: "750 orders")


@tree_part.check(
    points=1,
    title="Partitions without orders",
    hints=["What is left of a partition after a filter that no order passes?", "What has combine to do with it?"],
)
def partitions_without_orders(submission):
    rng = submission.rng
    amounts_of_shop = draw_amounts(rng, [4, 6], 5)
    orders, partial = orders_of(amounts_of_shop, rng), partial_of(amounts_of_shop)
    check_empty(submission, orders)
    merged = call_combine(submission, [partial, partial.iloc[:0], partial])
    want = partial_of(union(amounts_of_shop, amounts_of_shop))
    check_summary(merged, want, lambda _: "an empty partial between two others")


@tree_part.check(
    points=1,
    title="A shop with one order",
    hints=["How much do the amounts of one single order vary?", "Is that known to be nothing, or is it not known?"],
)
def shop_with_one_order(submission):
    amounts_of_shop = draw_amounts(submission.rng, [1, 2], 6) | {9: [float(submission.rng.integers(5, 90))]}
    amounts = [amounts_of_shop[shop] for shop in amounts_of_shop]
    var = [statistics.variance(x) if len(x) > 1 else np.nan for x in amounts]
    partial = partial_of(amounts_of_shop)
    want = partial[["shop", "count", "mean"]].assign(var=var)
    check_summary(call_finalise(submission, partial), want, amounts_told(amounts_of_shop))


# ---- 4 · skew


@skew_part.check(
    points=2,
    title="Several hot shops, or none",
    hints=[
        "Does your plan find a second hot shop?",
        "What does your plan do if all shops have equally many orders?",
    ],
)
def several_hot_shops_or_none(submission):
    first, second, third = submission.rng.choice(200, 3, replace=False).tolist()
    for share_of_hot in ({first: 0.35, second: 0.25}, {first: 0.3, second: 0.2, third: 0.2}, {}):
        carried = carry_out(submission, skewed_partitions(submission.rng, share_of_hot), n_workers=8)
        check_load(carried)
        check_copies(carried)


@skew_part.check(
    points=1,
    title="A warm shop",
    hints=[
        "Can a shop be too much for one worker, although it has less than a fair share of the orders?",
        "What else does that worker have to do?",
    ],
)
def warm_shop(submission):
    """One shop has 0.7 of a fair share: with the rest of its worker's orders that is too much."""
    hot, warm = submission.rng.choice(200, 2, replace=False).tolist()
    partitions = skewed_partitions(submission.rng, {hot: 0.3, warm: 0.7 / 8})
    carried = carry_out(submission, partitions, n_workers=8)
    check_load(carried)
    check_copies(carried)
