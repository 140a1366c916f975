"""What a notebook that somebody has open writes into the learner's records: of its own course and unit.

Nothing is noted in a graded run, under nbgrader, or where nobody has the notebook open, as under papermill; there
WORKBENCH_RECORDS, set to a file, asks for it.
"""

import os
from collections.abc import Sequence

from workbench import records
from workbench.course_card import Card, card_here, notebook_path, unit_here

_noted_lessons: set[tuple[str, str]] = set()


def lesson() -> None:
    """The lesson of this notebook is being read; noted once in a kernel."""
    card = _card()
    if card is None or card.unit:
        return
    unit = unit_here(card)
    if unit and (card.course, unit) not in _noted_lessons:
        _noted_lessons.add((card.course, unit))
        records.note_lesson(card.course, unit)


def part(name: str, passed: Sequence[bool]) -> None:
    """A part was checked; `passed` says it of each visible check."""
    card = _card()
    if card is not None and card.unit:
        records.note_part(card.course, card.unit, name, passed=bool(passed) and all(passed), n_visible=len(passed))


def prediction(name: str, guess: float, measured: float | None) -> None:
    """A number was predicted, or measured after that."""
    card = _card()
    if card is not None and (unit := unit_here(card)):
        records.note_prediction(card.course, unit, name, guess, measured)


def is_noting() -> bool:
    """Whether this kernel notes anything: see above."""
    graded = os.environ.get("NBGRADER_EXECUTION") or os.environ.get("WORKBENCH_LINK_FD")
    wanted = os.environ.get(records.RECORDS, "")
    return not graded and wanted != "0" and bool(wanted or notebook_path())


def _card() -> Card | None:
    return card_here() if is_noting() else None
