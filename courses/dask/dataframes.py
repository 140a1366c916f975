# title: Which rows have to travel?
# minutes: 20
# profiles:
#   smoke: {parameters: {n_rows: 8_000}}
#   laptop: {}
#   gpu: {parameters: {n_rows: 1_000_000}}
#   cluster: {parameters: {n_rows: 4_000_000}}

# %% [markdown]
# # Which rows have to travel?
#
# Your join ran for an hour. You paid for twice as many machines, and it ran for almost an hour again. Two costs hide
# behind such a night. Rows were moved although they could have stayed. And one machine got most of the rows, while
# the others waited for it. Neither cost shows in the code. Both can be seen before you pay.
#
# After this lesson you can
#
# - **predict** which table a join will move;
# - **compute** grouped statistics while every row stays where it is;
# - **find** the key that keeps one worker busy;
# - **decide** whether more workers would help.
#
# This takes about 20 minutes. Run the cells from top to bottom. Nothing here is graded.

# %%
import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd

import workbench as wb

dask.config.set(scheduler="sync")  # all in this process, until we come to workers
print("dask", dask.__version__, "· profile", wb.profile())

# %% tags=["parameters"]
n_rows = 100_000

# %% [markdown]
# ## Two tables
#
# `orders` has one row for each order. `shops` has one row for each shop. Both are Dask tables. A Dask table is many
# pandas tables, and each of them is called a **partition**. Partitions may lie on different machines. The column by
# which rows are matched or grouped is called the **key**. Our key is `shop`.

# %%
n_partitions, n_shops = 8, 50
rng = np.random.default_rng(2026)
orders_table = pd.DataFrame(
    {
        "order": np.arange(n_rows),
        "shop": rng.integers(0, n_shops, n_rows),
        "amount": rng.gamma(4.0, 12.5, n_rows).round(2),  # euros
    }
)
orders = dd.from_pandas(orders_table, npartitions=n_partitions)


def make_shops(n_rows: int, n_partitions: int) -> dd.DataFrame:
    """A table of shops: number and city."""
    shop_R = np.arange(n_rows)
    cities = np.array(["Bologna", "Espoo", "Ostrava"])
    return dd.from_pandas(pd.DataFrame({"shop": shop_R, "city": cities[shop_R % 3]}), npartitions=n_partitions)


shops = make_shops(n_rows=n_shops, n_partitions=4)
print("orders:", [len(piece) for piece in dask.compute(*orders.to_delayed())], "rows in each partition")
print("shops: ", [len(piece) for piece in dask.compute(*shops.to_delayed())], "rows in each partition")

# %% [markdown]
# ## Predict
#
# `orders` is big and `shops` is tiny. Write down what you believe, and then run on. You need not calculate anything,
# and a wrong number is welcome.

# %%
wb.predict(
    "moved",
    f"`orders.merge(shops, on='shop')` joins {n_rows:,} orders in {n_partitions} partitions with {n_shops} shops in 4 "
    f"partitions. How many of the {n_rows:,} orders will Dask move into another partition?",
    unit="orders",
)

# %% [markdown]
# ## Run
#
# Each order has a number. So we can write down in which partition it lies, before and after.


# %%
def partition_of_order(table: dd.DataFrame) -> np.ndarray:
    """The partition in which each order lies; entry i belongs to order i."""
    pieces = dask.compute(*table.to_delayed())
    place = pd.concat([pd.Series(number, index=piece["order"]) for number, piece in enumerate(pieces)])
    return place.sort_index().to_numpy()


before = partition_of_order(orders)
after = partition_of_order(orders.merge(shops, on="shop"))
n_moved = int((before != after).sum())

wb.settle(
    "moved",
    n_moved,
    why=f"That is {n_moved / n_rows:.0%} of the big table. Dask cut both tables by key, and brought all rows of a shop "
    f"into the same partition. An order was there before only by chance: in about 1 of {n_partitions} cases.",
)

# %% [markdown]
# ## Explain
#
# If you said 0, you thought as a person does: 50 rows are few, so those should travel. What does Dask look at? Let us
# change how many shops there are, and in how many partitions they lie. A **task** is one function call in Dask's
# plan.

