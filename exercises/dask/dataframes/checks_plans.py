"""Partitions whose shuffle and whose join are known because they were made so, and what looks at the answers."""

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.checks import CheckFailed, as_list, as_number, as_table, expect, same_table
from workbench.served import Refuse, Served, exposed

JOINED_COLUMNS = ["order", "shop", "amount", "city"]
MOST_DELIVERIES = 64


class OrdersLost(CheckFailed):
    """Orders are missing, or come out more than once."""


@contextmanager
def needs(title):
    """Lost orders are told in full by the check of this title; the check that needs it only says so."""
    try:
        yield
    except OrdersLost as failure:
        raise CheckFailed(f"first the check “{title}” has to pass", came=failure.why) from None


NO_RETURN = "None (perhaps a return is missing)"


@dataclass(frozen=True)
class Shuffle:
    """Partitions whose cost is known because they were made so; messages as (from, to)."""

    keys_of_partition: list
    n_moving: int
    messages: list

    @property
    def told(self):
        return f"keys of each partition: {[keys.tolist() for keys in self.keys_of_partition]}"


def shuffle_case(rng, places_of_partition, most_rows):
    """places_of_partition: for each partition, where its rows have to go; itself, where some of them may stay.

    2 to most_rows rows go to each place, and 1 to most_rows stay.
    """
    n_partitions = len(places_of_partition)
    keys_of_partition, n_moving, messages = [], 0, []
    for here, places in enumerate(places_of_partition):
        keys = []
        for there in sorted(places):
            fewest = 1 if there == here else 2
            there_R = there + n_partitions * rng.integers(0, 4, rng.integers(fewest, most_rows + 1))
            keys += there_R.tolist()
            if there != here:
                n_moving += len(there_R)
                messages.append((here, there))
        keys_of_partition.append(rng.permutation(np.array(keys, dtype=int)))
    return Shuffle(keys_of_partition, n_moving, messages)


def small_shuffle(rng):
    """Of four partitions, two write to each other and to others: 5 messages, with 2 rows each.

    One is empty, one has only rows that may stay, and one has none of these.
    """
    first, second, empty, quiet = rng.permutation(4).tolist()
    places = {first: [first, second, empty, quiet], second: [first, empty], empty: [], quiet: [quiet]}
    return shuffle_case(rng, [places[number] for number in range(4)], most_rows=2)


def draw_places(rng, ways_of_partition):
    """To how many others each partition sends rows, for shuffle_case; None: it has no rows.

    In each partition but the first, some rows may stay.
    """
    drawn = []
    for here, n_ways in enumerate(ways_of_partition):
        away = [there for there in range(len(ways_of_partition)) if there != here]
        stay = [] if n_ways is None or here == 0 else [here]
        drawn.append(stay + rng.choice(away, n_ways or 0, replace=False).tolist())
    return drawn


def cost_of(submission, shuffle):
    """(rows that move, messages), as the learner's function counts them."""
    value = submission.call("shuffle_cost", shuffle.keys_of_partition, given=shuffle.told)
    try:
        rows, messages = (as_number(number, kind="int") for number in as_list(value, length=2))
    except CheckFailed:
        why, came = "shuffle_cost has to return two numbers", NO_RETURN if value is None else value
        raise CheckFailed(why, expected="two numbers: (rows, messages)", came=came) from None
    right = (shuffle.n_moving, len(shuffle.messages))
    exchanged = (messages, rows) == right != (rows, messages)
    why = "both numbers are right, but in the other order"
    expect(not exchanged, expected=f"(rows, messages): {right}", came=(rows, messages), given=shuffle.told, why=why)
    return rows, messages


def check_rows(submission, shuffle):
    rows, _ = cost_of(submission, shuffle)
    expected = f"{shuffle.n_moving} rows move"
    expect(rows == shuffle.n_moving, expected=expected, came=f"{rows} rows", given=shuffle.told)


def check_messages(submission, shuffle):
    _, messages = cost_of(submission, shuffle)
    n_messages = len(shuffle.messages)
    told = f"{n_messages} messages: " + ", ".join(f"{here} → {there}" for here, there in shuffle.messages)
    expect(messages == n_messages, expected=told, came=f"{messages} messages", given=shuffle.told)


class Store(Served):
    """Hands out the partitions of orders one by one, and writes down what was asked for before each delivery."""

    def __init__(self, partitions):
        self.partitions = partitions
        self.constants = {"n_partitions": len(partitions)}
        self.delivered = []
        self.reads = [[]]  # reads[i]: the partitions asked for since delivery i - 1
        self.read_by_join = []  # for a message alone: the learner's process says when join has returned

    @exposed
    def load(self, number):
        if type(number) is not int or not 0 <= number < len(self.partitions):
            raise Refuse(f"there is no partition {number!r}", type="IndexError")
        self.reads[-1].append(number)
        return self.partitions[number]

    @exposed
    def join_returned(self):
        self.read_by_join = sorted(self.reads[-1])

    @exposed
    def deliver(self, table):
        if len(self.delivered) >= MOST_DELIVERIES:
            raise Refuse(f"the result has more than {MOST_DELIVERIES} partitions", type="ValueError")
        self.delivered.append(table)
        self.reads.append([])


