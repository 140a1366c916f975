"""The visible checks of accelerator/kernels; what the hidden ones share with them is in checks_*.py."""

import numpy as np
from checks_rows import check_hard_swish, check_softmax
from checks_tiles import check_matmul
from checks_traffic import check_way

from workbench.checks import part

swish_part = part("hard-swish", title="A kernel with a mask")
softmax_part = part("softmax", title="A softmax in one kernel")
bytes_part = part("softmax-bytes", title="The bytes that it saves")
matmul_part = part("matmul", title="A matrix product in tiles")


def logits(rng, n_rows, n_columns, scale=3.0):
    return (scale * rng.normal(size=(n_rows, n_columns))).astype(np.float32)


# ---- 1 · hard-swish


@swish_part.check(
    points=0.5,
    title="Whole blocks",
    hints=[
        "Which numbers belong to program 0, and which to program 1?",
        "How do you get from the number of a program to the first place of its block?",
    ],
)
def whole_blocks(submission):
    check_hard_swish(submission, 4, 4)
    check_hard_swish(submission, 32, 8)


@swish_part.check(
    points=1,
    title="The last block is short",
    hints=[
        "Six numbers, blocks of four: which lanes of program 1 have a number?",
        "Compare the places with n. Both instructions, load and store, need the answer.",
    ],
)
def short_last_block(submission):
    for n, block in ((6, 4), (1, 4), (7, 8), (53, 16)):
        check_hard_swish(submission, n, block)


# ---- 2 · softmax


@softmax_part.check(
    points=0.5,
    title="Rows as long as the block",
    hints=[
        "What does one program have to know of the other rows?",
        "Where does row r begin, if one begins right after the other?",
    ],
)
def full_rows(submission):
    check_softmax(submission, logits(submission.rng, 1, 4), 4, say_x=True)
    check_softmax(submission, logits(submission.rng, 5, 16), 16)


@softmax_part.check(
    points=1,
    title="Rows shorter than the block",
    hints=[
        "A row of 3 numbers in a block of 4: what does the last lane hold, and what does it add to the sum?",
        "Which number changes neither a maximum nor a sum of exp?",
    ],
)
def short_rows(submission):
    for n_rows, n_columns, block in ((2, 3, 4), (4, 5, 16), (3, 1, 2), (3, 33, 64)):
        check_softmax(submission, logits(submission.rng, n_rows, n_columns), block, say_x=n_columns < 6)


@softmax_part.check(
    points=1,
    title="Rows with gaps between them",
    hints=[
        "The table is the left part of a wider one. How far is it from the start of a row to the next start?",
        "x and out may be parts of two different tables. How many strides are there?",
    ],
)
def rows_with_gaps(submission):
    for gaps in ((2, 0), (0, 3), (5, 2), (1, 40)):
        check_softmax(submission, logits(submission.rng, 3, 8), 8, gaps=gaps)
        check_softmax(submission, logits(submission.rng, 4, 6), 8, gaps=gaps)


@softmax_part.check(
    points=1,
    title="Large numbers",
    hints=[
        "What is exp(100) in float32? And exp(1000)?",
        "The softmax does not change when the same number is taken off the whole row. Which one makes all exp safe?",
    ],
)
def large_numbers(submission):
    rng = submission.rng
    for shift in (200, 1000, 10_000):
        check_softmax(submission, np.round(logits(rng, 2, 4) + shift).astype(np.float32), 4, say_x=True)
    check_softmax(submission, np.round(logits(rng, 3, 7, scale=300)).astype(np.float32), 8)
    for shift in (-1000, -10_000):  # the mild second row tells an empty lane's zero from a lane that holds anything
        x = np.round(logits(rng, 2, 3)) + np.array([[shift], [0]])
        check_softmax(submission, x.astype(np.float32), 4, say_x=True)


@softmax_part.check(
    points=0.5,
    title="Each number crosses once",
    hints=[
        "How many bytes does your kernel read? Print the table of the memory.",
        "What a program has read, it may keep. Which of your loads brings something new?",
    ],
)
def each_number_crosses_once(submission):
    check_softmax(submission, logits(submission.rng, 3, 8), 8, once=True)
    check_softmax(submission, logits(submission.rng, 4, 11), 16, gaps=(2, 1), once=True)


# ---- 3 · softmax-bytes


@bytes_part.check(
    points=1,
    title="Five kernels, as counted one by one",
    hints=[
        "Write down for each of the five kernels what it reads and what it writes.",
        "Which of these are tables, and which have one number for each row?",
    ],
)
def bytes_of_five_kernels(submission):
    check_way(submission, 0)


@bytes_part.check(
    points=0.5,
    title="One kernel, as counted one by one",
    hints=[
        "Which two tables cross the memory?",
        "A lane that is masked off: what does it read?",
    ],
)
def bytes_of_one_kernel(submission):
    check_way(submission, 1)


@bytes_part.check(
    points=0.5,
    title="Three passes, as counted one by one",
    hints=[
        "What does a program still hold of the row when the second pass begins?",
        "Which of the three passes write to a table?",
    ],
)
def bytes_of_three_passes(submission):
    check_way(submission, 2)


# ---- 4 · matmul


@matmul_part.check(
    points=0.5,
    title="Whole tiles",
    hints=[
        "Which rows and which columns of C belong to program (i, j)?",
        "Which tile of A and which tile of B does one step along K need?",
    ],
)
def whole_tiles(submission):
    check_matmul(submission, (16, 16, 16), (16, 16, 16))
    check_matmul(submission, (32, 64, 48), (16, 32, 16))


@matmul_part.check(
    points=1,
    title="Tiles that end early",
    hints=[
        "Along which of the three sizes can a tile of A end early? And a tile of B?",
        "What must a lane after the end of K hold, so that it adds nothing?",
    ],
)
def ragged_tiles(submission):
    check_matmul(submission, (16, 16, 10), (16, 16, 16))
    check_matmul(submission, (16, 16, 40), (16, 16, 16))
    check_matmul(submission, (20, 16, 16), (16, 16, 16))
    check_matmul(submission, (33, 21, 35), (16, 32, 16))


@matmul_part.check(
    points=1,
    title="Tables stored column by column, or with gaps",
    hints=[
        "What do a_m and a_k say of a table that is stored column by column?",
        "Take each index times its own stride. Is there a place where you rely on a stride of 1?",
    ],
)
def any_strides(submission):
    for by_columns in ((True, False, False), (False, True, False), (False, False, True), (True, True, True)):
        check_matmul(submission, (16, 32, 24), (16, 16, 16), by_columns=by_columns, gap=3)


@matmul_part.check(
    points=1,
    title="Long sums keep their small terms",
    hints=[
        "Which whole number comes after 2048 in float16?",
        "The tiles of A and B are float16. Which format do your sums have?",
    ],
)
def long_sums(submission):
    check_matmul(submission, (16, 16, 512), (16, 16, 32))
