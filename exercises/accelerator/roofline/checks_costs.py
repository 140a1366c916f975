"""Parts 1 and 2: calls a cost function, compares it with what was counted one by one, and guesses the reason."""

from checks_algorithms import counted, layer_norm_by_hand, matmul_by_hand, softmax_by_hand

from workbench.checks import CheckFailed, as_list, as_number, expect

KERNELS = {  # name → (plain algorithm, names of its sizes)
    "matmul_cost": (matmul_by_hand, ["m", "k", "n"]),
    "softmax_cost": (softmax_by_hand, ["rows", "columns"]),
    "layer_norm_cost": (layer_norm_by_hand, ["rows", "columns"]),
}
FLOPS, BYTES = 0, 1  # places in what a cost function returns
NAMES = ("the FLOPs", "the bytes moved")


def cost_pair(submission, name, size, width):
    """What a cost function returns, as a list of two; whether they are numbers is not looked at."""
    given = describe_size(name, size, width)
    answer = submission.call(name, *size, width, given=given)
    try:
        return as_list(answer, length=2)
    except CheckFailed:
        why = f"{name} must return two numbers"
        raise CheckFailed(why, expected="two numbers: (flops, bytes_moved)", came=answer, given=given) from None


def flops_and_bytes(submission, name, *sizes):
    """The two whole numbers that a cost function returns."""
    *size, width = sizes
    pair = cost_pair(submission, name, size, width)
    return whole(pair[FLOPS], NAMES[FLOPS]), whole(pair[BYTES], NAMES[BYTES])


def whole(value, name, given=None):
    try:
        return as_number(value, kind="int", name=name)
    except CheckFailed as failure:
        failure.add_given(given)
        raise


def describe_size(name, size, width=None):
    sizes = [f"{letter} = {value}" for letter, value in zip(KERNELS[name][1], size, strict=True)]
    return ", ".join(sizes + ([f"bytes_per_number = {width}"] if width is not None else []))


def small_sizes(rng, first, count):
    """The sizes where usual mistakes differ, then a few random ones; each with a width of a number."""
    sizes = sorted((tuple(int(n) for n in rng.permutation([2, 3, 4, 5])[:count]) for _ in range(8)), key=sum)
    return [*first, *((size, (8, 2, 4, 1)[i % 4]) for i, size in enumerate(sizes))]


def check_flops(submission, name):
    by_hand, letters = KERNELS[name]
    first = [((1, 3, 1), 4), ((3, 2, 5), 1)] if by_hand is matmul_by_hand else [((2, 7), 4)]
    for size, width in small_sizes(submission.rng, first, len(letters)):
        ledger = by_hand(*size)
        pair = cost_pair(submission, name, size, width)
        flops = whole(pair[FLOPS], NAMES[FLOPS], describe_size(name, size))
        why = ""
        if flops != ledger.flops:
            why = why_swapped(pair, ledger, width) or why_flops_differ(submission, name, size, flops)
        expect(
            flops == ledger.flops,
            expected=f"{counted(ledger.flops, 'FLOP')}, counted one by one",
            came=counted(flops, "FLOP"),
            given=describe_size(name, size),
            why=why,
        )


def check_bytes(submission, name):
    by_hand, letters = KERNELS[name]
    first = [((3, 2, 5)[: len(letters)], 1)]  # one row tells too little about bytes
    for size, width in small_sizes(submission.rng, first, len(letters)):
        ledger = by_hand(*size)
        pair = cost_pair(submission, name, size, width)
        moved = whole(pair[BYTES], NAMES[BYTES], describe_size(name, size, width))
        want = width * ledger.crossings
        expect(
            moved == want,
            expected=f"{counted(want, 'byte')}: {ledger.crossings} numbers cross, of {counted(width, 'byte')} each",
            came=counted(moved, "byte"),
            given=describe_size(name, size, width),
            why="" if moved == want else why_swapped(pair, ledger, width) or why_bytes_differ(moved, width, ledger),
        )


def why_swapped(pair, ledger, width):
    try:
        numbers = [whole(value, "") for value in pair]
    except CheckFailed:
        return ""
    swapped = numbers == [width * ledger.crossings, ledger.flops]
    return "the two numbers are swapped: first the FLOPs, then the bytes" if swapped else ""


