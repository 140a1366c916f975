# Builds the two tables, calls your join, and delivers its result one partition at a time.
# The partitions of `orders` are handed out by the check: `store.load` asks for one, and is written down there.
import uuid

import dask
import dask.dataframe as dd


class Load:
    """Reads one partition of orders. Dask names a task after its input, so each check needs a token of its own."""

    token = uuid.uuid4().hex

    def __dask_tokenize__(self):
        return self.token

    def __call__(self, number):
        return store.load(number)


def one_table(table):
    return table


def what_it_is(value):
    kind = type(value)
    if value is None:
        return "None"
    return f"a pandas {kind.__name__}" if kind.__module__.startswith("pandas") else f"a value of type {kind.__name__}"


with dask.config.set({"scheduler": "sync", "dataframe.shuffle.method": "tasks"}):
    orders_given = dd.from_map(
        Load(), range(store.n_partitions), meta=no_orders, label="orders", enforce_metadata=False
    )
    shops_given = dd.from_map(one_table, shops_tables, meta=shops_tables[0].iloc[:0], label="shops")
    joined = join(orders_given, shops_given)
    store.join_returned()
    instead = "" if hasattr(joined, "to_delayed") else what_it_is(joined)
    n_delivered = 0
    for piece in [] if instead else joined.to_delayed():
        store.deliver(piece.compute())
        n_delivered += 1
