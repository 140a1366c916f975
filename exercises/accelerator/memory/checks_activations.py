"""Part 2: a network whose arrays notice who reads them in the backward pass; and a device that fills row by row."""

import math

import numpy as np

from workbench.checks import CheckFailed, as_number, expect


class Watched:
    """An array that remembers whether the backward pass has read it."""

    def __init__(self, values, bytes_per_number):
        self._values, self.size_bytes, self.was_read = values, values.size * bytes_per_number, False

    def read(self):
        self.was_read = True
        return self._values


def gelu_slope(x):
    at_most_x = np.vectorize(lambda v: (1 + math.erf(v / math.sqrt(2))) / 2)(x)
    return at_most_x + x * np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)


FORWARD = {
    "linear": lambda x, weight, mask: x @ weight,
    "bias": lambda x, weight, mask: x + weight[0],
    "relu": lambda x, weight, mask: np.maximum(x, 0),
    "tanh": lambda x, weight, mask: np.tanh(x),
    "gelu": lambda x, weight, mask: x * (gelu_slope(x) - x * np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)),
    "dropout": lambda x, weight, mask: 2 * x * mask,
}
# Each gives the gradients of weight and input. Arrays are read here, as the table in the text says.
BACKWARD = {
    "linear": lambda x, y, mask, weight, dy: (x.read().T @ dy, dy @ weight.T),
    "bias": lambda x, y, mask, weight, dy: (dy.sum(0), dy),
    "relu": lambda x, y, mask, weight, dy: (None, dy * (y.read() > 0)),
    "tanh": lambda x, y, mask, weight, dy: (None, dy * (1 - y.read() ** 2)),
    "gelu": lambda x, y, mask, weight, dy: (None, dy * gelu_slope(x.read())),
    "dropout": lambda x, y, mask, weight, dy: (None, 2 * dy * mask.read()),
}


