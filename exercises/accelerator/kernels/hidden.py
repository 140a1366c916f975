"""Further checks of the same parts: other sizes, fewer programs, traffic, edges. Never released."""

import numpy as np
from checks import bytes_part, logits, matmul_part, softmax_part, swish_part
from checks_rows import check_hard_swish, check_softmax
from checks_tiles import check_matmul
from checks_traffic import same_bytes


@swish_part.check(
    points=1,
    title="Other sizes and blocks",
    hints=["Does your kernel rely on one BLOCK, or on an array that is longer than a block?"],
)
def other_sizes(submission):
    rng = submission.rng
    for block in (1, 2, 32, 128, 1024):
        check_hard_swish(submission, int(rng.integers(1, 4 * block + 2)), block)
    check_hard_swish(submission, 255, 256)
    check_hard_swish(submission, 257, 256)


@swish_part.check(
    points=0.5,
    title="Each program does its own block",
    hints=["If only the first two programs ran, which numbers would be there?"],
)
def own_block_only(submission):
    check_hard_swish(submission, 61, 16, programs=2)
    check_hard_swish(submission, 40, 8, programs=4)


@softmax_part.check(
    points=1,
    title="Rows of negative numbers, and of minus infinity",
    hints=["All numbers of a row are below zero, and the row is shorter than the block. What is its maximum?"],
)
def negative_rows(submission):
    rng = submission.rng
    for shift in (-30, -120, -5000):
        check_softmax(submission, np.round(logits(rng, 3, 5) + shift).astype(np.float32), 8)
    x = logits(rng, 4, 13)
    x[:, 1:] = np.where(rng.uniform(size=(4, 12)) < 0.4, -np.inf, x[:, 1:])
    check_softmax(submission, x, 16, gaps=(1, 2))


@softmax_part.check(
    points=1,
    title="Random tables, blocks and strides",
    hints=["Which of length, block, stride of x and stride of out do you use where another one belongs?"],
)
def random_tables(submission):
    rng = submission.rng
    for block in (1, 4, 32, 128, 1024):
        n_columns = int(rng.integers(block // 2 + 1, block + 1))
        gaps = tuple(int(gap) for gap in rng.integers(0, 20, size=2))
        x = logits(rng, int(rng.integers(1, 6)), n_columns, scale=float(rng.uniform(1, 40)))
        check_softmax(submission, x, block, gaps=gaps, once=True)
        check_softmax(submission, logits(rng, 6, n_columns), 4 * block, gaps=gaps, programs=2)


@bytes_part.check(
    points=1,
    title="Large tables",
    hints=["Which of your terms grow with the rows alone? Does any of them depend on the block?"],
)
def bytes_of_large_tables(submission):
    rng = submission.rng
    for i in range(6):
        n_rows, n_columns = (int(n) for n in rng.integers(1000, 60_000, size=2))
        width, block = (4, 2, 8, 1)[i % 4], 2 ** int(rng.integers(16, 18))
        numbers = n_rows * n_columns
        want = [width * (8 * numbers + 4 * n_rows), 2 * width * numbers, 4 * width * numbers]
        same_bytes(submission, (n_rows, n_columns, block, width), want)


@matmul_part.check(
    points=1,
    title="Everything at once",
    hints=["Edges, strides and tiles of three different sizes: which size does which mask belong to?"],
)
def random_products(submission):
    rng = submission.rng
    for _ in range(4):
        sizes = tuple(int(n) for n in rng.integers(3, 70, size=3))
        tile = tuple(int(n) for n in rng.choice([16, 32], size=3))
        by_columns = tuple(bool(turned) for turned in rng.integers(0, 2, size=3))
        check_matmul(submission, sizes, tile, by_columns=by_columns, gap=int(rng.integers(0, 4)))


@matmul_part.check(
    points=0.5,
    title="A number crosses once for each tile that needs it",
    hints=["How many tiles of C need one number of A?"],
)
def read_by_tiles(submission):
    check_matmul(submission, (48, 32, 32), (16, 16, 16), tiles=True)
    check_matmul(submission, (20, 50, 30), (16, 32, 16), tiles=True)
