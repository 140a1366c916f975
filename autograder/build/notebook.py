"""Cells → a notebook with nbgrader's metadata (schema 3). Ids come from the text: two builds are byte-equal."""

import hashlib
from typing import Any

from nbformat.notebooknode import NotebookNode, from_dict

from autograder.build.authored import Authored
from autograder.build.text import Cell
from autograder.catalogue.models import Rubric

SCHEMA_VERSION = 3
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}

# Source that is not shown at first: folded in JupyterLab and Notebook, left out of built pages.
FOLDED = {"jupyter": {"source_hidden": True}, "tags": ["hide-input"]}


def source_notebook(authored: Authored) -> NotebookNode:
    """The instructor's notebook: solutions in it, regions marked. nbgrader's converters make the release from it."""
    cells: list[dict[str, Any]] = []
    for position, cell in enumerate(authored.text.cells):
        if cell.kind == "written":
            rubric = authored.spec.rubrics[cell.name]
            cells.append(_node("markdown", f"rubric-{cell.name}", _rubric_text(rubric), _nbgrader(locked=True)))
        cells.append(_cell(cell, position, authored))
    notebook = {"cells": cells, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}
    return from_dict(notebook)  # type: ignore[no-any-return]


def cell_id(cell: Cell, position: int) -> str:
    """`solution-NAME`, `part-NAME`, `written-NAME`; other cells are named by the hash of their position and text."""
    if cell.name:
        return f"{cell.kind}-{cell.name}"
    return "cell-" + hashlib.sha256(f"{position}\n{cell.source}".encode()).hexdigest()[:8]


def plain_points(points: float) -> float | int:
    """Whole points as an integer, so that learners read 3 and not 3.0."""
    return int(points) if float(points).is_integer() else points


def _cell(cell: Cell, position: int, authored: Authored) -> dict[str, Any]:
    if cell.kind == "solution":
        marks = _nbgrader(solution=True)
    elif cell.kind == "part":
        marks = _nbgrader(grade=True, locked=True, points=authored.points(cell.name))
    elif cell.kind == "written":
        marks = _nbgrader(grade=True, solution=True, points=authored.points(cell.name))
    else:
        marks = _nbgrader(locked=True)
    node = _node("code" if cell.is_code else "markdown", cell_id(cell, position), cell.source, marks)
    if cell.kind == "parameters":
        node["metadata"]["tags"] = ["parameters"]
    elif cell.folded:
        node["metadata"].update(FOLDED)
    return node


def _node(cell_type: str, name: str, source: str, marks: dict[str, Any]) -> dict[str, Any]:
    node: dict[str, Any] = {
        "cell_type": cell_type,
        "id": name,
        "metadata": {"nbgrader": {**marks, "cell_type": cell_type, "grade_id": name}},
        "source": source,
    }
    if cell_type == "code":
        node.update(execution_count=None, outputs=[])
    return node


def _nbgrader(
    *, grade: bool = False, solution: bool = False, locked: bool = False, points: float | None = None
) -> dict[str, Any]:
    marks: dict[str, Any] = {
        "grade": grade,
        "locked": locked,
        "schema_version": SCHEMA_VERSION,
        "solution": solution,
        "task": False,
    }
    if points is not None:
        marks["points"] = plain_points(points)
    return marks


def _rubric_text(rubric: Rubric) -> str:
    """The rubric as the learner sees it above the written cell: nothing that gives points is a secret."""
    lines = [f"**{rubric.title}** is read by a person, who gives:", ""]
    for criterion in rubric.criteria:
        unit = "point" if criterion.points == 1 else "points"
        lines.append(f"- {plain_points(criterion.points)} {unit}: {criterion.text}")
    return "\n".join(lines)