def why_flops_differ(submission, name, size, flops):
    """The belief that gives this number; "" when none is known."""
    ledger = KERNELS[name][0](*size)
    if name != "matmul_cost":
        return why_row_flops_differ(submission, name, size, flops)
    if 2 * flops == ledger.flops:
        return "half of it came: a multiply-add is one multiplication and one addition, so 2 FLOPs"
    if ledger.flops - flops == len(ledger.written_places):
        return "the plain algorithm starts from 0, so its first addition counts too"
    return ""


def why_row_flops_differ(submission, name, size, flops):
    by_hand = KERNELS[name][0]
    if flops == by_hand(1, size[1]).flops:
        return "this is the count of one row"
    came = {sizes: came_flops(submission, name, sizes) for sizes in GRID}
    mine = terms(came)
    missing = terms({sizes: by_hand(*sizes).flops - came[sizes] for sizes in GRID})
    if mine is None or not any(mine.values()):
        return ""
    if mine["number"] == 0:
        return "your count does not grow with the number of columns: most lines run once for each number"
    if missing["column"] or missing["table"]:
        return "a part of your count does not grow with the number of rows: each line runs again for each row"
    said = [few_or_many(missing[unit], unit) for unit in ("number", "row") if missing[unit]]
    return " and ".join(said) + reason_of_rows(by_hand, missing["row"])


def came_flops(submission, name, size):
    return whole(cost_pair(submission, name, size, 4)[FLOPS], NAMES[FLOPS])


GRID = [(2, 7), (3, 7), (2, 8), (3, 8), (5, 4)]


def terms(counts):
    """How much of a count comes from each number, row and column, and once from the table; None if it is no such sum.

    Seen from the differences between neighbours in the grid; the last size is the proof.
    """
    number = counts[3, 8] - counts[3, 7] - counts[2, 8] + counts[2, 7]
    row = counts[3, 7] - counts[2, 7] - 7 * number
    column = counts[2, 8] - counts[2, 7] - 2 * number
    table = counts[2, 7] - 14 * number - 2 * row - 7 * column
    if counts[5, 4] != 20 * number + 5 * row + 4 * column + table:
        return None
    return {"number": number, "row": row, "column": column, "table": table}


def few_or_many(missing, unit):
    what = f"{counted(abs(missing), 'FLOP')} too {'few' if missing > 0 else 'many'} for each {unit}"
    if unit == "row":
        return what
    return f"{what} (perhaps {'a line is left out' if missing > 0 else 'an operation is counted twice'})"


def reason_of_rows(by_hand, missing):
    if missing <= 0:
        return ""
    if by_hand is softmax_by_hand:
        return ": the first step of a sum counts too, and of a maximum"
    if missing <= 2:
        return ": the first step of a sum counts too, and each line that runs once for a row"
    return ": mean and scale are computed once for each row, and cost FLOPs"


def why_bytes_differ(moved, width, ledger):
    """The belief that gives this number; "" when none is known."""
    shared = sum(place[0] in ("weight", "bias") for place in ledger.read_places)
    plain = moved / width
    if moved == width * len(ledger.read_places):
        return "only what is read was counted; the result crosses the memory too"
    if shared and plain == ledger.uses:
        return "weight and bias are shared by all rows: each of their numbers crosses once"
    if shared and ledger.crossings - shared <= plain < ledger.crossings:
        return "did you count all numbers of weight and bias?"
    if plain == ledger.uses:
        return "each use of a number was counted; with the best cache, a number of an input crosses once"
    if moved == ledger.crossings or moved == 4 * ledger.crossings:
        return "the numbers are right, their width is not: multiply by bytes_per_number"
    if moved == 8 * width * ledger.crossings:
        return "these are bits"
    if ("A", 0, 0) in ledger.read_places and plain == ledger.crossings + len(ledger.written_places):
        return "perhaps you counted the result twice: it crosses once, and is not read"
    if plain > ledger.crossings:
        return "more than the inputs and the result: what is needed only in between, and constants, do not cross"
    return ""
