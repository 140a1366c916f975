"""`workbench progress`: what one has read, tried and passed, and what comes next, on a terminal."""

from workbench import records
from workbench.shelf import Shelf
from workbench.standing import as_text, standing


def show(shelf: Shelf, course: str | None) -> int:
    """Prints each course's table, or that of one; the exit status.

    Raises:
        ShelfError: there is no such course.
        RecordsError: the file of records is of a newer version, or cannot be read.
    """
    cards = [shelf.course(course)] if course else list(shelf.courses)
    print("\n\n".join(as_text(card, standing(card, records.read_units)) for card in cards))
    place = records.path()
    print(f"\nRecords: {place}" if place else f"\nRecords are switched off ({records.RECORDS}=0).")
    return 0
