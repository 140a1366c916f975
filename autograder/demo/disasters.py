"""Submissions that would stop a careless grader, or harm others. What is honest in them keeps its points."""

from collections.abc import Iterator

from autograder.demo.cast import Entry, HandedIn, Notebook, Work
from autograder.demo.expected import Expected
from autograder.verify.trials import with_code

# In front of the solution: each must cost nothing but itself.
CELLS = {
    # The first in the list of learners: it takes as long as a cell may, and so runs beside all others.
    "aaron.berg": ("an endless loop", "while True:\n    pass", "timed out"),
    "otto.keller": ("an allocation of 20 GB", "kept = bytearray(20 * 2**30)", "out of memory"),
    "paula.moreau": ("os._exit in a cell", "import os\nos._exit(0)", "kernel died"),
    "quinn.byrne": ("60 MB of output", "for _ in range(60):\n    print('x' * 1_000_000)", "too large"),
}
FILES = {
    "rosa.amato": ("a file that is no JSON", b"\x89PNG\r\n\x1a\n this is a picture", "notebook unreadable"),
    "simon.urban": ("an empty file", b"", "notebook unreadable"),
}
ELSEWHERE = "nobody-knows-this"


def disasters_of(work: Work) -> Iterator[Entry]:
    """All disasters, for one exercise."""
    exercise, unit = work.authored.exercise.name, work.authored.exercise.unit

    def entry(learner: str, item: HandedIn, in_unit: str = unit) -> Entry:
        return Entry(learner, exercise, in_unit, item.kind, item.what, item.content, item.expected)

    for learner, (what, source, status) in CELLS.items():
        notebook = with_code(work.solution, first=source, replaced={})
        item = HandedIn("disaster", f"{what}, and the solution", notebook, Expected("full", (status,)))
        yield entry(learner, item)
    for learner, (what, content, status) in FILES.items():
        yield entry(learner, HandedIn("disaster", what, content, Expected("nothing", (status,))))
    link = HandedIn("disaster", "a link to the gradebook", "link", Expected("nothing", ("refused",)))
    yield entry("tilda.sund", link)
    deleted = HandedIn("disaster", "the solution, cells deleted", without_first_answer(work), Expected("some"))
    yield entry("ulla.brandt", deleted)
    aside = Expected("left aside")
    yield entry("vera.lang", HandedIn("disaster", "an unknown exercise", work.solution, aside), ELSEWHERE)
    yield entry("x..%2f..%2fgradebook", HandedIn("disaster", "a path as learner id", work.solution, aside))


def without_first_answer(work: Work) -> Notebook:
    """The solution without its first answer, and without any of the cells that check."""
    first = work.solution_cells()[0]
    cells = [cell for cell in work.solution["cells"] if cell["id"] != first and not cell["id"].startswith("part-")]
    return {**work.solution, "cells": cells}
