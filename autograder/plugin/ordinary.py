"""Takes in a submission of an ordinary nbgrader assignment: the learner's cells in their order, the gradebook's marks.

What a cell of the submission says of itself (its points, that it is a test, that it is locked) is not believed: its
grade id is looked up, and all else comes from the gradebook. A test that was deleted comes back, so that no part is
left without a mark.
"""

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell
from nbgrader.api import Gradebook

from autograder.errors import GradingError
from autograder.grade.intake import MIB, OPEN_SAFELY, Intake, IntakeLimits, open_below, read_file
from autograder.grade.notebook_reader import clean
from autograder.grade.outputs import checked_image

SCHEMA_VERSION = 3  # of nbgrader's metadata
CELL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
MAKERS = {"code": new_code_cell, "markdown": new_markdown_cell, "raw": new_raw_cell}
ATTACHED_CHARS = 6_000_000
# A notebook is read once more, for its attachments, by the process that asks: it must not be large.
LIMITS = IntakeLimits(file_mib=64, memory_mib=1_024)


@dataclass(frozen=True)
class KnownCell:
    """A cell that the gradebook knows. `marks`: nbgrader's metadata; `released`: the cell's other metadata."""

    name: str
    cell_type: str
    source: str
    marks: dict[str, Any]
    released: dict[str, Any]

    @property
    def locked(self) -> bool:
        return bool(self.marks["locked"])

    @property
    def restored(self) -> bool:
        """Whether it comes back when it was deleted: all but an answer that only other cells test."""
        return self.locked or bool(self.marks["grade"]) or bool(self.marks["task"])


@dataclass(frozen=True)
class Taken:
    """A submission as it goes into nbgrader's steps; `unreadable` says why there is nothing of the learner's in it."""

    notebook: NotebookNode
    notes: tuple[str, ...] = ()
    unreadable: str = ""


def take_in(folder: Path, name: str, released: Path, db_url: str, assignment: str) -> Taken:
    """The notebook `folder/<name>.ipynb` with what the gradebook says of its cells.

    Args:
        folder: the learner's, which is not trusted: no link is followed, and a process of its own parses the file.
        released: the released notebook, for the order of its cells, their ids and tags.

    Raises:
        GradingError: the release cannot be read.
    """
    intake = _read(folder, name)
    theirs: list[dict[str, Any]] = intake.notebook["cells"] if intake.notebook else []
    attached = _attachments(folder, name) if any("attachment:" in cell["source"] for cell in theirs) else {}
    release = _release(released)
    known = known_cells(db_url, assignment, name, release)
    notebook, notes = rebuild(theirs, known, release, attached)
    return Taken(notebook, (*intake.notes, *notes)) if intake.readable else Taken(notebook, unreadable=intake.sentence)


def known_cells(db_url: str, assignment: str, notebook: str, release: NotebookNode) -> list[KnownCell]:
    """The cells of a notebook that the gradebook knows, in the order of the release."""
    order = {_grade_id(cell): place for place, cell in reversed(list(enumerate(release.cells)))}
    with Gradebook(db_url) as book:
        found = book.find_notebook(notebook, assignment)
        points = {cell.name: cell.max_score for cell in (*found.grade_cells, *found.task_cells)}
        kinds = {
            "grade": {cell.name for cell in found.grade_cells},
            "solution": {cell.name for cell in found.solution_cells},
            "task": {cell.name for cell in found.task_cells},
        }
        known = []
        for cell in found.source_cells:
            marks: dict[str, Any] = {kind: cell.name in names for kind, names in kinds.items()}
            marks |= {"grade_id": cell.name, "cell_type": cell.cell_type, "checksum": cell.checksum}
            marks |= {"locked": bool(cell.locked), "schema_version": SCHEMA_VERSION}
            marks |= {"points": points[cell.name]} if cell.name in points else {}
            place = order.get(cell.name)
            metadata = {} if place is None else dict(release.cells[place].metadata)
            known.append(KnownCell(cell.name, cell.cell_type, cell.source or "", marks, metadata))
    return sorted(known, key=lambda cell: order.get(cell.name, len(order)))


def rebuild(
    theirs: Sequence[dict[str, Any]],
    known: Sequence[KnownCell],
    release: NotebookNode,
    attached: dict[int, dict[str, Any]],
) -> tuple[NotebookNode, list[str]]:
    """The learner's cells with the gradebook's metadata, and notes on what was mended.

    Args:
        theirs: cells as `intake` reads them.
        attached: the images of a learner's cell, by its number.
    """
    notes: list[str] = []
    by_name = {cell.name: cell for cell in known}
    owners = _owners(theirs, by_name, release, notes)
    tags = {cell.get("id"): dict(cell.metadata) for cell in release.cells if not _grade_id(cell)}
    ids = _Ids()
    cells: list[NotebookNode] = []
    place_of: dict[str, int] = {}
    for number, cell in enumerate(theirs):
        name = owners.get(number)
        if name is None:
            made = _cell(cell["cell_type"], cell["source"], ids.fit(cell["id"]), tags.get(cell["id"], {}))
        else:
            place_of[name] = len(cells)
            made = _known(by_name[name], cell["source"], ids.fit(cell["id"] or name))
        if number in attached and made.cell_type == "markdown":
            made["attachments"] = attached[number]
        cells.append(made)
    for name, at in _missing(known, place_of):
        cells.insert(at, _known(by_name[name], by_name[name].source, ids.fit(name)))
        notes.append(f"The cell {name} was deleted; it is back as it was released.")
    metadata = {key: release.metadata[key] for key in ("kernelspec", "language_info") if key in release.metadata}
    return new_notebook(cells=cells, metadata=metadata), notes


