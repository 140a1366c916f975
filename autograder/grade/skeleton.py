"""Rebuilds a submission from the release skeleton: what is graded is the released notebook with the learner's sources
in it.

Deleted cells, forged metadata and lost tags then mean nothing. The learner's cells are found by cell id, else by
nbgrader's grade id.
"""

import copy
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from autograder.grade.models import PartSpec
from autograder.grade.outputs import sanitise_outputs

Cell = dict[str, Any]
Notebook = dict[str, Any]
MOST_EXTRA_CELLS = 1_000


@dataclass(frozen=True)
class Rebuilt:
    """The notebook to grade; `outputs`: by cell id, what was submitted, sanitised, for display; `notes`: what was
    mended.
    """

    notebook: Notebook
    outputs: dict[str, list[dict[str, Any]]]
    notes: tuple[str, ...]


def rebuild(release: Notebook, submitted: Notebook) -> Notebook:
    """The released notebook with the learner's sources; see `assemble`."""
    return assemble(release, submitted).notebook


def assemble(release: Notebook, submitted: Notebook) -> Rebuilt:
    """Put the sources of `submitted` (as `intake` returns it, or any nbformat 4 notebook) into `release`.

    Cells that the release locks stay the release's. Cells that only the learner has stay where they were, after the
    same cell of the release, with ids `extra-1`, `extra-2`, … and no metadata. A deleted cell comes back as released.
    A cell keeps the release's type.
    """
    notes: list[str] = []
    theirs = [cell for cell in submitted.get("cells", ()) if isinstance(cell, dict)]
    places = _places(release["cells"], theirs)
    extras = _extras(release["cells"], theirs, places, notes)
    taken = {place: number for number, place in places.items()}

    notebook = {key: copy.deepcopy(value) for key, value in release.items() if key != "cells"}
    outputs: dict[str, list[dict[str, Any]]] = {}
    cells: list[Cell] = []
    fresh_ids = _fresh_ids(release["cells"])

    def add_extras(place: int) -> None:
        for cell in extras.get(place, ()):
            extra = _extra_cell(cell, next(fresh_ids))
            cells.append(extra)
            _keep_outputs(outputs, extra["id"], cell)

    add_extras(-1)
    for place, released in enumerate(release["cells"]):
        cell = copy.deepcopy(released)
        if place not in taken:
            # Where nothing at all came in, intake has said why.
            if theirs and is_editable(released):
                notes.append(f"The cell {cell_name(released)} was deleted; it counts as it was released.")
        else:
            own = theirs[taken[place]]
            if is_editable(released):
                cell["source"] = source_of(own)
                if own.get("cell_type") != released["cell_type"]:
                    kind = released["cell_type"]
                    notes.append(f"The cell {cell_name(released)} was made another type; it is {kind} again.")
            elif source_of(own).strip() != source_of(released).strip():
                notes.append(f"The cell {cell_name(released)} is read-only; its released text is used.")
            _keep_outputs(outputs, cell.get("id", ""), own)
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
        cells.append(cell)
        add_extras(place)
    notebook["cells"] = cells
    return Rebuilt(notebook, outputs, tuple(notes[:100]))


def written_hashes(release: Notebook, rebuilt: Notebook, parts: Iterable[PartSpec]) -> dict[str, str]:
    """For each written part the SHA-256 of the learner's answer, or "" where the text is as it was released."""
    released = {cell_name(cell): source_of(cell) for cell in release["cells"]}
    answered = {cell_name(cell): source_of(cell) for cell in rebuilt["cells"]}
    hashes = {}
    for part in parts:
        if part.kind == "written":
            text = answered.get(part.cell_id, "").strip()
            as_released = text == released.get(part.cell_id, "").strip()
            hashes[part.name] = "" if as_released else hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    return hashes


def is_editable(cell: Cell) -> bool:
    """Whether a released cell takes the learner's text: nbgrader's solution cells, and cells that nbgrader does not
    know.
    """
    metadata = cell.get("metadata", {})
    if "parameters" in metadata.get("tags", ()):
        return False
    nbgrader = metadata.get("nbgrader")
    if nbgrader is None:
        return bool(metadata.get("editable", True))
    return bool(nbgrader.get("solution"))


