"""The visible checks of dask/dataframes; what the hidden ones share with them is in checks_*.py."""

import pandas as pd
from checks_partials import (
    amounts_told,
    call_chunk,
    call_combine,
    call_finalise,
    check_summary,
    draw_amounts,
    orders_of,
    partial_of,
    partials_told,
    union,
)
from checks_plans import check_cost, check_joined, check_reads, join_case, needs, shuffle_case
from checks_skew import carry_out, check_copies, check_load, one_hot_shop, skewed_partitions, two_warm_shops

from workbench.checks import expect, part

shuffle_part = part("shuffle-cost", title="What a shuffle moves")
join_part = part("join", title="A join that moves nothing big")
tree_part = part("tree", title="Statistics in a tree")
skew_part = part("skew", title="One hot key")


# ---- 1 · shuffle-cost


@shuffle_part.check(
    points=1,
    title="A small table",
    hints=[
        "Take the example above. Which rows could stay, and did you leave them out?",
        "For one partition, list where its rows have to go. How many different places, other than itself, are in that "
        "list?",
    ],
)
def small_table(submission):
    """Two partitions write to each other and to the third, which is empty: 4 messages."""
    ways_of_partition = [2, 2, 2]
    ways_of_partition[int(submission.rng.integers(3))] = None
    check_cost(submission, *shuffle_case(submission.rng, ways_of_partition, most_rows=2))


# ---- 2 · join


@join_part.check(
    points=1,
    title="The same rows as pandas",
    hints=[
        "Which orders are missing, or too many? What do their shops have in common?",
        "What happens to an order whose shop is not in shops: which kind of join keeps it?",
    ],
)
def same_rows_as_pandas(submission):
    check_joined(submission, *join_case(submission.rng, sizes=[5, 7, 6], n_shops=6, n_shop_partitions=3))


@join_part.check(
    points=1,
    title="Orders stay in their partitions",
    hints=[
        "Which of the two tables could you afford to send to everybody?",
        "merge looks at the number of partitions, not at the number of rows. What would shops have to look like?",
    ],
)
def orders_stay(submission):
    store, shops_tables, want = join_case(submission.rng, sizes=[35, 30, 33, 35], n_shops=12, n_shop_partitions=4)
    with needs("The same rows as pandas"):
        delivered = check_joined(submission, store, shops_tables, want)
    before, after = [len(table) for table in store.partitions], [len(table) for table in delivered]
    moved = "the big table was moved"
    expect(before == after, expected=f"rows per partition: {before}", came=f"rows per partition: {after}", why=moved)
    for number, (was, now) in enumerate(zip(store.partitions, delivered, strict=True)):
        same = sorted(was["order"].tolist()) == sorted(now["order"].tolist())
        came = f"partition {number} holds orders {sorted(now['order'].tolist())[:8]} …"
        expect(same, expected=f"partition {number}: {sorted(was['order'].tolist())[:8]} …", came=came, why=moved)
    check_reads(store)


# ---- 3 · tree


@tree_part.check(
    points=1,
    title="chunk describes one partition",
    hints=[
        "How many rows does a partial have, if 3 shops have 7 orders together?",
        "Which mean does an order have to be compared with: that of the partition, or that of its shop?",
    ],
)
def chunk_describes_one_partition(submission):
    amounts_of_shop = {4: [10.0, 16.0], 7: [float(submission.rng.integers(1, 90))], 9: [1.0, 2.0, 6.0, 7.0]}
    amounts_of_shop[2] = draw_amounts(submission.rng, [2], 4)[2]
    got = call_chunk(submission, orders_of(amounts_of_shop, submission.rng))
    check_summary(got, partial_of(amounts_of_shop), amounts_told(amounts_of_shop))


@tree_part.check(
    points=1,
    title="combine equals one pass over all orders",
    hints=[
        "Two partitions: 2 orders with mean 4 and 1,000 orders with mean 2. What is the mean of all, about?",
        "Two partitions whose orders all cost 5 and all cost 9: m2 is 0 in both. Is it 0 for all orders together?",
    ],
)
def combine_equals_one_pass(submission):
    rng = submission.rng
    parts = [draw_amounts(rng, [1, 2], 2), draw_amounts(rng, [1, 3], 6), {1: [float(rng.integers(20, 40))]}]
    partials = [partial_of(amounts_of_shop) for amounts_of_shop in parts]
    check_summary(call_combine(submission, partials), partial_of(union(*parts)), partials_told(partials))


@tree_part.check(
    points=1,
    title="Your three functions together equal pandas",
    hints=[
        "Compute the three results by hand for one shop. Which function is the first that differs?",
        "var in pandas is the sample variance. What does it divide by?",
    ],
)
def equals_pandas(submission):
    rng = submission.rng
    shops = rng.choice(100, 5, replace=False)
    parts = [draw_amounts(rng, rng.choice(shops, 4, replace=False), 5, offset=50.0) for _ in range(3)]
    tables = [orders_of(amounts_of_shop, rng) for amounts_of_shop in parts]
    partial = call_combine(submission, [call_chunk(submission, table) for table in tables])
    want = pd.concat(tables).groupby("shop")["amount"].agg(["count", "mean", "var"]).reset_index()
    check_summary(call_finalise(submission, partial), want, amounts_told(*parts))


# ---- 4 · skew


@skew_part.check(
    points=1,
    title="Every order meets its shop once",
    hints=[
        "You distributed the orders of a shop. Where does the row of that shop have to be?",
        "For one hot shop, write down two lists: the workers with its orders, and those with its row. Do they agree?",
    ],
)
def no_order_is_lost(submission):
    for draw_hot, n_workers in ((one_hot_shop, 4), (two_warm_shops, 8)):
        carry_out(submission, skewed_partitions(submission.rng, draw_hot(submission.rng)), n_workers)


@skew_part.check(
    points=1,
    title="No worker has too many orders",
    hints=[
        "Which worker has the most orders? To how many different workers do the hot orders of one partition go?",
        "A shop has 0.8 of a fair share. What else does its worker hold?",
    ],
)
def no_worker_has_too_many(submission):
    """Once with one hot shop, once with two that have a little less than a fair share each."""
    for draw_hot in (one_hot_shop, two_warm_shops):
        with needs("Every order meets its shop once"):
            carried = carry_out(submission, skewed_partitions(submission.rng, draw_hot(submission.rng)), n_workers=8)
        check_load(carried)


@skew_part.check(
    points=1,
    title="Few copies of shops' rows",
    hints=[
        "How many shops are hot in your plan? How many would have to be?",
        "What does a shop with few orders gain from a second worker?",
    ],
)
def few_copies(submission):
    with needs("Every order meets its shop once"):
        carried = carry_out(submission, skewed_partitions(submission.rng, one_hot_shop(submission.rng)), n_workers=8)
    check_copies(carried)
