# %% [markdown]
# # Partitions and shuffles
#
# Your join ran for an hour. It ended with the same rows in other places. Most of that hour went into moving rows that
# could have stayed where they were.
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
# | 1 · What a shuffle moves | 7 | one function |
# | 2 · A join that moves nothing big | 8 | one function, often one line |
# | 3 · Statistics in a tree | 20 | three functions; then a good place to stop |
# | 4 · One hot key | 15 | three short functions |
#
# Run the cells from top to bottom. `wb.check("…")` checks your answer as often as you like. `wb.hint("…")` asks you a
# question that helps. When your work is graded, further checks run, on other tables.

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
# is many pandas tables. Each of them is called a **partition**, and each may lie on another machine. The column by
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
# rows of one key end in one partition. On one laptop this is copying. Between machines it is network traffic.

# %% [markdown]
# ## 1 · What a shuffle moves
#
# Count it. Our shuffle has a simple rule: with $n$ partitions, a row with key $k$ has to end in partition $k \bmod n$
# (in Python `k % n`). Dask applies a hash function to the key first. The counting is the same.
#
# - A row **moves** if it has to end in another partition than the one where it lies.
# - A **message** goes from one partition to *another* one, and carries all rows that take this way. There is no message
#   without rows.
#
# Example with 2 partitions: keys `[0, 1, 3]` lie in partition 0 and keys `[1, 5, 7]` in partition 1. Keys 1 and 3 have
# to leave partition 0. All of partition 1 is in the right place. So 2 rows move, in 1 message.


# %% solution="shuffle_cost"
def shuffle_cost(keys_of_partition: list[np.ndarray]) -> tuple[int, int]:
    """What the shuffle moves.

    keys_of_partition: for each partition, the whole-number keys of its rows; a partition may be empty.
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

# %% [markdown]
# ## 2 · A join that moves nothing big
#
# `shops` has few rows. `orders` has many. Write a join that leaves each order in its partition.
#
# - The result is a Dask table, not yet computed, with the columns of `orders` and then `city`.
# - Every order stays, also one whose shop is not in `shops`. Its `city` is then missing. This is a **left join**.
# - Partition 0 of the result needs partition 0 of `orders`, and no other. The same holds for partitions 1, 2, 3, …
#
# The last point is how you are graded. The check hands out the partitions of `orders` one by one, and writes down which
# ones Dask asks for before it delivers partition 0 of your result, then partition 1, and so on.
#
# To look yourself: `rows_per_partition(join(orders, shops))` in a cell of your own.


# %% solution="join"
def join(orders: dd.DataFrame, shops: dd.DataFrame) -> dd.DataFrame:
    """Left join of `orders` (columns order, shop, amount) with `shops` (shop, city) on shop; orders do not move.

    Both tables may have any number of partitions. Shops fit into the memory of every worker; orders do not.
    """
    ### BEGIN SOLUTION "Return the left join as a Dask table in which every order is still in its own partition."
    return orders.merge(shops.repartition(npartitions=1), on="shop", how="left")
    ### END SOLUTION


# %% part="join"
wb.check("join")

# %% [markdown]
# ## 3 · Statistics in a tree
#
# You want the number of orders, the mean and the variance of `amount` for each shop. A shuffle would bring all orders
# of one shop together first. It is not needed. Each partition can describe its orders in a few numbers, and only these
# numbers travel:
#
# ```text
# partition 0 ── chunk ──▶ partial ─┐
# partition 1 ── chunk ──▶ partial ─┼─ combine ──▶ partial ─┐
# partition 2 ── chunk ──▶ partial ─┘                       ├─ combine ──▶ partial ── finalise ──▶ result
# partition 3 ── chunk ──▶ partial ─┬─ combine ──▶ partial ─┘
# partition 4 ── chunk ──▶ partial ─┘
# ```
#
# This is a **tree reduction**. `dask.dataframe.Aggregation` takes the same three steps, under the names `chunk`, `agg`
# and `finalize`. Dask chooses the shape of the tree, so your functions must be right for every shape: `combine` may get
# one partial or many, in any order, and what it returns must again be a partial.
#
# A **partial** is a pandas table with one row for each shop that occurs, and four columns:
#
# | column | meaning |
# |---|---|
# | `shop` | the key (a column, not the index) |
# | `count` | number of orders |
# | `mean` | mean of `amount` |
# | `m2` | sum of the squared differences from that mean: $\sum_i (x_i - \text{mean})^2$ |
#
# Why `m2`, and not simply the sum of the squares? Look:

# %%
amount_R = 1e9 + np.random.default_rng(1).normal(0.0, 1.0, 1000)
print("sum of squares − square of the sum / n:", (amount_R**2).sum() - amount_R.sum() ** 2 / 1000)
print("sum of squared differences from mean: ", ((amount_R - amount_R.mean()) ** 2).sum())

# %% [markdown]
# Both lines are the same number on paper. A float64 carries about 16 decimal digits. Each square is near $10^{18}$, so
# the small differences are rounded away. Time stamps in seconds and coordinates in metres are such data.
#
# Two means and two `m2` can be merged without ever going back to squares of `amount`. The formula for two parts is in
# T. F. Chan, G. H. Golub, R. J. LeVeque, *Updating Formulae and a Pairwise Algorithm for Computing Sample Variances*,
# Stanford report STAN-CS-79-773, 1979. You can find it on paper: shift each value of a part by the
# difference between the mean of its part and the mean of all, and expand the square.


# %% solution="chunk"
def chunk(orders: pd.DataFrame) -> pd.DataFrame:
    """The partial of one partition: columns shop, count, mean, m2, one row for each shop that occurs in it.

    orders: pandas table with columns order, shop, amount; it may have no rows at all.
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
# `finalise` turns the last partial into the answer. `var` is the sample variance, with $n - 1$ below, as
# `groupby("shop")["amount"].var()` in pandas gives it. One order alone has no sample variance: its `var` is missing
# (`nan`).


