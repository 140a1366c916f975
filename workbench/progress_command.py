"""`workbench progress`: what one has read, tried and passed, on a terminal."""

from collections.abc import Iterator

from workbench import records
from workbench.course_card import Card, Unit
from workbench.shelf import Shelf

HEAD = ("", "lesson", "tried", "passed", "minutes")


def show(shelf: Shelf, course: str | None) -> int:
    """Prints a table for each course, and what comes next; the exit status.

    Raises:
        ShelfError: there is no such course.
        RecordsError: the file of records is of a newer version, or cannot be read.
    """
    cards = [shelf.course(course)] if course else list(shelf.courses)
    recorded = {card.course: records.read_units(card.course) for card in shelf.courses}
    passed = {
        f"{card.course}/{unit.unit}" for card in shelf.courses for unit in card.units if _passed(card, unit, recorded)
    }
    for card in cards:
        rows = [HEAD, *(_row(unit, recorded[card.course].get(unit.unit)) for unit in card.units)]
        print(f"{card.title} ({card.course})")
        widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
        for row in rows:
            print("  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
        print()
    ahead = list(_next(cards, passed))
    print(f"Next: {'; '.join(ahead[:3])}" if ahead else "Nothing is left to do here: every part has passed.")
    place = records.path()
    print(
        f"Recorded on this machine alone, in {place}" if place else f"Records are switched off ({records.RECORDS}=0)."
    )
    return 0


Recorded = dict[str, dict[str, records.UnitRecord]]


def _passed(card: Card, unit: Unit, recorded: Recorded) -> bool:
    parts = recorded[card.course].get(unit.unit, records.UnitRecord()).parts
    return all(name in parts and parts[name].passed_at for name in unit.parts)


def _row(unit: Unit, record: records.UnitRecord | None) -> tuple[str, ...]:
    record = record or records.UnitRecord()
    tried = [record.parts[name] for name in unit.parts if name in record.parts]
    passed = sum(part.passed_at is not None for part in tried)
    of = len(unit.parts)
    lesson = "–" if not unit.lesson_minutes else "read" if record.read_at else "not yet"
    return unit.title, lesson, f"{len(tried)} of {of}", f"{passed} of {of}", str(unit.lesson_minutes + unit.minutes)


def _next(cards: list[Card], passed: set[str]) -> Iterator[str]:
    """The first unit of each course that is not passed, and all before which are."""
    for card in cards:
        for unit in card.units:
            if f"{card.course}/{unit.unit}" not in passed and passed.issuperset(unit.prerequisites):
                yield f"{unit.title} ({card.course}/{unit.unit})"
                break