def _owners(
    theirs: Sequence[dict[str, Any]], by_name: dict[str, KnownCell], release: NotebookNode, notes: list[str]
) -> dict[int, str]:
    """Which of the learner's cells, by number, is which of the gradebook's: by grade id, else by cell id.

    Of copies the last one counts, as in nbgrader.
    """
    numbers: dict[str, int] = {}
    for number, cell in enumerate(theirs):
        name = cell["grade_id"]
        if name in by_name:
            if name in numbers:
                notes.append(f"There are several cells {name}: the last one counts.")
            numbers[name] = number
    ids = {cell.get("id"): _grade_id(cell) for cell in release.cells if _grade_id(cell) in by_name}
    for number, cell in enumerate(theirs):
        name = ids.get(cell["id"], "")
        if name and name not in numbers and cell["grade_id"] not in by_name:
            numbers[name] = number
    return {number: name for name, number in numbers.items()}


def _missing(known: Sequence[KnownCell], place_of: dict[str, int]) -> Iterator[tuple[str, int]]:
    """Cells to put back, each with the place where: behind the one that it follows in the release."""
    put, at = 0, 0
    for cell in known:
        if cell.name in place_of:
            at = max(at, place_of[cell.name] + put + 1)
        elif cell.restored:
            yield cell.name, at
            put, at = put + 1, at + 1


def _known(cell: KnownCell, source: str, cell_id: str) -> NotebookNode:
    text = cell.source if cell.locked else source
    return _cell(cell.cell_type, text, cell_id, {**cell.released, "nbgrader": dict(cell.marks)})


def _cell(cell_type: str, source: str, cell_id: str, metadata: dict[str, Any]) -> NotebookNode:
    make: Callable[..., NotebookNode] = MAKERS[cell_type]
    return make(source, id=cell_id, metadata=nbformat.from_dict(metadata))


class _Ids:
    """Cell ids that are valid, and each given once."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def fit(self, wanted: str) -> str:
        fitting, number = wanted, 0
        while fitting in self._given or not CELL_ID.fullmatch(fitting):
            number += 1
            fitting = f"cell-{len(self._given) + number}"
        self._given.add(fitting)
        return fitting


def _grade_id(cell: NotebookNode) -> str:
    return str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))


def _release(path: Path) -> NotebookNode:
    try:
        return nbformat.read(path, as_version=4)  # type: ignore[no-any-return]
    except (OSError, ValueError, LookupError, TypeError, AttributeError, nbformat.ValidationError) as error:
        raise GradingError(
            "The released notebook cannot be read.",
            where=str(path),
            came=f"{type(error).__name__}: {error}",
            mend="make the release again: nbgrader generate_assignment",
        ) from error


def _read(folder: Path, name: str) -> Intake:
    """As `intake.read_submission`, but with any name that nbgrader gives folders and notebooks."""
    try:
        with open_below(folder.parent.parent, (folder.parent.name, folder.name)) as folder_fd:
            return read_file(folder_fd, f"{name}.ipynb", LIMITS)
    except OSError:
        return Intake("refused", "A folder of the submission is a link or no folder. Hand in real folders and files.")


def _attachments(folder: Path, name: str) -> dict[int, dict[str, Any]]:
    """Images in the learner's markdown cells, by the cell's number; what is none is left out. The file was read once,
    within limits."""
    try:
        with open_below(folder.parent.parent, (folder.parent.name, folder.name)) as folder_fd:
            fd = os.open(f"{name}.ipynb", OPEN_SAFELY, dir_fd=folder_fd)
        with open(fd, "rb") as stream:
            cells = json.loads(stream.read(LIMITS.file_mib * MIB).decode("utf-8-sig"))["cells"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return {}
    found: dict[int, dict[str, Any]] = {}
    left_chars = ATTACHED_CHARS
    cells = [cell for cell in cells if isinstance(cell, dict) and cell.get("cell_type") in MAKERS]
    for number, cell in enumerate(cells):
        for title, data in _items(cell.get("attachments")):
            for mime, text in _items(data):
                if isinstance(text, str) and len(text) <= left_chars and mime in ("image/png", "image/jpeg"):
                    left_chars -= len(text)
                    if (image := checked_image(mime, text)) is not None:
                        found.setdefault(number, {}).setdefault(clean(title), {})[mime] = image
    return found


def _items(value: Any) -> Iterable[tuple[str, Any]]:
    return value.items() if isinstance(value, dict) else ()