# %%
rows = []
for n_shop_rows, n_shop_partitions in ((50, 4), (50, 2), (50, 1), (5_000, 1)):
    joined = orders.merge(make_shops(n_shop_rows, n_shop_partitions), on="shop")
    moved_here = int((before != partition_of_order(joined)).sum())
    rows.append((f"{n_shop_rows:,}", n_shop_partitions, len(joined.optimize().__dask_graph__()), f"{moved_here:,}"))
pd.DataFrame(rows, columns=["shops", "in partitions", "tasks", "orders that moved"]).set_index("shops")

# %% [markdown]
# With 50 shops in 4 partitions, or in 2, the orders move. With 5,000 shops in **one** partition, no order moves. What
# decides is the number of partitions, and not the number of rows. Dask makes its plan before the tables are read. At
# that time it knows how many partitions there are. It does not ask how many rows they will have.
#
# - Bringing all rows of one key into one partition is called a **shuffle**. When both tables are large, it may be
#   needed.
# - Giving a copy of the whole small table to each partition of the large one is called a **broadcast join**. In the
#   last two lines of the table, Dask did that.
#
# So look at the plan before you pay for the join. The number of tasks tells you, and it is there before any row moves.

# %% [markdown]
# ## A worked example: send a description, not the rows
#
# Now we want the mean amount for each shop. If you hand Dask a function of your own, with
# `groupby("shop").apply(function)`, it shuffles: the function may need all rows of a shop in one place. A mean does
# not need that. Each partition can *describe* its rows in a few numbers, and only the descriptions travel. Such a
# description is called a **partial**.
#
# Three functions do it. `chunk` makes the partial of one partition. `combine` makes one partial out of several.
# `finalise` makes the result.


# %%
def chunk(piece: pd.DataFrame) -> pd.DataFrame:
    """The partial of one partition: shop, count and sum of its amounts."""
    return piece.groupby("shop", as_index=False).agg(count=("amount", "count"), sum=("amount", "sum"))


def combine(partials: list[pd.DataFrame]) -> pd.DataFrame:
    """One partial for all: counts and sums may be added."""
    return pd.concat(partials).groupby("shop", as_index=False).agg({"count": "sum", "sum": "sum"})


def finalise(partial: pd.DataFrame) -> pd.Series:
    """The mean amount of each shop."""
    return (partial["sum"] / partial["count"]).set_axis(partial["shop"])


partials = list(dask.compute(*[dask.delayed(chunk)(piece) for piece in orders.to_delayed()]))
print("The partial of partition 0 begins with")
print(partials[0].head(3).to_string(index=False))

# %% [markdown]
# The result has to be the same as with all rows in one place. It also has to be the same whichever partials are put
# together first, because on a cluster nobody knows which one arrives first.

# %%
all_at_once = finalise(combine(partials))
in_two_steps = finalise(combine([combine(partials[4:]), combine(partials[:4])]))
with_pandas = orders_table.groupby("shop")["amount"].mean()

print("equal to pandas:  ", np.allclose(all_at_once, with_pandas), "and", np.allclose(in_two_steps, with_pandas))
print(f"rows in messages:  {sum(map(len, partials[1:])):,} rows of partials (the shuffle moved {n_moved:,} orders)")

# %% [markdown]
# No mean was ever sent. A partial carries what can be **merged**: here the count and the sum. Only `finalise`, at the
# very end, divides the sum by the count.
#
# For `mean`, `sum`, `count`, `min` and `max`, Dask's own `groupby` works in this way. For a statistic of your own, you
# give three such functions to `dd.Aggregation`.

# %% [markdown]
# ## Your turn
#
# Now the cheapest and the dearest order of each shop. `chunk_range` is written. You write `combine_range`: a list of
# partials goes in, and one partial with the same four columns comes out. Until then the cells below say "not
# attempted". (3 minutes)
#
# Here are two small partials to try it on. The second has never heard of shop 2.


