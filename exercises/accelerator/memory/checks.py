"""The visible checks of accelerator/memory; what the hidden ones share with them is in checks_*.py."""

from checks_activations import check_activations, check_largest
from checks_cases import LONG_CHAINS, SHORT_CHAINS, scaled
from checks_chain import check_best, check_fits
from checks_device import check_step, random_device
from checks_states import compare_states, random_tensors

from workbench.checks import part

states_part = part("states", title="What stays on the device")
activations_part = part("activations", title="What the backward pass waits for")
accumulate_part = part("accumulate", title="One step in small portions")
plan_part = part("plan", title="Keep or compute again")
long_part = part("long-chain", title="A chain of fifty layers")


# ---- 1 · states


@states_part.check(
    points=1,
    title="In float32, number by number",
    hints=[
        "How many numbers has a tensor of shape (2, 3, 4)?",
        "In the code of the optimizer, which names are used before they get a value in this step? They are remembered.",
    ],
)
def in_float32(submission):
    for optimizer in ("sgd", "momentum", "adam"):
        compare_states(submission, random_tensors(submission.rng, frozen=False), optimizer, "float32")


@states_part.check(
    points=1,
    title="In mixed precision",
    hints=[
        "Go through the four lines of a mixed step. In which format is each array, and which are whole arrays?",
        "In which format does the optimizer compute? So how many bytes has each number of m and v?",
    ],
)
def in_mixed_precision(submission):
    for optimizer in ("sgd", "momentum", "adam"):
        compare_states(submission, random_tensors(submission.rng, frozen=False), optimizer, "mixed")


@states_part.check(
    points=1,
    title="Frozen tensors",
    hints=[
        "A frozen tensor is never changed. Which of the four kinds does it need?",
        "For each of the four kinds: is it there for all tensors, or for the trained ones only?",
    ],
)
def frozen_tensors(submission):
    for precision in ("float32", "mixed"):
        for optimizer in ("momentum", "adam"):
            compare_states(submission, random_tensors(submission.rng, frozen=True), optimizer, precision)


# ---- 2 · activations

WITH_RELU = [("linear", 3, 5), ("bias", 5, 5), ("relu", 5, 5), ("linear", 5, 2)]
WITH_GELU = [("linear", 4, 7), ("gelu", 7, 7), ("linear", 7, 4), ("bias", 4, 4), ("tanh", 4, 4), ("gelu", 4, 4)]


@activations_part.check(
    points=1,
    title="Arrays that the backward pass reads",
    hints=[
        "Write the layers in a row, with an array between each two. Which arrays does the table name for each layer?",
        "Which array does relu use, and which one does the linear layer behind it use? How many arrays are these?",
    ],
)
def arrays_that_are_read(submission):
    rng = submission.rng
    for layers in ([("linear", 3, 2)], WITH_RELU, WITH_GELU):
        check_activations(submission, layers, 1, 4)
    for layers in (WITH_RELU, WITH_GELU):
        check_activations(submission, layers, int(rng.integers(2, 7)), int(rng.choice([2, 8])))


@activations_part.check(
    points=1,
    title="Masks",
    hints=[
        "What does the backward pass of dropout use: its input, its output, or something else?",
        "How many bytes has the mask of 10 numbers in float32, and how many in bfloat16?",
    ],
)
def masks(submission):
    rng = submission.rng
    for layers in (
        [("linear", 5, 3), ("dropout", 3, 3)],
        [("linear", 2, 6), ("relu", 6, 6), ("dropout", 6, 6), ("linear", 6, 3), ("dropout", 3, 3)],
    ):
        check_activations(submission, layers, int(rng.integers(2, 7)), int(rng.choice([2, 4])))


@activations_part.check(
    points=1,
    title="The largest batch, as a device is filled row by row",
    hints=[
        "The two measurements differ in the rows and in the bytes. What does one row more cost?",
        "How many bytes would a step with 0 rows take? And what is left of the device then?",
    ],
)
def largest_batch_as_filled(submission):
    rng = submission.rng
    for room, measured in ((10, [1, 2]), (23, [8, 3]), (1, [5, 4]), (0, [1, 3])):
        for_a_row = int(rng.integers(10, 60))
        fixed = int(rng.integers(100, 900))
        rest = int(rng.integers(0, for_a_row)) if room != 10 else 0
        check_largest(submission, fixed, for_a_row, fixed + room * for_a_row + rest, measured)
    check_largest(submission, 500, 20, 300 + int(rng.integers(0, 100)), [1, 2])


