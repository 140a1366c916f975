"""The visible checks of dask/dataframes; what the hidden ones share with them is in checks_*.py."""

import pandas as pd
from checks_partials import (
    amounts_told,
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
    check_columns,
    check_joined,
    check_messages,
    check_not_computed,
    check_reads,
    check_rows,
    check_stay,
    join_case,
    needs,
    small_shuffle,
)
from checks_skew import (
    carry_out,
    check_copies,
    check_load,
    one_hot_shop,
    skewed_partitions,
    twelve_warm_shops,
    two_warm_shops,
)

from workbench.checks import CheckFailed, part

shuffle_part = part("shuffle-cost", title="What a shuffle moves")
join_part = part("join", title="A join that moves nothing big")
tree_part = part("tree", title="Statistics in a tree")
skew_part = part("skew", title="One hot key")


# ---- 1 · shuffle-cost


@shuffle_part.check(
    points=0.5,
    title="Rows that move",
    hints=[
        "Take the example above. Which rows could stay, and did you leave them out?",
        "For one row: in which partition does it lie, and in which one does it have to end up?",
    ],
)
def rows_that_move(submission):
    check_rows(submission, small_shuffle(submission.rng))


@shuffle_part.check(
    points=0.5,
    title="Messages",
    hints=[
        "For one partition, list where its rows have to go. How many different places, other than itself, are in that "
        "list?",
        "Now do that for a partition in which no row may stay, and for an empty one.",
    ],
)
def messages(submission):
    check_messages(submission, small_shuffle(submission.rng))


# ---- 2 · join


@join_part.check(
    points=1,
    title="The same rows as pandas",
    hints=[
        "Which orders are missing, too many, or have another city? What do their shops have in common?",
        "What happens to an order whose shop is not in shops: which kind of join keeps it?",
    ],
)
def same_rows_as_pandas(submission):
    store, shops_tables, want = join_case(submission.rng, sizes=[5, 7, 6], n_shops=6, n_shop_partitions=3)
    check_joined(submission, store, shops_tables, want)
    check_columns(store)


@join_part.check(
    points=1,
    title="Orders stay in their partitions",
    hints=[
        "Which of the two tables could you afford to send to everybody?",
        "merge looks at the number of partitions, not at the number of rows. What would shops have to look like?",
    ],
)
def orders_stay(submission):
    """Once with as many partitions of shops as of orders, once with more."""
    for sizes, n_shop_partitions in (([35, 30, 33, 35], 4), ([22, 18, 25], 8)):
        store, shops_tables, want = join_case(submission.rng, sizes, n_shops=12, n_shop_partitions=n_shop_partitions)
        try:
            with needs("The same rows as pandas"):
                delivered = check_joined(submission, store, shops_tables, want)
            check_not_computed(store)
            check_stay(store, delivered)
            check_reads(store)
        except CheckFailed as failure:
            failure.add_given(f"partitions of orders: {len(sizes)}; of shops: {n_shop_partitions}")
            raise


# ---- 3 · tree


def chunk_case(rng):
    amounts_of_shop = {4: [10.0, 16.0], 7: [float(rng.integers(1, 90))], 9: [1.0, 2.0, 6.0, 7.0]}
    return amounts_of_shop | draw_amounts(rng, [2], 4)


def combine_case(rng):
    return [draw_amounts(rng, [1, 2], 2), draw_amounts(rng, [1, 3], 6), {1: [float(rng.integers(20, 40))]}]


@tree_part.check(
    points=0.5,
    title="chunk: count and mean of each shop",
    hints=[
        "How many rows does a partial have, if 3 shops have 7 orders together?",
        "Which columns does your table have if there are no orders at all?",
    ],
)
def chunk_counts_and_means(submission):
    amounts_of_shop = chunk_case(submission.rng)
    orders, want = orders_of(amounts_of_shop, submission.rng), partial_of(amounts_of_shop)
    check_summary(call_chunk(submission, orders, only=True), want.drop(columns="m2"), amounts_told(amounts_of_shop))
    check_empty(submission, orders)


@tree_part.check(
    points=0.5,
    title="chunk: m2 of each shop",
    hints=[
        "Which mean does an order have to be compared with: that of the partition, or that of its shop?",
        "For the shop that is shown: what is each amount less the mean, and what do the squares of these add up to?",
    ],
)
def chunk_m2(submission):
    amounts_of_shop = chunk_case(submission.rng)
    got = call_chunk(submission, orders_of(amounts_of_shop, submission.rng))
    check_summary(got, partial_of(amounts_of_shop)[["shop", "m2"]], amounts_told(amounts_of_shop))