def cell_name(cell: Cell) -> str:
    """nbgrader's grade id of a released cell, else its cell id."""
    nbgrader = cell.get("metadata", {}).get("nbgrader") or {}
    return str(nbgrader.get("grade_id") or cell.get("id") or "")


def source_of(cell: Cell) -> str:
    """The text of a cell, whose source may be a string or a list of strings."""
    source = cell.get("source", "")
    if isinstance(source, list):
        return "".join(line for line in source if isinstance(line, str))
    return source if isinstance(source, str) else ""


def _places(released: list[Cell], theirs: list[Cell]) -> dict[int, int]:
    """Which of the learner's cells (by number) is which of the release (by number): by id first, by grade id for the
    rest.
    """
    by_id = {cell["id"]: place for place, cell in enumerate(released) if cell.get("id")}
    nbgrader = [place for place, cell in enumerate(released) if cell.get("metadata", {}).get("nbgrader")]
    by_grade_id = {cell_name(released[place]): place for place in nbgrader}
    places: dict[int, int] = {}
    free = set(range(len(released)))
    for key, index in (("id", by_id), ("grade_id", by_grade_id)):
        for number, cell in enumerate(theirs):
            place = index.get(cell.get("id", "") if key == "id" else _submitted_grade_id(cell))
            if number not in places and place in free:
                places[number] = place
                free.discard(place)
    return places


def _submitted_grade_id(cell: Cell) -> str:
    if "grade_id" in cell:
        return str(cell["grade_id"])
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return str(nbgrader.get("grade_id", "")) if isinstance(nbgrader, dict) else ""


def _extras(
    released: list[Cell], theirs: list[Cell], places: dict[int, int], notes: list[str]
) -> dict[int, list[Cell]]:
    """The learner's other cells, by the number of the released cell that they stand after (-1: before all)."""
    names = {cell.get("id") for cell in released} | {cell_name(cell) for cell in released}
    locked = {name for cell in released if not is_editable(cell) for name in (cell.get("id"), cell_name(cell))}
    extras: dict[int, list[Cell]] = {}
    after, count = -1, 0
    for number, cell in enumerate(theirs):
        if number in places:
            after = places[number]
            continue
        claimed = {cell.get("id") or "", _submitted_grade_id(cell)} & names - {""}
        if claimed & locked:
            notes.append(f"A second copy of the read-only cell {min(claimed)} was left out.")
            continue
        if claimed:
            notes.append(f"There is a second cell {min(claimed)}: the first is the answer, the other an ordinary cell.")
        if not source_of(cell).strip():
            continue
        count += 1
        if count <= MOST_EXTRA_CELLS:
            extras.setdefault(after, []).append(cell)
    if count > MOST_EXTRA_CELLS:
        notes.append(f"Only the first {MOST_EXTRA_CELLS} of {count} added cells are kept.")
    return extras


def _fresh_ids(released: list[Cell]) -> Iterator[str]:
    taken = {cell.get("id") for cell in released} | {cell_name(cell) for cell in released}
    number = 0
    while True:
        number += 1
        if (name := f"extra-{number}") not in taken:
            yield name


def _extra_cell(cell: Cell, cell_id: str) -> Cell:
    kind = cell.get("cell_type")
    made: Cell = {
        "cell_type": kind if kind in ("code", "markdown") else "raw",
        "id": cell_id,
        "metadata": {},
        "source": source_of(cell),
    }
    if made["cell_type"] == "code":
        made |= {"outputs": [], "execution_count": None}
    return made


def _keep_outputs(outputs: dict[str, list[dict[str, Any]]], cell_id: str, cell: Cell) -> None:
    if cell_id and cell.get("cell_type") == "code":
        safe = sanitise_outputs(cell.get("outputs", []))
        if safe:
            outputs[cell_id] = safe
