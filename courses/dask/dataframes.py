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
# behind such a night. Rows were moved although they could have stayed. And one machine got most of the rows, while the
# others waited for it. Neither cost shows in the code. Both can be seen before you pay.
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
import base64
import html
import io
import json
from pathlib import Path

import dask
import dask.dataframe as dd
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from distributed import get_worker
from IPython.display import display
from ipywidgets import interact

import workbench as wb
from workbench.checks import same_table

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
# `orders` is big and `shops` is tiny. Say what you believe before you run on. A wrong number teaches more than no
# number.

# %%
wb.predict(
    "moved",
    f"`orders.merge(shops, on='shop')` joins {n_rows:,} orders in {n_partitions} partitions with {n_shops} shops in 4 "
    "partitions. How many of the orders will end in another partition than the one where they are now?",
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
    why=f"That is {n_moved / n_rows:.0%} of the big table, for {n_shops} rows of the small one. Dask cut both tables by "
    f"key and sent all rows of a shop to the same partition. A row was there already only by chance: in about one case "
    f"of {n_partitions}.",
)

# %% [markdown]
# ## Explain
#
# Most readers expect 0. A person sees at once that 50 rows are few, and would send those. What does Dask see? Let us
# change the number of shops, and the number of partitions in which they lie. A **task** is one function call in Dask's
# plan.

# %%
rows = []
for n_shop_rows, n_shop_partitions in ((50, 4), (50, 2), (50, 1), (5_000, 1)):
    joined = orders.merge(make_shops(n_shop_rows, n_shop_partitions), on="shop")
    rows.append(
        {
            "shops": f"{n_shop_rows:,} rows",
            "in partitions": n_shop_partitions,
            "tasks": len(joined.optimize().__dask_graph__()),
            "orders that moved": int((before != partition_of_order(joined)).sum()),
        }
    )
pd.DataFrame(rows).style.hide(axis="index").format({"orders that moved": "{:,}"})

# %% [markdown]
# With 50 shops in 4 partitions, or in 2, the orders move. With 5,000 shops in **one** partition, no order moves. Here
# the number of partitions decides, and not the number of rows. Dask makes its plan before it has read the tables. It
# cannot know that 50 rows are few.
#
# - Moving all rows of one key into one partition is called a **shuffle**. It is needed when both tables are large.
# - Sending the whole small table to every partition of the large one is called a **broadcast join**. Dask does it here
#   when the small table has a single partition.
#
# So look at the plan before you run a join: what is small should also look small.

# %% [markdown]
# ## A worked example: send a description, not the rows
#
# Now we want the mean amount for each shop. With `groupby("shop").apply(my_function)`, Dask has to shuffle: your
# function may need all rows of a shop together. A mean does not. Each partition can *describe* its rows in a few
# numbers, and only the descriptions travel. Such a description is called a **partial**.
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
# The mean itself was never sent. A partial carries what can be **merged**: the count and the sum. Only at the end, once,
# one is divided by the other.

# %% [markdown]
# ## Your turn
#
# Now the cheapest and the dearest order of each shop. `chunk_range` is written. Write `combine_range`: several partials
# go in, and one partial with the same four columns comes out. The starter of the cell raises an error until you do.
# (3 minutes)


# %%
def chunk_range(piece: pd.DataFrame) -> pd.DataFrame:
    """The partial of one partition: shop, count, and the lowest and highest of its amounts."""
    by_shop = piece.groupby("shop", as_index=False)
    return by_shop.agg(count=("amount", "count"), low=("amount", "min"), high=("amount", "max"))


left = pd.DataFrame({"shop": [1, 2], "count": [2, 1], "low": [10.0, 5.0], "high": [30.0, 5.0]})
right = pd.DataFrame({"shop": [1], "count": [3], "low": [4.0], "high": [12.0]})
print(left.to_string(index=False), right.to_string(index=False), sep="\n\n")


# %% solution="combine_range"
def combine_range(partials: list[pd.DataFrame]) -> pd.DataFrame:
    """One partial (shop, count, low, high) for all rows behind these partials."""
    ### BEGIN SOLUTION "Return one row for each shop: shop, count, low, high of all these partials together."
    by_shop = pd.concat(partials).groupby("shop", as_index=False)
    return by_shop.agg({"count": "sum", "low": "min", "high": "max"})
    ### END SOLUTION