@tree_part.check(
    points=0.5,
    title="combine: count and mean",
    hints=[
        "Two partitions: 2 orders with mean 4 and 1,000 orders with mean 2. What is the mean of all, about?",
        "A partial says count 3 and mean 4. What do these three amounts add up to?",
    ],
)
def combine_counts_and_means(submission):
    parts = combine_case(submission.rng)
    partials, want = [partial_of(amounts_of_shop) for amounts_of_shop in parts], partial_of(union(*parts))
    got = call_combine(submission, partials, only=True)
    check_summary(got, want.drop(columns="m2"), partials_told(partials))


@tree_part.check(
    points=0.5,
    title="combine: m2",
    hints=[
        "Two partitions whose orders all cost 5 and all cost 9: m2 is 0 in both. Is it 0 for all orders together?",
        "How far is the mean of one part from the mean of all, and for how many orders does that count?",
    ],
)
def combine_m2(submission):
    parts = combine_case(submission.rng)
    partials = [partial_of(amounts_of_shop) for amounts_of_shop in parts]
    got = call_combine(submission, partials)
    check_summary(got, partial_of(union(*parts))[["shop", "m2"]], partials_told(partials))


@tree_part.check(
    points=1,
    title="Your three functions together equal pandas",
    hints=[
        "Compute the three results by hand for one shop. Which function is the first that differs?",
        "var in pandas is the sample variance. What does it divide by, and what does that mean for one order alone?",
    ],
)
def equals_pandas(submission):
    """One shop has one order in all."""
    rng = submission.rng
    shops = rng.choice(100, 5, replace=False)
    parts = [draw_amounts(rng, rng.choice(shops, 4, replace=False), 5, offset=50.0) for _ in range(3)]
    parts[int(rng.integers(3))][int(rng.integers(100, 200))] = [float(rng.integers(20, 80))]
    tables = [orders_of(amounts_of_shop, rng) for amounts_of_shop in parts]
    partial = call_combine(submission, [call_chunk(submission, table) for table in tables])
    want = pd.concat(tables).groupby("shop")["amount"].agg(["count", "mean", "var"]).reset_index()
    check_summary(call_finalise(submission, partial, only=True), want, amounts_told(*parts))


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
    points=0.5,
    title="One hot shop: no worker has too many orders",
    hints=[
        "Which worker has the most orders, and of which shop are they? Did find_hot return that shop?",
        "To how many different workers do the hot orders of one partition go?",
    ],
)
def no_worker_has_too_many(submission):
    with needs("Every order meets its shop once"):
        carried = carry_out(submission, skewed_partitions(submission.rng, one_hot_shop(submission.rng)), n_workers=8)
    check_load(carried)


@skew_part.check(
    points=0.5,
    title="Small partitions: no worker has too many orders",
    hints=[
        "Each partition has 3 orders. Where do the hot orders of the first partition go, and where those of the next?",
        "Call your order_workers ten times with three orders of a hot shop. Which workers get one?",
    ],
)
def small_partitions(submission):
    """400 of 3 orders each."""
    partitions = skewed_partitions(submission.rng, one_hot_shop(submission.rng), rows_per_partition=3, n_partitions=400)
    with needs("Every order meets its shop once"):
        carried = carry_out(submission, partitions, n_workers=4)
    check_load(carried, "400 partitions of 3 orders; ")


@skew_part.check(
    points=0.5,
    title="Warm shops, each with less than a fair share",
    hints=[
        "A shop has 0.8 of a fair share. What else does its worker hold?",
        "Twelve shops have 0.4 of a fair share each. How many of them may one worker hold?",
    ],
)
def warm_shops(submission):
    for draw_hot, n_workers in ((two_warm_shops, 8), (twelve_warm_shops, 10)):
        share_of_hot = draw_hot(submission.rng)
        with needs("Every order meets its shop once"):
            carried = carry_out(submission, skewed_partitions(submission.rng, share_of_hot), n_workers)
        share = max(share_of_hot.values()) * n_workers
        check_load(carried, f"{len(share_of_hot)} shops have {share:.1f} of a fair share each; ")


@skew_part.check(
    points=0.5,
    title="Few copies of shops' rows",
    hints=[
        "How many shops are hot in your plan? How many would have to be?",
        "If no shop is hot, some shops still have a few orders more than others. Which of them does find_hot return?",
    ],
)
def few_copies(submission):
    """Once with one hot shop, once with none."""
    for share_of_hot in (one_hot_shop(submission.rng), {}):
        with needs("Every order meets its shop once"):
            carried = carry_out(submission, skewed_partitions(submission.rng, share_of_hot), n_workers=8)
        check_copies(carried)
