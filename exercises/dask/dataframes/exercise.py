# %% [markdown]
# # Partitions and shuffles
#
# Your join ran for an hour. Most of that time, rows were sent to other machines, and many of them did not need to move.
#
# After this exercise you can
#
# - count what such a move costs, before you pay for it;
# - join a big table with a small one without moving the big one;
# - compute counts, means and variances with messages of a few numbers;
# - find the one key that keeps one worker busy while the others wait, and spread it.
#
# | part | minutes | what you write |
# |---|---|---|
# | The two tables | 5 | nothing: run and look |
# | 1 · What a shuffle moves | 9 | one function |
# | 2 · A join that moves nothing big | 14 | one function, often one line; then a good place to stop |
# | 3 · Statistics in a tree | 40 | three functions; the end of the 68 minutes |
# | 4 · One hot key | + 23 | three short functions: a stretch, graded like the others |
#
# Run the cells from top to bottom. `wb.check("…")` checks your answer as often as you like. `wb.hint("…")` asks you a
# question that helps. When your work is graded, further checks run, on other tables. The cell after each check uses
# your functions on the tables of this notebook; it is not graded.

# %%
import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd

import workbench as wb

# %% tags=["parameters"]
n_rows = 100_000
n_partitions = 8

# %% [markdown]
# ## The two tables
#
# `orders` is big: one row for each order. `shops` is small: one row for each shop. Both are Dask tables. A Dask table
# is many pandas tables. Each of them is called a **partition**, and each may lie on a different machine. The column by
# which rows are matched or grouped is the **key**. Here the key is `shop`.

# %%
rng = np.random.default_rng(7)
n_shops = 50
orders_table = pd.DataFrame(
    {
        "order": np.arange(n_rows),
        "shop": rng.integers(0, n_shops + 2, n_rows),  # two shops that no longer exist
        "amount": rng.gamma(4.0, 12.5, n_rows),  # euros
    }
)
shops_table = pd.DataFrame({"shop": np.arange(n_shops), "city": rng.choice(["Bologna", "Espoo", "Ostrava"], n_shops)})

orders = dd.from_pandas(orders_table, npartitions=n_partitions)
shops = dd.from_pandas(shops_table, npartitions=4)


def rows_per_partition(table: dd.DataFrame) -> list[int]:
    """The number of rows in each partition of a Dask table."""
    return [int(n) for n in table.map_partitions(len).compute()]


print("dask", dask.__version__)
print("orders:", rows_per_partition(orders))
print("shops: ", rows_per_partition(shops))

# %% [markdown]
# Now join the two in the usual way, and look at the partitions again. A **task** is one function call that Dask plans.

# %%
usual_join = orders.merge(shops, on="shop", how="left")
print("rows per partition before:", rows_per_partition(orders))
print("rows per partition after: ", rows_per_partition(usual_join))
print("tasks:", len(usual_join.optimize().__dask_graph__()))

# %% [markdown]
# The rows lie elsewhere now. Dask has done a **shuffle**: it cut each partition by key, and sent the pieces so that all
# rows of one key end up in one partition. On one laptop this is copying. Between machines it is network traffic.

# %% [markdown]
# ## 1 · What a shuffle moves
#
# Count it. Our shuffle has a simple rule: with n partitions, a row with key k has to end up in partition k mod n (in
# Python `k % n`). Dask applies a hash function to the key first. The counting is the same.
#
# - A row **moves** if it has to end up in another partition than the one where it lies.
# - A **message** goes from one partition to *another* one, and carries all rows going from the one to the other. There
#   is no message without rows; so an empty partition sends none.
#
# Example with 3 partitions:
#
# | partition | its keys | have to leave it |
# |---|---|---|
# | 0 | `[0, 1, 4, 5]` | 1 and 4, both to partition 1; 5, to partition 2 |
# | 1 | `[3, 6]` | 3 and 6, both to partition 0: no row stays |
# | 2 | `[8, 10]` | 10, to partition 1 |
#
# So 6 rows move, in 4 messages: 0 → 1, 0 → 2, 1 → 0 and 2 → 1. Partition 0 sends two messages. And 0 → 1 and 1 → 0 are
# two messages, because they carry different rows.


# %% solution="shuffle_cost"
def shuffle_cost(keys_of_partition: list[np.ndarray]) -> tuple[int, int]:
    """What the shuffle moves.

    keys_of_partition: for each partition, the whole-number keys of its rows, as an array; it may be empty.
    Returns (number of rows that move, number of messages).
    """
    ### BEGIN SOLUTION "Return how many rows have to change their partition, and how many messages carry them."
    n = len(keys_of_partition)
    rows, messages = 0, 0
    for here, keys_R in enumerate(keys_of_partition):
        there_R = np.asarray(keys_R, dtype=int) % n
        leaving_R = there_R[there_R != here]
        rows += len(leaving_R)
        messages += len(np.unique(leaving_R))
    return rows, messages
    ### END SOLUTION


