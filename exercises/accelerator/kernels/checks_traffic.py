"""Part 3: the three ways, carried out on a table whose reads and writes are counted."""

import math

from workbench.checks import CheckFailed, as_list, as_number, expect

LANES = (
    "more was counted than the numbers of the table. Lanes that are masked off move nothing, and what a program holds "
    "(t, s, v) does not cross"
)
WAYS = ("A, five kernels", "B, one kernel", "C, three passes")


class Ledger(dict):
    """Memory, place by place; counts each read and each write."""

    crossings = 0

    def read(self, place):
        self.crossings += 1
        return self[place]

    def write(self, place, value):
        self.crossings += 1
        self[place] = value


def table(n_rows, n_columns):
    return Ledger({("x", r, c): float((3 * r + 5 * c) % 7) for r in range(n_rows) for c in range(n_columns)})


def five_kernels(memory, n_rows, n_columns, block):
    places = [[(r, c) for c in range(n_columns)] for r in range(n_rows)]
    for r, row in enumerate(places):
        memory.write(("top", r), max(memory.read(("x", *at)) for at in row))
    for r, row in enumerate(places):
        top = memory.read(("top", r))
        for at in row:
            memory.write(("z", *at), memory.read(("x", *at)) - top)
    for row in places:
        for at in row:
            memory.write(("e", *at), math.exp(memory.read(("z", *at))))
    for r, row in enumerate(places):
        memory.write(("total", r), sum(memory.read(("e", *at)) for at in row))
    for r, row in enumerate(places):
        total = memory.read(("total", r))
        for at in row:
            memory.write(("out", *at), memory.read(("e", *at)) / total)


def one_kernel(memory, n_rows, n_columns, block):
    for r in range(n_rows):
        held = [memory.read(("x", r, lane)) for lane in range(max(block, n_columns)) if lane < n_columns]
        e = [math.exp(v - max(held)) for v in held]
        for lane, v in enumerate(e):
            memory.write(("out", r, lane), v / sum(e))


def three_passes(memory, n_rows, n_columns, block):
    starts = range(0, n_columns, block)
    for r in range(n_rows):
        top, total = -math.inf, 0.0
        lanes = [[c for c in range(start, start + block) if c < n_columns] for start in starts]
        for piece in lanes:
            top = max(top, *(memory.read(("x", r, c)) for c in piece))
        for piece in lanes:
            total += sum(math.exp(memory.read(("x", r, c)) - top) for c in piece)
        for piece in lanes:
            for c in piece:
                memory.write(("out", r, c), math.exp(memory.read(("x", r, c)) - top) / total)


def counted_crossings(way, n_rows, n_columns, block):
    memory = table(n_rows, n_columns)
    (five_kernels, one_kernel, three_passes)[way](memory, n_rows, n_columns, block)
    return memory.crossings


def answer(submission, sizes, way):
    """The bytes of one way that the learner's function gives."""
    given = describe(sizes)
    came = as_list(submission.call("softmax_bytes", *sizes, given=given), length=3, name="what softmax_bytes returns")
    return as_number(came[way], kind="int", name=f"the bytes of {WAYS[way]}")


def describe(sizes):
    names = ("n_rows", "n_columns", "block", "bytes_per_number")
    return ", ".join(f"{name} = {size}" for name, size in zip(names, sizes, strict=True))


def check_way(submission, way):
    """Compares with the count on tiny tables: one that is wider than high, one that is not, and random ones."""
    random = [tuple(int(n) for n in submission.rng.integers(2, 9, size=2)) for _ in range(3)]
    for i, (n_rows, n_columns) in enumerate([(1, 3), (3, 2), *random]):
        block, width = (4, 8, 16)[i % 3] if way != 2 else (2, 4)[i % 2], (4, 2, 1, 8)[i % 4]
        block = block if way == 2 else max(block, 16 if n_columns > block else block)
        sizes = n_rows, n_columns, block, width
        crossings = counted_crossings(way, n_rows, n_columns, block)
        came = answer(submission, sizes, way)
        why = "" if came == width * crossings else why_bytes(came / width, way, sizes)
        if came == 4 * crossings != width * crossings:
            why = "each number was taken for 4 bytes: it has bytes_per_number of them"
        elif came * n_rows == width * crossings != came:
            why = "this is one row: there are n_rows of them"
        expect(
            came == width * crossings,
            expected=f"{width * crossings} bytes: {crossings} numbers cross, of {width} bytes each",
            came=f"{came} bytes",
            given=describe(sizes),
            why=why,
        )


def why_bytes(numbers, way, sizes):
    """The belief that gives so many numbers; "" when none is known."""
    n_rows, n_columns, block, width = sizes
    whole = n_rows * n_columns
    if numbers * width == counted_crossings(way, n_rows, n_columns, block):
        return "the count is right, but its numbers have a width: multiply by bytes_per_number"
    lanes = n_rows * -(-n_columns // block) * block
    if lanes != whole and numbers in (counted_crossings(way, n_rows, lanes // n_rows, block),):
        return LANES
    if way and numbers != whole * (2, 4)[way - 1] and numbers in (2 * n_rows * block, 4 * n_rows * block):
        return LANES
    beliefs = {
        0: {
            10 * whole: "each kernel was counted as one table read and one written. What does kernel 1 write?",
            10 * whole + 2 * n_rows: "t or s was counted once for each number: a program reads it once, and holds it",
            9 * whole + 3 * n_rows: "t or s was counted once for each number: a program reads it once, and holds it",
            8 * whole + 2 * n_rows: "top and total go out of one kernel and into another: each of them crosses twice",
            7 * whole + 4 * n_rows: "a table is missing: which tables does each of the five kernels read and write?",
            9 * whole + 4 * n_rows: "a table too many: what does each of the five kernels read and write?",
            8 * whole: "what is there once for each row was left out: it goes through memory, too",
            5 * whole + 2 * n_rows: "only what is read was counted",
            3 * whole + 2 * n_rows: "only what is written was counted",
        },
        1: {
            whole: "only one direction was counted: the row is read, and the result is written",
            4 * whole: "this is way C: here the row is held, so it is read once",
            3 * whole: "the row is held after it was read: it crosses once, and the result once",
        },
        2: {
            2 * whole: "the row is not held between the passes: how often is each number of x read?",
            3 * whole: "only what is read was counted: the result is written, too",
            6 * whole: "each pass was counted as a read and a write. Which passes write a number of the table?",
        },
    }
    return beliefs[way].get(numbers, "")


def same_bytes(submission, sizes, want):
    for way, bytes_moved in enumerate(want):
        came = answer(submission, sizes, way)
        if came != bytes_moved:
            raise CheckFailed(WAYS[way], expected=bytes_moved, came=came, given=describe(sizes))
