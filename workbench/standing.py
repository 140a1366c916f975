"""`wb.progress`: how far a learner is in a course, and what comes next. All of it is read from their own records."""

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from workbench import notes, records
from workbench.course_card import Card, Unit, card_here, card_near
from workbench.errors import KitError
from workbench.records import UnitRecord

Mark = tuple[str, str]
# Each mark says by itself what it means; white on these grounds has a contrast of at least 5:1, in any theme.
PASSED, STARTED, OPEN = ("✓ passed", "#1a7f37"), ("… started", "#57606a"), ("– not yet", "#57606a")
LOCAL = "Recorded on this machine alone. Further checks may run when your work is graded."
NOT_NOTED = (
    "This run records nothing: nobody has the notebook open, or records are switched off. "
    "What stands above is what was recorded before."
)


class ProgressError(KitError):
    """There is no course to tell of; shown in a notebook without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


@dataclass(frozen=True)
class Standing:
    """How far a learner is in one unit.

    Attributes:
        read: the lesson was opened and run.
        tried, passed: names of parts. A part without visible checks is done when it was tried: more cannot be known.
        missing: prerequisites (course/unit) that have not passed yet.
        is_passed: all parts are; a unit without parts passes by its lesson.
    """

    unit: Unit
    read: bool
    tried: tuple[str, ...]
    passed: tuple[str, ...]
    missing: tuple[str, ...]
    is_passed: bool

    @property
    def mark(self) -> Mark:
        """The unit's state in words, and the ground to show it on."""
        return PASSED if self.is_passed else STARTED if self.read or self.tried else OPEN


def progress(course: str = "") -> None:
    """Shows how far you are in a course: its lessons read, parts tried and passed; and what to do next.

    Args:
        course: its name; without it, the course of this notebook.

    Raises:
        ProgressError: the course is not known here.
        RecordsError: the file of records cannot be read.
    """
    from workbench.lessons.shown import show

    card = card_near(course) if course else card_here()
    if card is None:
        raise ProgressError(
            "Nothing is known of this course here." if course else "This notebook belongs to no course.",
            where=f"wb.progress({course!r})" if course else "wb.progress()",
            expected="a notebook as it was handed out, with the file course.json beside it",
            mend="open the notebook in its own folder" + ("" if course else ', or name a course: wb.progress("dask")'),
        )
    standings = standing(card, records.read_units)
    remark = LOCAL if notes.is_noting() else f"{LOCAL} {NOT_NOTED}"
    show(as_text(card, standings, remark), as_html(card, standings, remark))


def standing(card: Card, read: Callable[[str], Mapping[str, UnitRecord]]) -> list[Standing]:
    """How far a learner is in each unit of a course, in its order.

    Args:
        read: the records of a course, as `records.read_units`; asked for the courses of prerequisites, too.
    """
    known: dict[str, Mapping[str, UnitRecord]] = {card.course: read(card.course)}
    own = {f"{card.course}/{unit.unit}": unit for unit in card.units}

    def has_passed(name: str) -> bool:
        course, _, unit = name.partition("/")
        if course not in known:
            known[course] = read(course)
        record = known[course].get(unit, UnitRecord())
        return _is_passed(own[name], record) if name in own else bool(record.parts) and _all_done(record)

    found = []
    for unit in card.units:
        record = known[card.course].get(unit.unit, UnitRecord())
        missing = tuple(name for name in unit.prerequisites if not has_passed(name))
        tried = tuple(name for name in unit.parts if name in record.parts)
        passed = tuple(name for name in tried if _is_done(record, name))
        found.append(Standing(unit, record.read_at is not None, tried, passed, missing, _is_passed(unit, record)))
    return found


def next_step(card: Card, standings: list[Standing]) -> str:
    """What to do next, a sentence: what was started, else the first unit whose prerequisites have passed."""
    left = [each for each in standings if not each.is_passed]
    if not left:
        return "You have passed all units of this course."
    ready = [each for each in left if not each.missing] or left
    each = min(ready, key=lambda each: not (each.read or each.tried))
    unit = each.unit
    if each.missing:
        return f"Next: {', '.join(each.missing)}, which {card.course}/{unit.unit} needs."
    if unit.lesson_minutes and not each.read and not each.tried:
        return f"Next: the lesson {card.course}/{unit.unit}, “{unit.title}” ({unit.lesson_minutes} minutes)."
    open_parts = [name for name in unit.parts if name not in each.passed]
    if each.tried and open_parts:
        return f"Next: in the exercise {card.course}/{unit.unit}, the part {open_parts[0]}."
    return f"Next: the exercise {card.course}/{unit.unit}, “{unit.title}” ({unit.minutes} minutes)."


def as_text(card: Card, standings: list[Standing], remark: str = LOCAL) -> str:
    """The table as plain text, with a remark below."""
    lines = [_summary(card, standings), next_step(card, standings)]
    for each in standings:
        lines.append(f"  {each.mark[0]:<10}  {each.unit.title} ({each.unit.unit})")
        lines.append(f"              lesson: {_lesson(each)}; exercise: {_exercise(each)}{_needs(each)}")
    return "\n".join([*lines, remark])


def as_html(card: Card, standings: list[Standing], remark: str = LOCAL) -> str:
    """The table as HTML, with a remark below; every text is escaped."""
    from workbench.lessons.shown import pill
    from workbench.table import CELL

    def cell(text: str, tag: str = "td") -> str:
        return f'<{tag} style="{CELL}">{text}</{tag}>'

    rows = []
    for each in standings:
        title = f"{html.escape(each.unit.title)} <code>{html.escape(each.unit.unit)}</code>"
        texts = [_lesson(each), _exercise(each), html.escape(_needs(each).removeprefix("; needs "))]
        cells = [cell(pill(each.mark)), cell(title), *map(cell, texts)]
        rows.append(f"<tr>{' '.join(cells)}</tr>")
    heads = ("State", "Unit", "Lesson", "Exercise", "Needs first")
    head = " ".join(f'<th scope="col" style="{CELL}">{name}</th>' for name in heads)
    caption = f'<caption style="text-align:left;color:inherit">{html.escape(_summary(card, standings))}</caption>'
    table = f'<table style="border-collapse:collapse">{caption}<thead><tr>{head}</tr></thead>'
    return (
        f'<div style="overflow-x:auto">{table}<tbody>{"".join(rows)}</tbody></table></div>'
        f"<p><strong>{html.escape(next_step(card, standings))}</strong></p><p>{remark}</p>"
    )


def _is_done(record: UnitRecord, part: str) -> bool:
    found = record.parts.get(part)
    return found is not None and (found.passed_at is not None or found.n_visible == 0)


def _all_done(record: UnitRecord) -> bool:
    return all(_is_done(record, part) for part in record.parts)


def _is_passed(unit: Unit, record: UnitRecord) -> bool:
    return all(_is_done(record, part) for part in unit.parts) if unit.parts else record.read_at is not None


def _lesson(each: Standing) -> str:
    return "none" if not each.unit.lesson_minutes else "read" if each.read else "not read"


def _exercise(each: Standing) -> str:
    if not each.unit.parts:
        return "no checked parts"
    words = f"{len(each.passed)} of {len(each.unit.parts)} parts passed"
    return words + (f", {len(each.tried)} tried" if len(each.tried) != len(each.passed) else "")


def _needs(each: Standing) -> str:
    return f"; needs {', '.join(each.missing)}" if each.missing else ""


def _summary(card: Card, standings: list[Standing]) -> str:
    n_passed = sum(each.is_passed for each in standings)
    return f"{card.title}: {n_passed} of {len(standings)} units passed"
