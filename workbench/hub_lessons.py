"""What a learner finds on a hub: an own copy of each lesson, and a page that says where everything is.

The course's lessons are read-only there; the copies are the learner's, and are never written over (`learner_folder`).
Done in the learner's own sandbox, each time that their server starts.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workbench.course_card import CARD, Card, Unit, read_card
from workbench.learner_folder import OWN, fill
from workbench.shelf import Piece, Shelf
from workbench.start_page import WRITTEN, course_section, plain, put_page

LESSONS = "lessons"  # in the learner's home
PAGE, BESIDE = "START.md", "START.new.md"


@dataclass(frozen=True)
class ServedLessons(Shelf):
    """Lessons as a course directory has them: `<course>/<unit>.ipynb`, `<course>/data/<unit>/`, and the card."""

    def piece_folder(self, piece: Piece) -> Path:
        return self.folder / piece.course

    def card_file(self, course: str) -> Path:
        return self.folder / course / CARD

    @property
    def page_file(self) -> None:
        return None


def put_lessons(home: Path, served: Path) -> None:
    """Copies what is new into `home/lessons`, and writes `home/START.md`.

    Raises:
        FolderError: the home cannot be written, or is full.
    """
    shelf = read_served(served)
    if not shelf.courses:
        return
    own = home / LESSONS
    if own.is_symlink():  # an earlier kit put a link to the read-only lessons there
        own.unlink()
    fill(own, shelf)
    put_page(home / PAGE, home / BESIDE, own / OWN / WRITTEN, page(shelf), _sha256)


def read_served(folder: Path) -> ServedLessons:
    """The lessons below `folder`; a course without a card that can be read is left out."""
    cards = [card for path in sorted(folder.glob("*")) if (card := read_card(path / CARD)) is not None]
    pieces = {piece.name: piece for card in cards for piece in _pieces(folder / card.course, card.course)}
    return ServedLessons(folder, "", tuple(cards), pieces)


def page(shelf: Shelf) -> str:
    """The page, as Markdown."""
    parts = [
        "# Start here\n\n"
        "A **lesson** teaches, and is yours to write into: it is a copy in your folder `lessons`. An **exercise** is "
        "graded. Get it in the menu *Nbgrader → Assignment List*: choose your course there, *Fetch* the exercise, work "
        "on it, and *Submit* it there, as often as you like.\n\n"
        "In a notebook of a course, `wb.progress()` says how far you are and what comes next."
    ]
    parts += [_course(shelf, card) for card in shelf.courses]
    parts.append("This page is written anew when your server starts. Lessons that you have changed stay as they are.")
    return "\n\n".join(parts) + "\n"


def _course(shelf: Shelf, card: Card) -> str:
    rows = []
    for unit in card.units:
        before = [name.removeprefix(f"{card.course}/") for name in unit.prerequisites]
        rows.append((_lesson(shelf, card, unit), f"{plain(unit.unit)}, {unit.minutes} min", before))
    return course_section(shelf, card, rows, f"{LESSONS}/")


def _lesson(shelf: Shelf, card: Card, unit: Unit) -> str:
    piece = shelf.pieces.get(f"{card.course}/{unit.unit}/lesson")
    return f"[{plain(unit.unit)}]({LESSONS}/{piece.notebook}), {unit.lesson_minutes} min" if piece else "–"


def _pieces(folder: Path, course: str) -> Iterator[Piece]:
    for notebook in sorted(folder.glob("*.ipynb")):
        unit = notebook.stem
        files = [notebook, *sorted(path for path in (folder / "data" / unit).rglob("*") if path.is_file())]
        hashes = {p.relative_to(folder).as_posix(): _sha256(p) for p in files}
        yield Piece(course, unit, "lesson", hashes)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