# %% part="shuffle-cost"
wb.check("shuffle-cost")

# %%
try:
    shops_of_orders = [column.to_numpy() for column in dask.compute(*orders["shop"].to_delayed())]
    n_moving, n_messages = shuffle_cost(shops_of_orders)
    print(f"a shuffle of orders moves {n_moving:,} of {n_rows:,} rows, in {n_messages:,} messages")
except NotImplementedError as todo:
    print(f"The cost of a shuffle of orders appears when part 1 is there. Next: {todo}")

# %% [markdown]
# With n partitions, about (n − 1)/n of the rows move, in up to n · (n − 1) messages. Is it so here?

# %% [markdown]
# ## 2 · A join that moves nothing big
#
# `shops` is small: all of it fits into the memory of every worker. `orders` does not. Write a join that leaves each
# order in its partition.
#
# - Both tables may have any number of partitions; `shops` may have more than `orders`.
# - The result is a Dask table, not yet computed, with the columns of `orders` and then `city`.
# - Every order stays, also one whose shop is not in `shops`. Its `city` is then missing. This is a **left join**.
# - Partition 0 of the result needs partition 0 of `orders`, and no other. The same holds for partitions 1, 2, 3, …
#
# You may compute `shops`, but not `orders`. `len(orders)`, `orders.persist()` and `orders["shop"].unique().compute()`
# read all of `orders`, too.
#
# The last bullet is checked like this: the check computes partition 0 of your result, then partition 1, and so on. Each
# time, it writes down which partitions of `orders` Dask reads.


# %% solution="join"
def join(orders: dd.DataFrame, shops: dd.DataFrame) -> dd.DataFrame:
    """Left join of `orders` (columns order, shop, amount) with `shops` (shop, city) on shop; orders must not move."""
    ### BEGIN SOLUTION "Return the left join as a Dask table in which every order is still in its own partition."
    return orders.merge(shops.repartition(npartitions=1), on="shop", how="left")
    ### END SOLUTION


# %% part="join"
wb.check("join")

# %%
try:
    your_join = join(orders, shops)
    print("rows per partition before:", rows_per_partition(orders))
    print("rows per partition after: ", rows_per_partition(your_join))
    for name, table in (("the usual", usual_join), ("your", your_join)):
        print(f"tasks of {name} join:", len(table.optimize().__dask_graph__()))
except NotImplementedError as todo:
    print(f"What your join does with orders appears when part 2 is there. Next: {todo}")

# %% [markdown]
# **A good place to stop.** The next part stands alone, and is the longest. You can come back to it tomorrow.

# %% [markdown]
# ## 3 · Statistics in a tree
#
# You want the number of orders, the mean and the variance of `amount` for each shop. A shuffle would bring all orders
# of one shop together first. It is not needed. Each partition can describe its orders in a few numbers, and only these
# numbers travel:
#
# ```text
# partition 0 ─ chunk ▶ partial ─┐
# partition 1 ─ chunk ▶ partial ─┼─ combine ▶ partial ─┐
# partition 2 ─ chunk ▶ partial ─┘                     ├─ combine ▶ partial ─ finalise ▶ result
# partition 3 ─ chunk ▶ partial ─┬─ combine ▶ partial ─┘
# partition 4 ─ chunk ▶ partial ─┘
# ```
#
# This is a **tree reduction**. (In Dask it is `dask.dataframe.Aggregation`. Here the check calls your functions
# directly, with copies that they may change.) The tree may have any shape: `combine` may get one partial or many, in
# any order, and returns a partial again.
#
# A **partial** is a pandas table with one row for each shop that occurs, four columns, and no others (they would have
# to travel, too):
#
# | column | meaning |
# |---|---|
# | `shop` | the key (a column, not the index) |
# | `count` | number of orders |
# | `mean` | mean of `amount` |
# | `m2` | sum of the squared differences from that mean: Σᵢ (xᵢ − mean)² |
#
# Why `m2`, and not simply the sum of the squares? Look.

# %%
amounts = 1e9 + np.random.default_rng(1).normal(0.0, 1.0, 1000)
print("sum of squares − square of the sum / n:", (amounts**2).sum() - amounts.sum() ** 2 / 1000)
print("sum of squared differences from mean: ", ((amounts - amounts.mean()) ** 2).sum())