# ---- 3 · accumulate


@accumulate_part.check(
    points=1,
    title="Equal micro-batches, two steps",
    hints=[
        "Two micro-batches of one size have mean losses of 2 and 4. What is the mean loss of all rows?",
        "What lies in the gradient when you get the device, and what when the second step begins?",
    ],
)
def equal_micro_batches(submission):
    device = random_device(submission, [3] * 8, fit_rows=2)
    for _ in range(2):
        check_step(submission, device)


@accumulate_part.check(
    points=1,
    title="A smaller one at the end",
    hints=[
        "Seven rows, and three fit at once. Which rows are in each micro-batch?",
        "A micro-batch of three rows has the mean 2, one of one row has the mean 6. What is the mean of all four?",
    ],
)
def smaller_at_the_end(submission):
    check_step(submission, random_device(submission, [2] * 7, fit_rows=3))


@accumulate_part.check(
    points=1,
    title="Rows with different numbers of tokens",
    hints=[
        "The loss is a mean over what? How many of these are in a micro-batch?",
        "One row has 1 token that counts, with the error 8. Another has 3, with the errors 0. What is the mean loss?",
    ],
)
def different_tokens(submission):
    counts = submission.rng.permutation([1, 1, 2, 4, 7, 9]).tolist()
    check_step(submission, random_device(submission, [*counts[:3], 12, 1, *counts[3:]], fit_rows=3))


# ---- 4 · plan


@plan_part.check(
    points=1,
    title="As little computed again as is possible",
    hints=[
        "What does run_plan say of the plan that you return, and of others that fit?",
        "With six layers there are 32 plans. Who stops you from trying all of them?",
    ],
)
def as_little_as_possible(submission):
    for chain in SHORT_CHAINS:
        mib_L, ms_L, budget_mib, _, least, mistaken = scaled(chain, submission.rng)
        check_best(submission, "best_plan", mib_L, ms_L, budget_mib, least, mistaken)


@plan_part.check(
    points=1,
    title="The tightest budget, and one below it",
    hints=[
        "Which plan has the lowest peak? It need not be the one that keeps the least.",
        "What does your function return when it has found no plan that fits?",
    ],
)
def tightest_budget(submission):
    for chain in SHORT_CHAINS:
        mib_L, ms_L, _, lowest_mib, _, _ = scaled(chain, submission.rng)
        check_fits(submission, "best_plan", mib_L, ms_L, lowest_mib)
        submission.raises("best_plan", mib_L, ms_L, lowest_mib - 1, error="ValueError")


# ---- 5 · long-chain


@long_part.check(
    points=1,
    title="Short chains",
    hints=[
        "Does it find what your best_plan finds? If not: take the smallest chain where they differ.",
        "An input that is not kept lies in memory at some time, too. Together with which others?",
    ],
)
def short_chains(submission):
    for chain in SHORT_CHAINS:
        mib_L, ms_L, budget_mib, lowest_mib, least, mistaken = scaled(chain, submission.rng)
        check_best(submission, "plan_long_chain", mib_L, ms_L, budget_mib, least, mistaken)
        submission.raises("plan_long_chain", mib_L, ms_L, lowest_mib - 1, error="ValueError")


@long_part.check(
    points=1,
    title="24 and 45 layers",
    hints=[
        "Two plans have just kept the input of layer 7, and both hold 30 MiB by now. Which of them can you forget?",
        "Which pairs (newest kept layer, MiB kept by now) are there? What is the cheapest way to each of them?",
    ],
)
def twenty_four_and_forty_five(submission):
    for chain in LONG_CHAINS:
        mib_L, ms_L, budget_mib, _, least, mistaken = scaled(chain, submission.rng)
        check_best(submission, "plan_long_chain", mib_L, ms_L, budget_mib, least, mistaken)
