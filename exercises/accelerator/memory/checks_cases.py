"""Parts 4 and 5: chains whose best plan is known, and the plans that usual ways of choosing give for them.

(MiB, ms, budget in MiB, lowest peak of all plans, least ms computed again, [(plan, what to say)]). The chains were
searched at random, so that each usual way falls short of the best plan in at least one of them.
"""

NEVER_FREED = "This plan is the best if inputs are never freed; but the backward pass frees them one by one"
OFF_BY_ONE = "Perhaps the wrong time is counted: to compute the input of layer i again, layer i - 1 runs"
FEWEST = "This plan computes the fewest inputs again, but some layers take longer than others"
LOWEST_PEAK = "This plan has the lowest peak, but the budget allows more: the least time was asked for"
LARGEST = "Perhaps the largest inputs were dropped first; but some of them are slow to compute again"
CHEAPEST = "Perhaps the fastest layers were computed again first; but dropping a small input hardly helps"
RATIO = "Perhaps inputs were dropped one by one: choices that look best one by one need not be best together"
SMALLEST = "Perhaps the smallest inputs are kept; but some large ones are slow to compute again"
SLOWEST = "Perhaps what is slowest to compute again is kept; but a large input takes the room of several others"
VALUE = "Perhaps inputs were kept one by one: choices that look best one by one need not be best together"

SHORT_CHAINS = [
    (
        [6, 2, 4, 6, 5, 5, 8],
        [3, 2, 3, 1, 9, 7, 4],
        25,
        19,
        4,
        [
            ([0, 3, 5], NEVER_FREED),
            ([0, 4, 5, 6], OFF_BY_ONE),
            ([0, 1, 2, 4, 6], FEWEST),
            ([0, 4, 6], LOWEST_PEAK),
            ([0, 1, 2, 5], LARGEST),
            ([0, 3, 5, 6], CHEAPEST),
            ([0, 1, 5, 6], RATIO),
        ],
    ),
    (
        [3, 2, 1, 1, 2, 9],
        [7, 4, 9, 4, 7, 7],
        15,
        12,
        8,
        [
            ([0, 3, 4], NEVER_FREED),
            ([0, 2, 4, 5], OFF_BY_ONE),
            ([0, 1, 2, 5], FEWEST),
            ([0, 5], LOWEST_PEAK),
            ([0, 2, 3, 5], SLOWEST),
            ([0, 3, 4, 5], VALUE),
        ],
    ),
    (
        [2, 2, 4, 4, 2, 7],
        [3, 6, 4, 2, 1, 8],
        19,
        12,
        2,
        [
            ([0, 2, 3, 4], NEVER_FREED),
            ([0, 4, 5], LOWEST_PEAK),
            ([0, 1, 3, 4], LARGEST),
            ([0, 2, 3], CHEAPEST),
            ([0, 1, 2, 4], RATIO),
            ([0, 1, 2, 4, 5], SMALLEST),
            ([0, 2, 3, 4, 5], SLOWEST),
        ],
    ),
    (
        [6, 3, 4, 1, 8, 6, 4],
        [2, 8, 6, 5, 2, 5, 3],
        27,
        17,
        4,
        [
            ([0, 2, 3, 5], NEVER_FREED),
            ([0, 3, 5, 6], LOWEST_PEAK),
            ([0, 2, 3, 6], RATIO),
            ([0, 3, 4, 5, 6], SMALLEST),
            ([0, 1, 3, 4, 6], VALUE),
        ],
    ),
]

LONG_CHAINS = [
    (
        [5, 19, 3, 9, 4, 16, 15, 16, 13, 7, 4, 16, 1, 13, 14, 20, 1, 15, 9, 8, 19, 4, 11, 1],
        [1, 1, 21, 18, 1, 29, 13, 22, 7, 14, 24, 1, 17, 8, 25, 15, 16, 18, 8, 12, 8, 22, 8, 25],
        109,
        None,  # not needed
        100,
        [],
    ),
    (
        [2, 3, 3, 12, 6, 10, 9, 20, 7, 20, 2, 19, 6, 14, 13, 17, 12, 18, 15, 17, 9, 2, 1]
        + [12, 15, 11, 13, 14, 17, 6, 18, 6, 8, 8, 1, 6, 11, 6, 5, 17, 17, 12, 17, 18, 6],
        [29, 15, 26, 14, 24, 17, 30, 30, 25, 12, 26, 19, 12, 12, 28, 15, 6, 25, 13, 23, 24, 15, 21]
        + [17, 8, 16, 9, 30, 16, 17, 17, 27, 26, 12, 22, 29, 15, 29, 29, 15, 12, 19, 24, 30, 18],
        192,
        None,
        327,
        [],
    ),
]


def scaled(chain, rng):
    """The same chain in other units: MiB times 1 or 2, ms times 1 to 9. The best plans stay the same."""
    mib_L, ms_L, budget_mib, lowest_mib, least_ms, mistaken = chain
    larger, slower = int(rng.integers(1, 3)), int(rng.integers(1, 10))
    return (
        [larger * mib for mib in mib_L],
        [slower * ms for ms in ms_L],
        larger * budget_mib,
        None if lowest_mib is None else larger * lowest_mib,
        slower * least_ms,
        mistaken,
    )