# %%
def chunk_range(piece: pd.DataFrame) -> pd.DataFrame:
    """The partial of one partition: shop, count, and the lowest and highest of its amounts."""
    by_shop = piece.groupby("shop", as_index=False)
    return by_shop.agg(count=("amount", "count"), low=("amount", "min"), high=("amount", "max"))


left = pd.DataFrame({"shop": [1, 2], "count": [2, 1], "low": [10.0, 5.0], "high": [30.0, 5.0]})
right = pd.DataFrame({"shop": [1], "count": [3], "low": [4.0], "high": [12.0]})
print(f"left:\n{left.to_string(index=False)}\n\nright:\n{right.to_string(index=False)}")


# %% solution="combine_range"
def combine_range(partials: list[pd.DataFrame]) -> pd.DataFrame:
    """One partial (shop, count, low, high) for all rows behind these partials."""
    ### BEGIN SOLUTION "Return one row for each shop: shop, count, low, high of all these partials together."
    by_shop = pd.concat(partials).groupby("shop", as_index=False)
    return by_shop.agg({"count": "sum", "low": "min", "high": "max"})
    ### END SOLUTION


# %%
from workbench.checks import same_table

merged = pd.DataFrame({"shop": [1, 2], "count": [5, 1], "low": [4.0, 5.0], "high": [30.0, 5.0]})
wb.your_turn(
    "one partial out of left and right",
    lambda: same_table(combine_range([left, right]), merged, keys="shop"),
    hints=[
        "Shop 1 has a lowest amount of 10 in one partial and of 4 in the other. What is the lowest of all its orders?",
        "Start from the `combine` above. Which of the three columns may be added? What do the others need?",
    ],
)

# %%
range_with_pandas = orders_table.groupby("shop", as_index=False).agg(
    count=("amount", "count"), low=("amount", "min"), high=("amount", "max")
)


def range_in_two_steps() -> pd.DataFrame:
    pieces = [chunk_range(piece) for piece in dask.compute(*orders.to_delayed())]
    return combine_range([combine_range(pieces[4:]), combine_range(pieces[:4])])


wb.your_turn(
    f"the same for all {n_rows:,} orders, in two steps",
    lambda: same_table(range_in_two_steps(), range_with_pandas, keys="shop"),
    hints=["What your `combine_range` returns goes into `combine_range` again. Are all four columns still there?"],
)

# %% [markdown]
# ## See it: one hot key
#
# Until now, all shops had about equally many orders. Real tables can look otherwise: one key may have far more rows
# than any other. It is called a **hot** key. Let about half of all orders come from shop 17, a web shop. We want the
# mean for each shop again, in both ways, and write down who sends how many rows to whom.


# %%
hot_shop = 17
shop_R = np.where(rng.random(n_rows) < 0.5, hot_shop, orders_table["shop"])
hot_table = orders_table.assign(shop=shop_R)
hot_orders = dd.from_pandas(hot_table, npartitions=n_partitions)


