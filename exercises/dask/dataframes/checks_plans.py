"""Partitions whose shuffle and whose join are known because they were made so, and what looks at the answers."""

from collections import Counter
from contextlib import contextmanager

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


def shuffle_case(rng, ways_of_partition, most_rows):
    """Partitions whose cost is known because they were made so: (keys, rows that move, messages as (from, to)).

    ways_of_partition: for each partition, to how many others it sends 2 to most_rows rows; it also has 1 to most_rows
    rows in the right place. None: a partition without rows.
    """
    n_partitions = len(ways_of_partition)
    keys_of_partition, n_moving, messages = [], 0, []
    for here, n_ways in enumerate(ways_of_partition):
        if n_ways is None:
            keys_of_partition.append(np.array([], dtype=int))
            continue
        keys = (here + n_partitions * rng.integers(0, 4, rng.integers(1, most_rows + 1))).tolist()
        away = [there for there in range(n_partitions) if there != here]
        for there in sorted(rng.choice(away, n_ways, replace=False).tolist()):
            leaving = (there + n_partitions * rng.integers(0, 4, rng.integers(2, most_rows + 1))).tolist()
            keys, n_moving = keys + leaving, n_moving + len(leaving)
            messages.append((here, there))
        keys_of_partition.append(rng.permutation(np.array(keys)))
    return keys_of_partition, n_moving, messages


def check_cost(submission, keys_of_partition, n_moving, messages):
    cost = as_list(submission.call("shuffle_cost", keys_of_partition), length=2, name="what shuffle_cost gave back")
    names = ("the number of rows that move", "the number of messages")
    n_rows, n_messages = (as_number(x, kind="int", name=name) for x, name in zip(cost, names, strict=True))
    given = f"keys of each partition: {[keys.tolist() for keys in keys_of_partition]}"
    expect(n_rows == n_moving, expected=f"{n_moving} rows move", came=f"{n_rows} rows", given=given)
    told = f"{len(messages)} messages: " + ", ".join(f"{here} → {there}" for here, there in messages)
    expect(n_messages == len(messages), expected=told, came=f"{n_messages} messages", given=given)


class Store(Served):
    """Hands out the partitions of orders one by one, and writes down what was asked for before each delivery."""

    def __init__(self, partitions):
        self.partitions = partitions
        self.constants = {"n_partitions": len(partitions)}
        self.delivered = []
        self.reads = [[]]  # reads[i]: the partitions asked for since delivery i - 1

    @exposed
    def load(self, number):
        if type(number) is not int or not 0 <= number < len(self.partitions):
            raise Refuse(f"there is no partition {number!r}", type="IndexError")
        self.reads[-1].append(number)
        return self.partitions[number]

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
    submission.run("join_by_partition", returns=["n_delivered"], serve={"store": store}, **inputs)
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
    times = Counter(joined["order"].tolist())
    wrong = [(order, shop) for order, shop in zip(want["order"], want["shop"], strict=True) if times[order] != 1]
    if wrong:
        missing = [(order, shop) for order, shop in wrong if times[order] == 0]
        order, shop = (missing or wrong)[0]
        who = f"order {order} of shop {shop}, which is {'' if shop in known else 'not '}in shops"
        what = f"{len(missing)} orders are missing" if missing else f"{len(wrong)} orders come out more than once"
        came = f"{len(joined)} rows"
        raise OrdersLost(f"{what}, for example {who}", expected=f"{len(want)} orders, each once", came=came)
    same_table(joined, want, "order")
    return delivered


def check_reads(store):
    """Fails if anything but partition i of orders was read for partition i of the result."""
    for number in range(len(store.partitions)):
        read = store.reads[number] if number < len(store.reads) else []
        came = f"read before partition {number} of the result was there: {sorted(read)}"
        expect(read == [number], expected=f"partition {number}, once", came=came, why="other partitions were read")
    rest = store.reads[len(store.partitions) :]
    expect(rest == [[]], expected="nothing else is read", came=f"then read: {rest}")
