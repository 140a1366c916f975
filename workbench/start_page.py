"""`START.ipynb`, the page that `workbench start` opens: all units with links to their notebooks, and how far one is.

It is written anew at each start. Where somebody has written into it, theirs stays and the new one has another name.
"""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from workbench.course_card import Card, Unit
from workbench.learner_folder import CATALOGUE_PAGE, OWN
from workbench.shelf import INTRODUCTION, Shelf

START = "START.ipynb"
BESIDE = "START.new.ipynb"
WRITTEN = "start-page.sha256"


def write_start_page(folder: Path, shelf: Shelf) -> Path:
    """Writes the page; its path."""
    text = json.dumps(_notebook(shelf), indent=1, ensure_ascii=False) + "\n"
    return put_page(folder / START, folder / BESIDE, folder / OWN / WRITTEN, text, _content)


def put_page(page: Path, beside: Path, mark: Path, text: str, content: Callable[[Path], str]) -> Path:
    """Writes a page that is ours; where somebody has written into it, theirs stays and ours goes beside it.

    Args:
        mark: the file that says what was written last.
        content: a hash of what people write in such a page.

    Returns:
        the file that was written.
    """
    if page.exists() and (not mark.is_file() or mark.read_text(encoding="utf-8").strip() != content(page)):
        beside.write_text(text, encoding="utf-8")
        return beside
    page.write_text(text, encoding="utf-8")
    mark.write_text(content(page) + "\n", encoding="utf-8")
    return page


def _content(path: Path) -> str:
    """A hash of what people write in a notebook: JupyterLab changes the rest by itself."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        sources = [[cell["cell_type"], "".join(cell["source"])] for cell in cells]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return hashlib.sha256(json.dumps(sources).encode()).hexdigest()


def _notebook(shelf: Shelf) -> dict[str, Any]:
    cells = [_prose("start", _head(shelf))]
    for card in shelf.courses:
        cells.append(_prose(f"course-{card.course}", _course(shelf, card)))
        cells.append(_code(f"progress-{card.course}", f'wb.progress("{card.course}")'))
    cells.insert(1, _code("import", "import workbench as wb"))
    metadata = {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _head(shelf: Shelf) -> str:
    units = sum(len(card.units) for card in shelf.courses)
    return (
        f"# Start here\n\n{len(shelf.courses)} courses, {units} units. A unit is a lesson, which teaches, and an "
        "exercise, which checks what you write. Click a link to open its notebook.\n\n"
        f"[{CATALOGUE_PAGE}]({CATALOGUE_PAGE}) says what each unit teaches, and searches. Run the cells below to see "
        "how far you are. This page is written anew at each `workbench start`; nothing that you do leaves this machine."
    )


def _course(shelf: Shelf, card: Card) -> str:
    titles = {f"{course.course}/{unit.unit}": unit.title for course in shelf.courses for unit in course.units}
    rows = []
    for unit in card.units:
        lesson = _link(shelf, card, unit, "lesson", unit.lesson_minutes)
        exercise = _link(shelf, card, unit, "exercise", unit.minutes)
        rows.append((lesson, exercise, [titles.get(name, name) for name in unit.prerequisites]))
    return course_section(shelf, card, rows)


def course_section(shelf: Shelf, card: Card, rows: Sequence[tuple[str, str, list[str]]], top: str = "") -> str:
    """A course as Markdown: its introduction, where it has one, and a table of its units.

    Args:
        rows: for each unit what stands under lesson and exercise, as Markdown, and what comes before it, as text.
        top: the folder of the notebooks, with a slash at its end.
    """
    lines = [f"## {plain(card.title)}", ""]
    first = shelf.pieces.get(f"{card.course}/{INTRODUCTION}/lesson")
    lines += [f"Begin with the [introduction]({top}{first.notebook}).", ""] if first else []
    lines += ["| unit | lesson | exercise | after |", "|---|---|---|---|"]
    for unit, (lesson, exercise, before) in zip(card.units, rows, strict=True):
        after = ", ".join(map(plain, before)) or "–"
        lines.append(f"| {plain(unit.title)} | {lesson} | {exercise} | {after} |")
    return "\n".join(lines)


def _link(shelf: Shelf, card: Card, unit: Unit, kind: str, minutes: int) -> str:
    piece = shelf.pieces.get(f"{card.course}/{unit.unit}/{kind}")
    return f"[{kind}]({piece.notebook}), {minutes} min" if piece else "–"


def plain(text: str) -> str:
    """Text of an author as text: no markup of Markdown or HTML, and no end of a table's cell."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~$&])", r"\\\1", " ".join(text.split()))


def _prose(name: str, source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": source}


def _code(name: str, source: str) -> dict[str, Any]:
    empty: dict[str, Any] = {"execution_count": None, "metadata": {}, "outputs": []}
    return {"cell_type": "code", "id": name, **empty, "source": source}