# %% solution="finalise"
def finalise(partial: pd.DataFrame) -> pd.DataFrame:
    """Columns shop, count, mean, var (sample variance; nan where a shop has one order)."""
    ### BEGIN SOLUTION "Return shop, count, mean and the sample variance, which is missing where there is one order."
    below = (partial["count"] - 1).where(partial["count"] > 1)
    return partial[["shop", "count", "mean"]].assign(var=partial["m2"] / below)
    ### END SOLUTION


# %% part="tree"
wb.check("tree")

# %% [markdown]
# **A good place to stop.** The next part stands alone. You can come back to it tomorrow.

# %% [markdown]
# ## 4 · One hot key
#
# Now suppose that the second table is too large to send to everybody. Then the rows of both tables have to meet by key:
# each worker gets some of the orders, and the rows of the shops that these orders need. A **worker** is a process that
# computes tasks. A common plan sends shop `k` to worker `k % n_workers`. It fails when one shop has most of the orders:

# %%
n_workers = 8
skewed_R = np.where(rng.random(n_rows) < 0.6, 3, rng.integers(0, 200, n_rows))  # shop 3 has 60 % of the orders
orders_of_worker = np.bincount(skewed_R % n_workers, minlength=n_workers)
print("orders of each worker:", orders_of_worker.tolist())
print(f"the busiest has {orders_of_worker.max() / orders_of_worker.mean():.1f} times its fair share")

# %% [markdown]
# Such a key is called **hot**. Everybody waits for the worker that holds it. More workers do not help.
#
# The way out: the orders of a hot shop are dealt out over several workers, and each of those workers gets a copy of
# that shop's row. (Also known as *salting*; studied as *subset-replicate* in D. J. DeWitt, J. F. Naughton,
# D. A. Schneider, S. Seshadri, *Practical Skew Handling in Parallel Joins*, VLDB 1992.) Write the plan as three
# functions. They only say who gets what. The check carries the plan out, with tables of its own:
#
# 1. It counts the orders of each shop and asks `find_hot` for the hot shops. It does so once.
# 2. It asks `order_workers` for each partition: to which worker goes each of its orders? A partition does not
#    know what lies in the others.
# 3. It asks `shop_workers` for each shop: which workers get a copy of this shop's row?
# 4. Each worker joins what it got.
#
# The plan is good if
#
# - every order meets its shop exactly once;
# - no worker gets more than **1.3 times** its fair share of the orders (fair share: all orders / `n_workers`);
# - a shop's row is sent to at most **2 workers on average** over all shops.
#
# There are many more shops than workers. Apart from the hot ones, shops have about equally many orders each, and their
# numbers are 0, 1, 2, … without gaps.


# %% solution="find_hot"
def find_hot(count_of_shop: dict[int, int], n_workers: int) -> list[int]:
    """The shops whose orders have to be dealt out over several workers; may be empty."""
    ### BEGIN SOLUTION "Return the shops that have too many orders for one worker."
    fair_share = sum(count_of_shop.values()) / n_workers
    return [shop for shop, count in count_of_shop.items() if count > 0.15 * fair_share]
    ### END SOLUTION


# %% solution="order_workers"
def order_workers(shop_R: np.ndarray, hot: list[int], n_workers: int) -> np.ndarray:
    """The worker (0 … n_workers - 1) of each order of one partition, shape (R,); shop_R: the orders' shops."""
    ### BEGIN SOLUTION "Return one worker for each order; orders of one hot shop go to several workers."
    worker_R = shop_R % n_workers
    is_hot_R = np.isin(shop_R, hot)
    worker_R[is_hot_R] = np.arange(is_hot_R.sum()) % n_workers
    return worker_R
    ### END SOLUTION


# %% solution="shop_workers"
def shop_workers(shop: int, hot: list[int], n_workers: int) -> list[int]:
    """The workers that get a copy of this shop's row."""
    ### BEGIN SOLUTION "Return the list of all workers that may meet an order of this shop."
    return list(range(n_workers)) if shop in hot else [shop % n_workers]
    ### END SOLUTION


# %% part="skew"
wb.check("skew")

# %% [markdown]
# ## Done
#
# Three questions to ask of your next slow job:
#
# - Which rows move, and do they have to?
# - Can the partitions send a description instead of their rows?
# - How many rows has the most frequent key?