# %% [markdown]
# The first line prints 0.0, although the true value is about 973. Each square is near 10¹⁸, but float64 keeps only
# about 16 digits: the subtraction leaves nothing but rounding error. Time stamps in seconds are such data. A further
# check uses amounts near 10⁹.
#
# Partials can be merged without ever going back to squares of `amount`. You can find the formulas on paper. Let n and m
# be the count and the mean of one part, and M the mean of all. The amounts of a part add up to n · m, so M is the sum
# of all n · m, divided by the sum of all n. For `m2`, write xᵢ − M = (xᵢ − m) + (m − M), square it, and sum over the
# part. One of the three terms is zero: which one? Then add up the parts. (The formula for two parts is in T. F. Chan,
# G. H. Golub, R. J. LeVeque, *Updating Formulae and a Pairwise Algorithm for Computing Sample Variances*, Stanford
# report STAN-CS-79-773, 1979.)
#
# `amount` is never missing. But a partition may be empty, for example after a filter. Try yours in a cell of your own:
# `chunk(orders_table.iloc[:0])` has to give a partial with its four columns and no rows.


# %% solution="chunk"
def chunk(orders: pd.DataFrame) -> pd.DataFrame:
    """The partial of one partition: columns shop, count, mean, m2, one row for each shop that occurs in it.

    orders: pandas table with columns order, shop, amount; it may have no rows.
    """
    ### BEGIN SOLUTION "Return one row for each shop: shop, count, mean, and m2, the sum of squared differences."
    by_shop = orders.groupby("shop")["amount"]
    difference_R = orders["amount"] - by_shop.transform("mean")
    m2 = (difference_R**2).groupby(orders["shop"]).sum()
    return pd.DataFrame({"count": by_shop.count(), "mean": by_shop.mean(), "m2": m2}).reset_index()
    ### END SOLUTION


# %% solution="combine"
def combine(partials: list[pd.DataFrame]) -> pd.DataFrame:
    """One partial that describes the orders of all `partials` together; a shop may be missing in some of them."""
    ### BEGIN SOLUTION "Return one partial for all orders behind these partials. Do not go back to squares of amounts."
    all_P = pd.concat(partials, ignore_index=True)
    count = all_P.groupby("shop")["count"].sum()
    mean = (all_P["count"] * all_P["mean"]).groupby(all_P["shop"]).sum() / count
    shift_P = all_P["mean"] - all_P["shop"].map(mean)
    m2 = (all_P["m2"] + all_P["count"] * shift_P**2).groupby(all_P["shop"]).sum()
    return pd.DataFrame({"count": count, "mean": mean, "m2": m2}).reset_index()
    ### END SOLUTION


# %% [markdown]
# `finalise` turns the last partial into the answer. `var` is the sample variance, divided by n − 1, as
# `groupby("shop")["amount"].var()` in pandas gives it. One order alone has no sample variance: the shop stays, and its
# `var` is missing (`nan`).


# %% solution="finalise"
def finalise(partial: pd.DataFrame) -> pd.DataFrame:
    """Columns shop, count, mean, var (sample variance; nan where a shop has one order), and no others."""
    ### BEGIN SOLUTION "Return shop, count, mean and the sample variance, which is missing where there is one order."
    below = (partial["count"] - 1).where(partial["count"] > 1)
    return partial[["shop", "count", "mean"]].assign(var=partial["m2"] / below)
    ### END SOLUTION


# %% part="tree"
wb.check("tree")