def count_ways(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """How many rows go from partition i (row) to partition j (column), shape (n_partitions, n_partitions)."""
    ways = np.zeros((n_partitions, n_partitions), dtype=int)
    np.add.at(ways, (start, end), 1)
    return ways


# Rows travel: the shuffle by shop with which groupby("shop").apply(…) begins.
start = partition_of_order(hot_orders)
shuffled = count_ways(start, partition_of_order(hot_orders.shuffle("shop")))

# Descriptions travel: rows stay, and each partition sends its partial to partition 0.
hot_partials = dask.compute(*[dask.delayed(chunk)(piece) for piece in hot_orders.to_delayed()])
stay = count_ways(start, start)
sent = np.zeros_like(stay)
sent[1:, 0] = [len(partial) for partial in hot_partials[1:]]

# %% tags=["hide-input"]
# How the picture is drawn: you may skip this cell.
import matplotlib.pyplot as plt

INK, SENT, BAR = "#1b1f24", "#cfe2f3", "#2f6fab"


def draw_ways(axes: np.ndarray, ways: np.ndarray, work: np.ndarray, title: str) -> None:
    """Above: how many rows go from whom to whom. Below: the rows that each partition then has to work on."""
    matrix, bars = axes
    for i, j in zip(*np.nonzero(ways), strict=True):
        frame = {"facecolor": "white", "edgecolor": INK, "lw": 1.6} if i == j else {"facecolor": SENT}
        matrix.add_patch(plt.Rectangle((j - 0.46, i - 0.42), 0.92, 0.84, **frame))
        matrix.text(j, i, f"{ways[i, j]:,}", ha="center", va="center", fontsize=9, color=INK)
    matrix.set(xlim=(-0.6, n_partitions - 0.4), ylim=(n_partitions - 0.4, -0.6), ylabel="from partition")
    matrix.set_title(title, fontsize=12, loc="left", pad=8)
    matrix.set_yticks(range(n_partitions))
    bars.axhline(n_rows / n_partitions, color=INK, lw=1.2, ls="--", zorder=1)
    bars.bar(range(n_partitions), work, color=BAR, width=0.84, zorder=2)
    for j, n in enumerate(work):
        label = bars.text(j, n, f"{n:,}", ha="center", va="bottom", fontsize=9, color=INK, zorder=3)
        label.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.8})
    bars.set(xlabel="to partition", ylabel="rows to work on", ylim=(0, 1.2 * shuffled.sum(axis=0).max()), yticks=[])
    bars.set_xticks(range(n_partitions))
    for axis in axes:
        axis.spines[:].set_visible(False)
        axis.tick_params(length=0)


# %%
work_shuffled, work_stay = shuffled.sum(axis=0), (stay + sent).sum(axis=0)
n_travel, n_sent, hot_place = int(shuffled.sum() - shuffled.trace()), int(sent.sum()), int(work_shuffled.argmax())

figure, axes = plt.subplots(2, 2, figsize=(11, 6.8), height_ratios=(2, 1), sharex=True, layout="constrained")
draw_ways(axes[:, 0], shuffled, work_shuffled, f"Rows travel: {n_travel:,} orders are sent")
draw_ways(axes[:, 1], stay + sent, work_stay, f"Descriptions travel: {n_sent:,} rows of partials are sent")
axes[1, 0].text(hot_place + 0.55, work_shuffled.max(), f"here is shop {hot_shop}", va="top", fontsize=10, color=INK)
axes[1, 1].text(
    0.55, work_shuffled.max(), f"dashed: a fair share, {n_rows / n_partitions:,.0f} rows", va="top", fontsize=10
)

wb.picture(
    figure,
    "Two square tables of numbers, sender by receiver, each with a bar chart below. Left, rows travel: each partition "
    f"sends rows to each other one, {n_travel:,} orders in all, and partition {hot_place} ends with "
    f"{work_shuffled.max():,} of {n_rows:,} rows. Right, descriptions travel: only partition 0 is sent anything, "
    f"{n_sent:,} rows of partials, and each partition works on {work_stay.min():,} to {work_stay.max():,} rows.",
)
pd.DataFrame(
    [work_shuffled, work_stay],
    index=["rows to work on, if rows travel", "rows to work on, if descriptions travel"],
    columns=[f"partition {j}" for j in range(n_partitions)],
)

# %% [markdown]
# How to read it: each line is a sender, each column is a receiver. Numbers in a black frame, on the diagonal, are
# rows that stay where they are. Numbers without a frame travel. Each of them is one message from one partition to
# another.
#
# On the left, one bar towers over the others: all rows of the hot shop have to be in one partition, and a partition
# is worked on by one worker at a time. On the right, every bar is near the fair share. In a partial the hot shop is
# one line, as every other shop, however many orders it has.

# %% [markdown]
# ## On real workers
#
# Until now, all of this ran in one process. A **worker** is a process that computes tasks, and `wb.cluster()` starts
# some on this machine. We deal out the partitions evenly. Then each worker tells us how many rows it works on.


# %%
from distributed import get_worker


def rows_here(piece: pd.DataFrame) -> pd.DataFrame:
    """The worker that has this partition, and the number of rows in it."""
    return pd.DataFrame({"worker": [get_worker().address], "rows": [len(piece)]})


