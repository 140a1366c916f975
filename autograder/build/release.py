"""nbgrader's release steps, with two changes: a starter for each region, and prose that may be mended later."""

from typing import Any

from nbgrader.api import MissingEntry
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearHiddenTests,
    ClearMarkScheme,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
    SaveCells,
)
from nbgrader.utils import is_solution

from autograder.build.authored import Authored
from autograder.build.notebook import source_notebook
from autograder.build.solution import released_source, solved_source


class StarterSolutions(ClearSolutions):  # type: ignore[misc]
    """Puts each region's own starter in its place; nbgrader has one stub for all."""

    def preprocess_cell(self, cell: Any, resources: Any, cell_index: int) -> tuple[Any, Any]:
        """The cell with starters; cells that are no solution cells stay as they are."""
        if is_solution(cell):
            grade_id = str(cell.metadata.nbgrader.grade_id)
            name = grade_id.removeprefix("solution-").removeprefix("written-")
            cell.source = released_source(cell.source, name, cell.cell_type == "code", grade_id, 0)
        return cell, resources


class SaveCellsOnce(SaveCells):  # type: ignore[misc]
    """Saves cells into the gradebook; a locked cell of prose may change after submissions exist.

    nbgrader refuses any added or removed cell then. The kit's ids of prose follow its text, so a mended sentence is a
    new cell; it carries no mark. The old ones are kept, because submissions still hold them.
    """

    new_grade_cells: dict[str, dict[str, Any]]
    new_solution_cells: dict[str, dict[str, Any]]
    new_source_cells: dict[str, dict[str, Any]]

    def _create_notebook(self, nb: Any) -> None:
        new_prose: dict[str, dict[str, Any]] = {}
        known = self._known_prose_cells()
        if known is not None:
            marked = {*self.new_grade_cells, *self.new_solution_cells}
            new_prose = {name: info for name, info in self.new_source_cells.items() if name not in {*known, *marked}}
            for name in new_prose:
                del self.new_source_cells[name]
            self.new_source_cells = {**known, **self.new_source_cells}
        super()._create_notebook(nb)
        for name, info in new_prose.items():
            self.gradebook.update_or_create_source_cell(name, self.notebook_id, self.assignment_id, **info)

    def _known_prose_cells(self) -> dict[str, dict[str, Any]] | None:
        """The prose cells in the gradebook of a notebook that has submissions; None without submissions."""
        try:
            notebook = self.gradebook.find_notebook(self.notebook_id, self.assignment_id)
        except MissingEntry:
            return None
        if not notebook.submissions:
            return None
        marked = {cell.name for cell in (*notebook.grade_cells, *notebook.solution_cells)}
        fields = ("cell_type", "locked", "source", "checksum")
        return {
            cell.name: {field: getattr(cell, field) for field in fields}
            for cell in notebook.source_cells
            if cell.name not in marked
        }


# The order is nbgrader's own (converters/generate_assignment.py): checksums again after anything that changes a source.
# Left out: IncludeHeaderFooter, and InstantiateTests, which runs code of the notebook.
RELEASE_STEPS: list[type[Any]] = [
    LockCells,
    StarterSolutions,
    ClearOutput,
    CheckCellMetadata,
    ComputeChecksums,
    SaveCellsOnce,
    ClearHiddenTests,
    ClearMarkScheme,
    ComputeChecksums,
    CheckCellMetadata,
]


def release_notebook(authored: Authored) -> Any:
    """The released notebook, by the same steps as the course directory's, without a gradebook."""
    notebook = source_notebook(authored)
    resources: dict[str, Any] = {}
    for step in RELEASE_STEPS:
        if step is not SaveCellsOnce:
            notebook, resources = step().preprocess(notebook, resources)
    return notebook


def answered_notebook(authored: Authored, solutions: dict[str, str], written: dict[str, str]) -> Any:
    """The released notebook with the author's answers in it, or with the given ones in their place, by name."""
    notebook = release_notebook(authored)
    answers = {f"{cell.kind}-{cell.name}": solved_source(cell.source) for cell in authored.text.cells if cell.name}
    answers.update({f"solution-{name}": source for name, source in solutions.items()})
    answers.update({f"written-{name}": source for name, source in written.items()})
    for cell in notebook.cells:
        if is_solution(cell):
            cell.source = answers[cell.id]
    return notebook
