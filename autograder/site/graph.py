"""The map of the courses: a column for each course, an arrow from each unit to those that build on it."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from autograder.site.facts import CourseFacts, UnitFacts

BOX_WIDTH, BOX_HEIGHT = 144, 48
COLUMN, ROW = 170, 78  # from one box to the next
TOP, LEFT = 56, 14
CHARACTERS = 21  # of a line of text in a box
LINE = 15


@dataclass(frozen=True)
class Box:
    """Where a unit is drawn."""

    column: int
    row: int

    @property
    def left(self) -> int:
        return LEFT + self.column * COLUMN

    @property
    def top(self) -> int:
        return TOP + self.row * ROW

    @property
    def right(self) -> int:
        return self.left + BOX_WIDTH

    @property
    def bottom(self) -> int:
        return self.top + BOX_HEIGHT

    @property
    def middle(self) -> tuple[float, float]:
        return self.left + BOX_WIDTH / 2, self.top + BOX_HEIGHT / 2


def draw_map(courses: Sequence[CourseFacts], title: str) -> str:
    """The map as SVG. It is a picture: what it shows stands in words beside it."""
    boxes = {unit.name: Box(i, j) for i, course in enumerate(courses) for j, unit in enumerate(course.units)}
    rows = max((len(course.units) for course in courses), default=1)
    width, height = 2 * LEFT + len(courses) * COLUMN - (COLUMN - BOX_WIDTH), TOP + rows * ROW
    lines = [
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{escape(title, quote=True)}" xmlns="http://www.w3.org/2000/svg">',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>',
    ]
    for i, course in enumerate(courses):
        lines += _text([*textwrap.wrap(course.title, CHARACTERS + 2)][:2], Box(i, 0).middle[0], 22, "course")
    lines += _arrows(courses, boxes)
    for course in courses:
        for unit in course.units:
            lines += _box(unit, boxes[unit.name])
    return "\n".join([*lines, "</svg>"])


def _box(unit: UnitFacts, box: Box) -> Iterator[str]:
    yield f'<rect class="unit" x="{box.left}" y="{box.top}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6"/>'
    lines = textwrap.wrap(unit.title, CHARACTERS, max_lines=2, placeholder=" …")
    yield from _text(lines, *box.middle, "title")


def _text(lines: Sequence[str], x: float, y: float, kind: str) -> Iterator[str]:
    """Lines of text centred on a point."""
    first = y - LINE * (len(lines) - 1) / 2 + 4
    for index, line in enumerate(lines):
        yield f'<text class="{kind}" x="{x:g}" y="{first + LINE * index:g}">{escape(line)}</text>'


def _arrows(courses: Sequence[CourseFacts], boxes: dict[str, Box]) -> Iterator[str]:
    for course in courses:
        for unit in course.units:
            for needed in unit.needs:
                if needed in boxes:
                    yield f'<path class="arrow" marker-end="url(#tip)" d="{_way(boxes[needed], boxes[unit.name])}"/>'


def _way(start: Box, end: Box) -> str:
    """Straight down to the next unit, round the boxes between them to a later one, or across to another course."""
    x, y = end.middle
    if start.column == end.column and end.row == start.row + 1:
        return f"M{x:g} {start.bottom}V{end.top}"
    if start.column == end.column:
        out = start.left - 12
        return f"M{start.left} {start.middle[1]:g}C{out} {start.middle[1]:g} {out} {y:g} {end.left} {y:g}"
    a, b, bend = (start.right, end.left, 20) if start.column < end.column else (start.left, end.right, -30)
    return f"M{a} {start.middle[1]:g}C{a + bend} {start.middle[1]:g} {b - bend} {y:g} {b} {y:g}"