keep_tasks_with_data = {"distributed.scheduler.work-stealing": False}
with dask.config.set(keep_tasks_with_data), wb.cluster() as client:
    n_workers = len(client.ncores())
    pieces = client.scatter(list(dask.compute(*hot_orders.to_delayed(), scheduler="sync")))
    dealt = dd.from_delayed(pieces, meta=hot_table.iloc[:0])
    for way, table in (("if rows travel:", dealt.shuffle("shop")), ("if rows stay:  ", dealt)):
        found = table.map_partitions(rows_here, meta={"worker": "object", "rows": "int64"}).compute()
        busiest = found.groupby("worker")["rows"].sum().max()
        print(f"{way} {busiest:,} of {n_rows:,} rows on the busiest of {n_workers} workers")

# %% [markdown]
# ## Would more workers help?
#
# If rows travel, one worker gets all rows of the most frequent key. Suppose that this key has half of the rows, and
# that time is proportional to rows. Then this worker alone needs half of the time that one worker would need for
# everything. The job cannot be more than 2 times faster, with 4 workers or with 400.


# %%
def most_times_faster(share: float, n_workers: int) -> float:
    """How much faster than one worker n workers can be at best, if all rows of the most frequent key stay together.

    share: the part of all rows that have the most frequent key, from 0 to 1.
    """
    return min(n_workers, 1 / share)


hottest = hot_table["shop"].value_counts(normalize=True)
print(f"The most frequent key of our table is shop {hottest.index[0]}, with {hottest.iloc[0]:.0%} of the rows.")
print("How many times faster than one worker, at most, if the most frequent key has 2%, 10%, … of the rows:")
n_workers_W = pd.Index([1, 4, 16, 64], name="workers")
shares = {"2%": 0.02, "10%": 0.1, f"{hottest.iloc[0]:.0%}, our table": hottest.iloc[0]}
pd.DataFrame(
    {name: [f"{most_times_faster(share, n):.1f}" for n in n_workers_W] for name, share in shares.items()}, n_workers_W
)

# %% [markdown]
# Now your own job. How frequent is its most frequent key? How many workers would you pay for? (A saved page has no
# sliders: use the table above.)


# %%
def decide(share_percent: int = 50, n_workers: int = 16) -> None:
    """Says what this number of workers can bring at best."""
    faster = most_times_faster(share_percent / 100, n_workers)
    print(f"At most {faster:.1f} times faster than one worker.")
    if faster < n_workers:
        print(f"You pay for {n_workers} workers and get the work of {faster:.1f}. First do something about the key.")
    else:
        print(f"The key is not in the way: all {n_workers} can have work.")


wb.explore(decide, share_percent=(1, 90), n_workers=(1, 128))

# %% [markdown]
# ## Quiz
#
# Each choice has its own reply. Read the reply to yours first.

# %%
wb.quiz(
    "One partition has 10 orders of a shop, with mean 4. Another has 1,000 orders of it, with mean 2. What is the mean "
    "of all its orders?",
    {
        "3": "This is the mean of the two means: it gives 10 orders the same vote as 1,000. Let the counts decide.",
        "about 2.02": "(10 · 4 + 1,000 · 2) / 1,010. A mean can be merged if its count travels with it.",
        "It cannot be known without the orders": "This is true for the median, which cannot be merged from a few "
        "numbers. For the mean it is enough to know each mean with its count.",
    },
    right="about 2.02",
)

# %%
wb.quiz(
    "`orders` has 8 partitions. `shops` has 50 rows in 12 partitions. You write "
    "`orders.merge(shops, on='shop', how='left', broadcast=True)`. Do the orders stay in their partitions?",
    {
        "Yes: broadcast=True sends the small table to everybody": "You trusted the name. Dask takes the table with "
        "fewer partitions to be the small one, and that is `orders` here. The next cell shows what happens.",
        "Yes: Dask counts the rows, and 50 are few": "The plan does not ask for rows: in the table under "
        "Explain, 50 shops in 4 partitions were enough to move the orders. The next cell shows this case.",
        "No: the table with fewer partitions counts as the small one": "Here that is `orders`. A left join has to keep "
        "every order once, so Dask cannot give all orders to everybody. It shuffles both tables: see the next cell.",
        "No: broadcast=True changes nothing in any join": "It can change a lot: with `shops` in 4 partitions, the same "
        "line keeps the orders where they are. The next cell shows both cases.",
    },
    right="No: the table with fewer partitions counts as the small one",
)