# %%
merged = pd.DataFrame({"shop": [1, 2], "count": [5, 1], "low": [4.0, 5.0], "high": [30.0, 5.0]})
wb.your_turn(
    "merge the two partials above",
    lambda: same_table(combine_range([left, right]), merged, keys="shop"),
    hints=[
        "Shop 1 has a lowest amount of 10 in one partial and of 4 in the other. What is the lowest of all its orders?",
        "Start from the `combine` above. Which of the three columns may be added, and what has to be done with the others?",
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
# In real tables, keys are not equally frequent. Let half of all orders come from shop 17, a web shop. Such a key is
# called **hot**. We want the mean for each shop again, in both ways, and look at who sends what to whom.


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


# Rows travel: a shuffle by shop, as groupby(…).apply(…) begins with.
start = partition_of_order(hot_orders)
shuffled = count_ways(start, partition_of_order(hot_orders.shuffle("shop")))

# Descriptions travel: rows stay, and each partition sends its partial to partition 0.
hot_partials = dask.compute(*[dask.delayed(chunk)(piece) for piece in hot_orders.to_delayed()])
stay = count_ways(start, start)
sent = np.zeros_like(stay)
sent[1:, 0] = [len(partial) for partial in hot_partials[1:]]

# %%
# How the picture is drawn. You may skip this cell.
INK, FAR, NEAR = "#1b1f24", "#d3e4f5", "#ffffff"


def draw_ways(axes: np.ndarray, ways: np.ndarray, work: np.ndarray, title: str) -> None:
    """Above: who sends how many rows to whom. Below: the rows to work on afterwards in each partition."""
    matrix, bars = axes
    for i, j in np.ndindex(ways.shape):
        if ways[i, j] or i == j:
            style = {"facecolor": NEAR, "edgecolor": INK, "lw": 1.6} if i == j else {"facecolor": FAR, "edgecolor": FAR}
            matrix.add_patch(plt.Rectangle((j - 0.46, i - 0.43), 0.92, 0.86, **style))
            matrix.text(j, i, f"{ways[i, j]:,}", ha="center", va="center", fontsize=8.5, color=INK)
    matrix.set(xlim=(-0.6, n_partitions - 0.4), ylim=(n_partitions - 0.4, -0.6), ylabel="from partition")
    matrix.set_title(title, fontsize=12, loc="left", pad=10)
    bars.bar(range(n_partitions), work, color="#2f6fab", width=0.8)
    for j, n in enumerate(work):
        bars.text(j, n, f"{n:,}", ha="center", va="bottom", fontsize=8.5, color=INK)
    bars.axhline(n_rows / n_partitions, color=INK, lw=1.2, ls="--")
    bars.set(ylabel="rows to work on", xlabel="to partition", ylim=(0, 1.15 * shuffled.sum(0).max()), yticks=[])
    for axis in axes:
        axis.set_xticks(range(n_partitions))
        axis.spines[:].set_visible(False)
        axis.tick_params(length=0)
    matrix.set_yticks(range(n_partitions))


def show_picture(figure: plt.Figure, alt: str) -> None:
    """Shows a figure on a white ground, with a text for readers who do not see it."""
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=150, facecolor="white")
    plt.close(figure)
    source = "data:image/png;base64," + base64.b64encode(png.getvalue()).decode()
    page = f'<img src="{source}" alt="{html.escape(alt)}" style="width:100%;max-width:1050px">'
    display({"text/html": page, "text/plain": alt}, raw=True)


# %%
work_shuffled, work_stay = shuffled.sum(axis=0), stay.sum(axis=0) + sent.sum(axis=0)
n_travel, n_sent = int(shuffled.sum() - shuffled.trace()), int(sent.sum())

figure, axes = plt.subplots(2, 2, figsize=(12, 6.6), height_ratios=(3, 1.3), sharex=True, layout="constrained")
draw_ways(axes[:, 0], shuffled, work_shuffled, f"Rows travel: {n_travel:,} orders are sent")
draw_ways(axes[:, 1], stay + sent, work_stay, f"Descriptions travel: {n_sent:,} rows of partials are sent")
axes[1, 0].text(-0.55, n_rows / n_partitions, "fair share", ha="left", va="bottom", fontsize=9, color=INK)

show_picture(
    figure,
    f"Two tables of numbers, each with a bar chart below. Left, rows travel: every partition sends rows to nearly every "
    f"other, {n_travel:,} in all. Afterwards partition {work_shuffled.argmax()} has {work_shuffled.max():,} of "
    f"{n_rows:,} rows. Right, descriptions travel: only partition 0 is sent anything, {n_sent:,} rows of partials, and "
    f"each partition works on {work_stay.min():,} to {work_stay.max():,} rows.",
)
pd.DataFrame({"rows travel": work_shuffled, "descriptions travel": work_stay}).rename_axis("rows to work on in").rename(
    index="partition {}".format
).style.format("{:,}")

# %% [markdown]
# How to read it: a line is a sender, a column is a receiver. A framed number on the diagonal is rows that stay. A number
# on a blue ground is rows that travel, and each such number is one message.
#
# On the left, the column of the hot shop is long: all its rows have to be in one partition. One partition is worked on
# by one worker at a time. On the right, no column is long. The hot shop is a single line in each partial, however many
# orders it has.

# %% [markdown]
# ## On real workers
#
# Until now everything ran in one process. `wb.cluster()` starts **workers**, which are processes of their own. Each of
# them says how many rows it was given.


# %%
def rows_here(piece: pd.DataFrame) -> pd.DataFrame:
    """The worker that holds this partition, and its number of rows."""
    return pd.DataFrame({"worker": [get_worker().address], "rows": [len(piece)]})


with wb.cluster() as client:
    n_workers = len(client.ncores())
    for way, table in (("rows travel", hot_orders.shuffle("shop")), ("rows stay", hot_orders)):
        found = table.map_partitions(rows_here, meta={"worker": "object", "rows": "int64"}).compute()
        rows_of_worker = sorted(found.groupby("worker")["rows"].sum(), reverse=True)
        print(f"{way + ':':<12} {rows_of_worker[0]:,} of {n_rows:,} rows on the busiest of {n_workers} workers")

# %% [markdown]
# ## Would more workers help?
#
# If rows travel, all rows of the hot shop have to be worked on by one worker. If it has the share $s$ of all rows, the
# job takes at least the share $s$ of the time that one worker needs for everything. (We assume that time is
# proportional to rows.) With $n$ workers, it is at most $\min(n, 1/s)$ times faster. This is Amdahl's law.


# %%
def most_times_faster(share: float, n_workers: int) -> float:
    """The best that n workers can do when the rows of the most frequent key, a share of all, stay together."""
    return min(n_workers, 1 / share)


hottest = hot_table["shop"].value_counts(normalize=True)
print(f"most frequent: shop {hottest.index[0]}, with {hottest.iloc[0]:.1%} of the rows")
pd.DataFrame(
    [
        {"workers": n, "rows travel": most_times_faster(hottest.iloc[0], n), "descriptions travel": float(n)}
        for n in (1, 2, 4, 8, 16, 64)
    ]
).style.hide(axis="index").format("at most {:.1f} times faster", subset=["rows travel", "descriptions travel"])

# %% [markdown]
# Now put in your own job: how frequent is your most frequent key, and how many workers would you pay for?


# %%
def decide(share_percent: int = 10, n_workers: int = 16) -> None:
    """Prints whether this number of workers can be worth its price."""
    faster = most_times_faster(share_percent / 100, n_workers)
    print(f"{n_workers} workers, most frequent key {share_percent} %: at most {faster:.1f} times faster than one worker.")
    if faster < n_workers:
        print(f"You pay for {n_workers} and get the work of {faster:.1f}. Spread the key, or send descriptions.")
    else:
        print("The key is not in the way: all of them can have work.")


interact(decide, share_percent=(1, 90), n_workers=(1, 128));

# %% [markdown]
# ## Quiz
#
# Two questions. Read the reply to the choice that you make, and then the others too.

# %%
wb.quiz(
    "Two partitions hold orders of one shop: 10 orders with mean 4, and 1,000 orders with mean 2. What is the mean of all?",
    {
        "3": "This is the mean of the two means. It gives 10 orders the same vote as 1,000. Carry the count with the mean.",
        "about 2.02": "(10 · 4 + 1,000 · 2) / 1,010. A mean can be merged as long as its count travels with it.",
        "It cannot be known without the orders": "You treat the mean like the median. For a median you would need the "
        "orders; for a mean, each mean with its count is enough.",
    },
    right="about 2.02",
)

# %%
wb.quiz(
    "`orders` has 8 partitions. `shops` has 50 rows in 12 partitions. You write "
    "`orders.merge(shops, on='shop', how='left', broadcast=True)`. Do the orders stay in their partitions?",
    {
        "Yes: broadcast=True sends the small table to everybody": "You trust the name. Dask takes the table with fewer "
        "*partitions* as the small one. Here that is `orders`. In a left join it cannot be sent to everybody, so "
        "Dask shuffles both. The next cell shows it.",
        "Yes: Dask counts the rows, and 50 are few": "The plan does not look at rows. With 50 shops in 4 partitions you "
        "have already seen the orders move. The next cell shows this case.",
        "No: the table with fewer partitions counts as the small one": "Here that is `orders`. `broadcast=True` asks "
        "to send the small table, but it does not say which one that is. The next cell shows it.",
        "No: broadcast=True has no effect on any join": "It has: with `shops` in 4 partitions the same line keeps the "
        "orders in place. The next cell shows both.",
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
# What changes is the price of a moved row. On one machine it is a copy in memory or on disk. Between machines it is
# network traffic. The counts follow from the rule that any partition is equally likely:

# %%
rows = []
for n_nodes in (1, 2, 1_000):
    n = n_nodes * n_partitions
    crossing = f"{1 - 1 / n_nodes:.1%}"
    rows.append({"nodes": n_nodes, "partitions": n, "rows that cross the network": crossing, "messages": n * (n - 1)})
shuffle_of_nodes = pd.DataFrame(rows).assign(partials=lambda table: table["partitions"] - 1)
print(f"measured here, one node: {n_moved / n_rows:.1%} of the rows moved; by the rule {1 - 1 / n_partitions:.1%}")
shuffle_of_nodes.style.hide(axis="index").format(
    {name: "{:,}" for name in ("nodes", "partitions", "messages", "partials")}
)

# %% [markdown]
# On a GPU, Dask keeps the same partitions and shuffles, with tables in GPU memory (backend `cudf`, see Sources).
#
# This notebook on Slurm, with 8 workers:
#
# ```
# DASK_WORKBENCH__CLUSTER=slurm DASK_WORKBENCH__WORKERS=8 \
#   srun --cpus-per-task=4 --mem=8G autograder build dask/dataframes --run --profile cluster
# ```

# %%
recorded = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(Path("data/dataframes").glob("*.json"))]
for record in recorded:
    print(record["date"], "·", record["machine"], "·", record["versions"])
    print(pd.DataFrame(record["results"]).to_string(index=False))
if not recorded:
    print("No measurement from a GPU or a cluster has been recorded yet, so none is shown.")
    print("To make one, run there: python courses/dask/data/dataframes/record.py")

# %% [markdown]
# ## Sources
#
# - Dask documentation, *Joins*, section "Large to Small Joins": one partition, or a pandas table, on the small side.
# - Dask documentation, *Shuffling Performance*: which `groupby` calls shuffle, and which do not.
# - Dask 2026.8 source, `dask/dataframe/dask_expr/_merge.py`, `Merge.is_broadcast_join`: the rule about partitions.
# - G. M. Amdahl, *Validity of the Single Processor Approach to Achieving Large Scale Computing Capabilities*, AFIPS
#   Spring Joint Computer Conference, 1967, DOI 10.1145/1465482.1465560.
# - J. Gray et al., *Data Cube: A Relational Aggregation Operator Generalizing Group-By, Cross-Tab, and Sub-Totals*, Data
#   Mining and Knowledge Discovery 1, 1997, DOI 10.1023/A:1009726021843: which statistics can be merged (distributive,
#   algebraic), and which cannot (holistic).
# - RAPIDS documentation, *Dask cuDF*, section "Using Dask cuDF": the backend `cudf` of Dask tables.
#
# ## Next: the exercise
#
# In the exercise *Partitions and shuffles* you count what a shuffle moves, write a join in which no order moves, merge
# variances, and spread a hot key when both tables are too large to be sent. You have seen what to look for. There it
# is graded by what really moves.
