"""Which course and unit a notebook belongs to: `course.json` beside it, which the build releases with each notebook.

It names the units of the course in order, with what `wb.progress` has to know of each. It is a learner's own copy:
nothing that counts is read from it.
"""

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath
from typing import Any

CARD = "course.json"
VERSION = 1
MOST_BYTES = 2**20
_NEAR = (
    "{card}",
    "*/{card}",
    "*/*/{card}",
    "../{card}",
    "../*/{card}",
    "../../{card}",
    "../../*/{card}",
    "../../*/*/{card}",
)


@dataclass(frozen=True)
class Unit:
    """One unit of a course.

    Attributes:
        minutes: of its exercise; `lesson_minutes` is 0 where it has no lesson.
        prerequisites: units, each written course/unit.
        parts: the names of the parts that are checked, in order.
    """

    unit: str
    title: str
    minutes: int
    lesson_minutes: int
    prerequisites: tuple[str, ...]
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Card:
    """A course as its notebooks know it. `unit` is the one in whose folder the card lies; "" beside lessons."""

    course: str
    title: str
    unit: str
    units: tuple[Unit, ...]

    def to_json(self) -> bytes:
        """The file; the same bytes for the same course."""
        return (json.dumps({"version": VERSION, **asdict(self)}, indent=1, ensure_ascii=False) + "\n").encode()


def read_card(path: Path) -> Card | None:
    """The card in this file; None where there is none that can be read: nobody's work depends on it."""
    try:
        with path.open("rb") as file:
            text = file.read(MOST_BYTES + 1)
        told = json.loads(text) if len(text) <= MOST_BYTES else None
        if not isinstance(told, dict) or told.pop("version", None) != VERSION:
            return None
        units = tuple(Unit(**_tuples(unit)) for unit in told.pop("units"))
        return Card(**told, units=units)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def card_here(folder: Path | None = None) -> Card | None:
    """The card beside the notebook."""
    return read_card((folder or Path.cwd()) / CARD)


def card_near(course: str, folder: Path | None = None) -> Card | None:
    """The card of a course beside the notebook or in a folder near it."""
    start = folder or Path.cwd()
    for pattern in _NEAR:
        for path in sorted(start.glob(pattern.format(card=CARD))):
            card = read_card(path)
            if card is not None and card.course == course:
                return card
    return None


def unit_here(card: Card) -> str:
    """The unit of this notebook: that of its folder, else a lesson's, by the notebook's name; "" where unknown."""
    if card.unit:
        return card.unit
    stem = PurePath(notebook_path()).stem
    return stem if any(unit.unit == stem for unit in card.units) else ""


def notebook_path() -> str:
    """The notebook that somebody has open, as Jupyter's server or Visual Studio Code says; "" where none is.

    Papermill, nbconvert and the grader open none.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    code = shell.user_ns.get("__vsc_ipynb_file__") if shell is not None else None
    return code if isinstance(code, str) else os.environ.get("JPY_SESSION_NAME", "")


def _tuples(unit: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in unit.items()}
