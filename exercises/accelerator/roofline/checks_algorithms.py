"""The plain algorithms of parts 1 and 2, run on numbers that only count: no formula of a cost stands here."""


class Counted:
    """A number without a value: it counts what is done with it."""

    def __init__(self, ledger):
        self.ledger = ledger

    def _operation(self, *_others):
        self.ledger.flops += 1
        return self

    __add__ = __sub__ = __mul__ = __truediv__ = exp = sqrt = larger = _operation


class Ledger:
    """The FLOPs of a plain algorithm, and the places of the memory that it reads and writes."""

    def __init__(self):
        self.flops, self.uses = 0, 0
        self.read_places, self.written_places = set(), set()

    def read(self, *place):
        self.uses += 1
        self.read_places.add(place)
        return Counted(self)

    def write(self, *place):
        self.uses += 1
        self.written_places.add(place)

    def constant(self):
        return Counted(self)

    @property
    def crossings(self):
        return len(self.read_places) + len(self.written_places)


def matmul_by_hand(m, k, n):
    ledger = Ledger()
    for i in range(m):
        for j in range(n):
            total = ledger.constant()
            for p in range(k):
                total = total + ledger.read("A", i, p) * ledger.read("B", p, j)
            ledger.write("C", i, j)
    return ledger


def softmax_by_hand(rows, columns):
    ledger = Ledger()
    for row in range(rows):
        x = [ledger.read("x", row, column) for column in range(columns)]
        top, total = ledger.constant(), ledger.constant()
        for v in x:
            top = top.larger(v)
        e = [(v - top).exp() for v in x]
        for v in e:
            total = total + v
        for column, v in enumerate(e):
            v / total
            ledger.write("y", row, column)
    return ledger


def layer_norm_by_hand(rows, columns):
    ledger = Ledger()
    for row in range(rows):
        x = [ledger.read("x", row, column) for column in range(columns)]
        total, squares, size, epsilon, one = (ledger.constant() for _ in range(5))
        for v in x:
            total = total + v
        mean = total / size
        centred = [v - mean for v in x]
        for d in centred:
            squares = squares + d * d
        scale = one / (squares / size + epsilon).sqrt()
        for column, d in enumerate(centred):
            d * scale * ledger.read("weight", column) + ledger.read("bias", column)
            ledger.write("y", row, column)
    return ledger


def counted(number, thing):
    """For messages: "1 byte", "2 bytes"."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}{'es' if thing.endswith('ch') else 's'}"