# %%
for n_shop_partitions in (4, 12):
    joined = orders.merge(make_shops(n_shops, n_shop_partitions), on="shop", how="left", broadcast=True)
    n_moved_here = int((before != partition_of_order(joined)).sum())
    print(f"broadcast=True, shops in {n_shop_partitions:>2} partitions: {n_moved_here:,} orders moved")

# %% [markdown]
# ## From laptop to cluster
#
# What changes is where a moved row goes. On one machine it is copied. Between machines it crosses the network. If
# each machine (**node**) has 8 partitions, and each key goes to any partition with equal probability:

# %%
print(
    f"Measured above, on one node: {n_moved / n_rows:.1%} of the rows moved. By this rule: {1 - 1 / n_partitions:.1%}."
)
rows = []
for n_nodes in (1, 2, 1_000):
    n = n_nodes * n_partitions
    rows.append((f"{n_nodes:,}", f"{1 - 1 / n_nodes:.1%}", f"{n * (n - 1):,}", f"{n - 1:,}"))
columns = ["nodes", "rows that cross the network", "messages of a shuffle, at most", "messages with partials"]
pd.DataFrame(rows, columns=columns).set_index("nodes")

# %% [markdown]
# On a GPU, Dask keeps the partitions and the shuffle; the tables lie in GPU memory (backend `cudf`). This notebook
# stays on the CPU.
#
# To run it on Slurm, with 8 workers:
#
# ```
# DASK_WORKBENCH__CLUSTER=slurm DASK_WORKBENCH__WORKERS=8 srun --cpus-per-task=4 --mem=8G \
#     autograder build dask/dataframes --run --profile cluster
# ```

# %%
import json
from pathlib import Path

recorded = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(Path("data/dataframes").glob("*.json"))]
for record in recorded:
    told = {**record["machine"], **record["versions"]}
    print(record["date"], *(f"{name} {value}" for name, value in told.items()), sep=", ")
    print(pd.DataFrame(record["results"]).to_string(index=False))
if not recorded:
    print("No measurement from a GPU or a cluster has been recorded yet, so none is shown.")
    print("To record one: python courses/dask/data/dataframes/record.py (on a GPU with --backend cudf)")

# %% [markdown]
# ## Sources
#
# - Dask documentation, *Joins*, section "Large to Small Joins": the small table in one partition.
# - Dask documentation, *Shuffling Performance*: which uses of `groupby` shuffle, and which do not.
# - Dask 2026.8, source file `dask/dataframe/dask_expr/_merge.py`, `Merge.is_broadcast_join`: the rule that looks at
#   numbers of partitions.
# - J. Gray, S. Chaudhuri, A. Bosworth, A. Layman, D. Reichart, M. Venkatrao, F. Pellow, H. Pirahesh, *Data Cube: A
#   Relational Aggregation Operator Generalizing Group-By, Cross-Tab, and Sub-Totals*, Data Mining and Knowledge
#   Discovery 1, 1997, DOI 10.1023/A:1009726021843: which statistics can be merged from partials of fixed size, and
#   which cannot (the median).
# - D. J. DeWitt, J. Gray, *Parallel Database Systems: The Future of High Performance Database Systems*,
#   Communications of the ACM 35(6), 1992, DOI 10.1145/129888.129894: skew as one of three barriers to speed-up.
# - RAPIDS documentation, *Dask cuDF*, section "Using Dask cuDF": the backend `cudf`.
#
# ## Next: the exercise
#
# In the exercise *Partitions and shuffles* it is your turn on all of it: count what a shuffle moves, join without
# moving an order, merge variances without losing digits, and deal with a hot key where no description helps, because
# both tables of a join are large. What counts there is what really moves.