def run_network(layers, rows, bytes_per_number):
    """One forward and one backward pass; returns the arrays between the layers, and the masks."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, layers[0][1]))
    between, masks, weights = [Watched(x, bytes_per_number)], [], []
    for kind, n_in, n_out in layers:
        weights.append(rng.normal(size=(n_in, n_out)))
        mask = rng.integers(0, 2, size=(rows, n_out))
        masks.append(Watched(mask, 1))
        x = FORWARD[kind](x, weights[-1], mask)
        between.append(Watched(x, bytes_per_number))
    gradient = np.ones_like(x)
    for place in reversed(range(len(layers))):
        array_in, array_out = between[place], between[place + 1]
        _, gradient = BACKWARD[layers[place][0]](array_in, array_out, masks[place], weights[place], gradient)
    return between, masks


def waiting_bytes(layers, rows, bytes_per_number):
    return sum(
        array.size_bytes for arrays in run_network(layers, rows, bytes_per_number) for array in arrays if array.was_read
    )


def describe_layers(layers):
    return " → ".join([f"{layers[0][1]} numbers", *(f"{kind} → {n_out}" for kind, _, n_out in layers)])


def check_activations(submission, layers, rows, bytes_per_number):
    given = f"a row of {describe_layers(layers)}; rows = {rows}, bytes_per_number = {bytes_per_number}"
    answer = submission.call("activation_bytes", layers, rows, bytes_per_number, given=given)
    got = as_number(answer, kind="int", name="the number of bytes")
    want = waiting_bytes(layers, rows, bytes_per_number)
    if got != want:
        why = why_activations_differ(got, layers, rows, bytes_per_number)
        raise CheckFailed(why, expected=f"{want} bytes", came=f"{got} bytes", given=given)


LOOK = "look in the table which layers use their input, their output or none"
ONE_ROW = "this is the count of one row: each row has its own activations"
BY_INPUT = "a layer such as relu was counted by its input: look in the table which array it uses"
MASK = (
    "a mask says yes or no: it has 1 byte for each number, whatever the format; and dropout uses nothing else, "
    "neither its input nor its output"
)
TWICE = "an array that two layers use was counted twice: the output of one is the input of the next"


def why_activations_differ(got, layers, rows, width):
    """The belief that gives this number; a plain sentence when none is known."""
    between, masks = run_network(layers, rows, width)
    want = sum(array.size_bytes for array in [*between, *masks] if array.was_read)
    all_masks = sum(mask.size_bytes for mask in masks if mask.was_read)
    arrays = sum(array.size_bytes for array in between if array.was_read)
    inputs, outputs = (sum(array.size_bytes for array in some) for some in (between[:-1], between[1:]))
    each_use = 0
    for layer in layers:
        alone, _ = run_network([layer], rows, width)
        each_use += sum(array.size_bytes for array in alone if array.was_read)
    uses = zip(between[:-1], layers, strict=True)
    by_input = sum(array.size_bytes for array, (kind, _, _) in uses if kind not in ("bias", "dropout"))
    everything = sum(array.size_bytes for array in between)
    weights = width * sum(n_in * n_out for kind, n_in, n_out in layers if kind == "linear")
    biases = width * sum(n_out for kind, _, n_out in layers if kind == "bias")
    told = [
        ([waiting_bytes(layers, 1, width)] if rows > 1 else [], ONE_ROW),
        ([arrays + width * all_masks, want + width * all_masks], MASK),
        ([arrays], "the mask of dropout is random: without it the backward pass could not use the same one"),
        ([each_use + all_masks], TWICE),
        ([by_input + all_masks], BY_INPUT),
        ([inputs, inputs + all_masks], f"you count the input of each layer: {LOOK}"),
        ([outputs, outputs + all_masks], f"you count the output of each layer: {LOOK}"),
        (
            [everything, everything + all_masks],
            "all arrays were counted, but some of them are used by no backward formula",
        ),
        ([want - between[0].size_bytes], "the input of the network is missing: the first linear layer uses it"),
        ([want + weights, want + weights + biases], "weights were counted in part 1: they are there anyway"),
        ([8 * want], "these are bits"),
    ]
    told = [*needless(layers, between, all_masks), *told]
    if width != 4 and got == waiting_bytes(layers, rows, 4):
        return "the numbers have bytes_per_number bytes each"
    matching = list(dict.fromkeys(text for numbers, text in told if got in numbers and got != want))
    return "; or: ".join(matching[:2]) or "the count differs from what a backward pass reads, array by array"


def needless(layers, between, all_masks):
    """What is counted where one kind of layer keeps an array that its formula does not use; with what to say."""
    read = {id(array) for array in between if array.was_read}
    for kind in dict.fromkeys(kind for kind, _, _ in layers):
        for step, name in enumerate(("input", "output")):
            kept = read | {id(between[i + step]) for i, layer in enumerate(layers) if layer[0] == kind}
            size = sum(array.size_bytes for array in between if id(array) in kept)
            yield [size + all_masks], f"{kind} keeps its {name} in your count, and its formula does not use it"
    reads_input = ("linear", "gelu")
    alone = [
        after
        for place, after in enumerate(between[1:], start=1)
        if layers[place - 1][0] == "relu" and (place == len(layers) or layers[place][0] not in reads_input)
    ]
    size = sum(array.size_bytes for array in between if array.was_read)
    size -= sum(array.size_bytes - array.read().size for array in alone)
    yield [size + all_masks], "relu uses its output as it is: not one byte for each number"


def check_largest(submission, fixed, for_a_row, device_bytes, measured_rows):
    """Fills a device row by row, and compares."""
    measured = [(rows, fixed + sum([for_a_row] * rows)) for rows in measured_rows]
    given = f"measured = {measured}, device_bytes = {device_bytes}"
    answer = submission.call("largest_batch", measured, device_bytes, given=given)
    got = as_number(answer, kind="int", name="the number of rows")
    filled, fitting = fixed + for_a_row, 0
    while filled <= device_bytes:
        filled, fitting = filled + for_a_row, fitting + 1
    expect(
        got == fitting,
        expected=f"{fitting} rows: {fixed + fitting * for_a_row} bytes fit, {filled} do not" if fitting else "0 rows",
        came=f"{got} rows",
        given=given,
        why=why_rows_differ(got, fitting, measured, device_bytes),
    )


def why_rows_differ(got, fitting, measured, device_bytes):
    (rows_a, bytes_a), (rows_b, bytes_b) = sorted(measured)
    if fitting == 0:
        return "what does not depend on the batch fills the device alone, or leaves no room for a row"
    if got in (device_bytes * rows_a // bytes_a, device_bytes * rows_b // bytes_b):
        return "you scaled a peak with the rows, but a part of it is there with any batch"
    if got == fitting + 1:
        return "one row too many: the last one does not fit as a whole"
    slope = (bytes_b - bytes_a) // (rows_b - rows_a)
    if got in ((device_bytes - bytes_a) // slope, (device_bytes - bytes_b) // slope):
        return "a measured peak was taken for the part without the batch: it has rows in it already"
    if got == fitting - 1:
        return "one more row would fit: a device may be filled to the last byte"
    if got == device_bytes // slope:
        return "your device is empty before the first row: weights and states lie there too"
    if got < fitting < 2 * got and got & (got - 1) == 0:
        return "a power of two came, but more rows fit: any number of rows is allowed"
    return "the number of rows differs from that of a device that was filled row by row"