# %%
def in_a_tree(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """What your three functions make of these partitions, merged two by two."""
    partials = [chunk(table) for table in tables]
    print(f"{sum(len(table) for table in tables):,} orders, described in {sum(p.size for p in partials):,} numbers")
    while len(partials) > 1:
        partials = [combine(partials[i : i + 2]) for i in range(0, len(partials), 2)]
    return finalise(partials[0])


try:
    tables = list(dask.compute(*orders.to_delayed()))
    by_tree = in_a_tree(tables).set_index("shop")
    shifted = in_a_tree([table.assign(amount=table["amount"] + 1e9) for table in tables]).set_index("shop")
    compared = {"pandas": orders_table.groupby("shop")["amount"].var(), "tree": by_tree["var"]}
    print(pd.DataFrame(compared | {"tree, amounts + 1e9": shifted["var"]}).head())
except NotImplementedError as todo:
    print(f"The variances of orders appear when part 3 is there. Next: {todo}")

# %% [markdown]
# Adding 10⁹ to each amount must not change a variance: all three columns should agree to about 6 digits.
#
# **A good place to stop.** The next part stands alone, and is a stretch, outside of the 68 minutes.

# %% [markdown]
# ## 4 · One hot key
#
# Now suppose that the second table is too large to send to everybody. Then the rows of both tables have to meet by key:
# each worker gets some of the orders, and the rows of the shops that these orders need. A **worker** is a process that
# computes tasks. A common plan sends shop `k` to worker `k % n_workers`. It fails when one shop has most of the orders.
# (A name that ends in `_R` is an array with one value for each row; R is the number of rows.)

# %%
n_workers = 8
skewed_R = np.where(rng.random(n_rows) < 0.6, 3, rng.integers(0, 200, n_rows))  # shop 3 has 60 % of the orders
orders_of_worker = np.bincount(skewed_R % n_workers, minlength=n_workers)
print("orders of each worker:", orders_of_worker.tolist())
print(f"the busiest has {orders_of_worker.max() / orders_of_worker.mean():.1f} times its fair share")

# %% [markdown]
# Such a key is called **hot**. Everybody waits for the worker that holds it. More workers do not help.
#
# The solution: the orders of a hot shop are distributed over several workers, and each of those workers gets a copy of
# that shop's row. (Also known as *salting*; studied as *subset-replicate* in D. J. DeWitt, J. F. Naughton,
# D. A. Schneider, S. Seshadri, *Practical Skew Handling in Parallel Joins*, VLDB 1992.)
#
# There are at least 20 times as many shops as workers. Most shops are ordinary: they have about equally many orders. A
# shop is hot if its orders, on top of its worker's ordinary shops, make that worker too full. A **fair share** is all
# orders / `n_workers`. Your plan must also work when no shop is hot, and when twelve shops have 0.4 of a fair share
# each and `k % n_workers` sends several of them to one worker.
#
# Write the plan as three functions, which only say who gets what. The check carries the plan out, with tables of its
# own:
#
# 1. It counts the orders of each shop and asks `find_hot` once for the hot shops.
# 2. It asks `order_workers` for each partition: to which worker does each of its orders go? A partition does not know
#    what lies in the others, and it may be small. If you deal the hot orders out in turn, from worker 0, then 1000
#    partitions of 3 orders all go to workers 0, 1 and 2. Random numbers with a fixed seed do the same.
# 3. It asks `shop_workers` for each shop: which workers get a copy of this shop's row?
# 4. Each worker joins what it got.
#
# The plan is good if
#
# - every order meets its shop exactly once;
# - no worker gets more than **1.3 times** its fair share of the orders;
# - a shop's row is sent to at most **2 workers on average** over all shops.
#
# All shops, hot ones too, are numbered 0, 1, 2, … without gaps.


# %% solution="find_hot"
def find_hot(count_of_shop: dict[int, int], n_workers: int) -> list[int]:
    """The shops whose orders have to be distributed over several workers; may be empty."""
    ### BEGIN SOLUTION "Return the shops that would make a worker too full, on top of its ordinary shops."
    fair_share = sum(count_of_shop.values()) / n_workers
    return [shop for shop, count in count_of_shop.items() if count > 0.15 * fair_share]
    ### END SOLUTION


# %% solution="order_workers"
def order_workers(shop_R: np.ndarray, hot: list[int], n_workers: int) -> np.ndarray:
    """The worker (0 … n_workers - 1) of each order of one partition, whole numbers of shape (R,).

    shop_R: the shops of these orders; a copy, which you may change.
    """
    ### BEGIN SOLUTION "Return one worker for each order; orders of one hot shop go to several workers."
    worker_R = shop_R % n_workers
    is_hot_R = np.isin(shop_R, hot)
    first = np.random.default_rng().integers(n_workers)  # else small partitions would all begin at worker 0
    worker_R[is_hot_R] = (first + np.arange(is_hot_R.sum())) % n_workers
    return worker_R
    ### END SOLUTION


# %% solution="shop_workers"
def shop_workers(shop: int, hot: list[int], n_workers: int) -> list[int]:
    """The workers that get a copy of this shop's row, each of them once."""
    ### BEGIN SOLUTION "Return the list of all workers that may meet an order of this shop."
    return list(range(n_workers)) if shop in hot else [shop % n_workers]
    ### END SOLUTION


# %% part="skew"
wb.check("skew")

# %%
try:
    count_of_shop = dict(enumerate(np.bincount(skewed_R, minlength=200).tolist()))
    hot_shops = find_hot(count_of_shop, n_workers)
    went_to = [order_workers(piece.copy(), hot_shops, n_workers) for piece in np.array_split(skewed_R, n_partitions)]
    orders_after = np.bincount(np.concatenate(went_to), minlength=n_workers)
    n_copies = sum(len(shop_workers(shop, hot_shops, n_workers)) for shop in count_of_shop)
    for when, load in (("before", orders_of_worker), ("after", orders_after)):
        print(f"orders of each worker {when}: {load.tolist()}")
        print(f"the busiest has {load.max() / load.mean():.2f} times its fair share")
    print(f"hot shops {list(hot_shops)}; a shop's row goes to {n_copies / len(count_of_shop):.2f} workers on average")
except NotImplementedError as todo:
    print(f"The load of the workers appears when part 4 is there. Next: {todo}")

# %% [markdown]
# ## Done
#
# Three questions to ask of your next slow job:
#
# - Which rows move, and do they have to?
# - Can the partitions send a description instead of their rows?
# - How many rows has the most frequent key?