def join_case(rng, sizes, n_shops, n_shop_partitions):
    """A store with orders of these partition sizes, the partitions of shops, and the join of both by pandas."""
    n_orders = sum(sizes)
    shop_R = rng.integers(0, n_shops + 2, n_orders)
    shop_R[rng.integers(n_orders)] = n_shops  # at least one order of a shop that does not exist
    order_R = rng.permutation(n_orders) + int(rng.integers(1000))
    orders = pd.DataFrame({"order": order_R, "shop": shop_R, "amount": rng.gamma(4.0, 12.5, n_orders)})
    cities = [f"{name} {rng.integers(100)}" for name in rng.choice(["Bologna", "Espoo", "Ostrava"], n_shops)]
    shops = pd.DataFrame({"shop": rng.permutation(n_shops), "city": cities})
    store = Store([orders.iloc[stop - size : stop] for size, stop in zip(sizes, np.cumsum(sizes), strict=True)])
    cuts = np.linspace(0, n_shops, n_shop_partitions + 1).astype(int)
    shops_tables = [shops.iloc[start:stop] for start, stop in zip(cuts, cuts[1:], strict=False)]
    return store, shops_tables, orders.merge(shops, on="shop", how="left")


def run_join(submission, store, shops_tables):
    """Lets the learner's join work on the store; the tables that it delivered."""
    inputs = {"shops_tables": shops_tables, "no_orders": store.partitions[0].iloc[:0]}
    ran = submission.run("join_by_partition", returns=["n_delivered", "instead"], serve={"store": store}, **inputs)
    if isinstance(ran["instead"], str) and ran["instead"]:
        came = NO_RETURN if ran["instead"] == "None" else ran["instead"]
        raise CheckFailed("join has to return a Dask table", expected="a Dask table, not yet computed", came=came)
    return [
        as_table(table, columns=JOINED_COLUMNS, name=f"partition {number} of the result")
        for number, table in enumerate(store.delivered)
    ]


def check_joined(submission, store, shops_tables, want):
    """Fails unless the delivered partitions together are the join; what every check of this part rests on."""
    delivered = run_join(submission, store, shops_tables)
    if not delivered:
        raise CheckFailed("the result has no partitions", expected="as many as orders has", came="none")
    joined = pd.concat(delivered, ignore_index=True)
    known = set(pd.concat(shops_tables)["shop"].tolist())
    shop_of_order = dict(zip(want["order"], want["shop"], strict=True))

    def told(order):
        shop = shop_of_order[order]
        return f"order {order} of shop {shop}, which is {'' if shop in known else 'not '}in shops"

    times = Counter(joined["order"].tolist())
    wrong = [order for order in shop_of_order if times[order] != 1]
    if wrong:
        missing = [order for order in wrong if times[order] == 0]
        what = f"{len(missing)} orders are missing" if missing else f"{len(wrong)} orders come out more than once"
        who, came = told((missing or wrong)[0]), f"{len(joined)} rows"
        raise OrdersLost(f"{what}, for example {who}", expected=f"{len(want)} orders, each once", came=came)
    same_table(joined, want, "order", given=lambda row: told(row["order"]))
    return delivered


def check_columns(store):
    """Fails unless what was delivered has the columns of orders and then city; after check_joined."""
    for table in store.delivered:
        columns = table.columns.tolist()
        why = "the columns of orders and then city"
        expect(columns == JOINED_COLUMNS, expected=f"the columns {JOINED_COLUMNS}", came=f"{columns}", why=why)


def check_stay(store, delivered):
    """Fails if an order left its partition."""
    before, after = [len(table) for table in store.partitions], [len(table) for table in delivered]
    moved = "the big table was moved"
    expect(before == after, expected=f"rows per partition: {before}", came=f"rows per partition: {after}", why=moved)
    for number, (was, now) in enumerate(zip(store.partitions, delivered, strict=True)):
        same = sorted(was["order"].tolist()) == sorted(now["order"].tolist())
        came = f"partition {number} holds orders {sorted(now['order'].tolist())[:8]} …"
        expect(same, expected=f"partition {number}: {sorted(was['order'].tolist())[:8]} …", came=came, why=moved)


def check_not_computed(store):
    """Fails if join read orders before it returned."""
    why = "join reads orders itself: perhaps by compute(), persist(), len() or set_index()"
    came = f"before join returned, these partitions were read: {store.read_by_join}"
    expect(not store.read_by_join, expected="join makes a plan, and reads no partition of orders", came=came, why=why)


def check_reads(store):
    """Fails if anything but partition i of orders was read for partition i of the result."""
    check_not_computed(store)
    for number in range(len(store.partitions)):
        read = store.reads[number] if number < len(store.reads) else []
        came = f"read before partition {number} of the result was there: {sorted(read)}"
        expect(read == [number], expected=f"partition {number}, once", came=came, why="other partitions were read")
    rest = store.reads[len(store.partitions) :]
    expect(rest == [[]], expected="nothing else is read", came=f"then read: {rest}")
