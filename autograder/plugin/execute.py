"""nbgrader's steps that this engine puts in the place of its own: cells run in the sandbox, marks are never missing."""

import json
from collections.abc import Mapping
from typing import Any

import nbformat
from nbformat.v4 import new_markdown_cell
from nbgrader.preprocessors import Execute, NbGraderPreprocessor, SaveAutoGrades
from pydantic import ValidationError
from traitlets import Bool, Float, Integer, List, Unicode, default

from autograder.book.autograded import harmless_markdown
from autograder.crew import Crew
from autograder.errors import GradingError, SandboxError
from autograder.grade.intake import IntakeLimits
from autograder.grade.models import Limits
from autograder.grade.notebook_reader import Reader
from autograder.grade.outputs import sanitise_outputs
from autograder.plugin.places import Work, files_for
from autograder.plugin.worker import CellsToRun, Ran, RanCell
from autograder.sandbox.keeper import warm_fds

TRIES = 2
NO_TIMEOUT_S = 3_600.0
UNSEALED_CELL = "unsealed"
UNSEALED = (
    "**These marks are unsealed.** The tests ran in a sandbox, but in the same process as the submitted code: what "
    "that code does there decides."
)
# Set as nbgrader sets it, and as a kernel with its own import of matplotlib has it.
ENV = {"NBGRADER_EXECUTION": "autograde", "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
_crew = Crew(
    "autograder.plugin.worker",
    unended="Running a notebook did not end.",
    ended="The process that runs a notebook ended.",
)


class SandboxedExecute(Execute):  # type: ignore[misc]
    """nbgrader's Execute, with the kernel in a sandbox: released files, the learner's own, and no network."""

    cpu_s = Float(help="CPU seconds of one cell. Default: Execute.timeout, which is 30.").tag(config=True)
    total_cpu_s = Float(help="CPU seconds of a whole notebook. Default: 300, or ten times cpu_s if more.").tag(
        config=True
    )
    wall_factor = Float(3, help="Wall time allowed per CPU second.").tag(config=True)
    memory_gib = Float(2, help="Memory of all the notebook's processes together.").tag(config=True)
    processes = Integer(256, help="Processes and threads at any one time.").tag(config=True)
    disk_mib = Integer(256, help="Size of the working directory; of /tmp as well.").tag(config=True)
    output_mib = Integer(16, help="Output of all cells of a notebook.").tag(config=True)
    libraries = List(Unicode(), help="Modules to import once, before kernels are forked: it saves their time.").tag(
        config=True
    )
    binds = List(Unicode(), help="Further folders of the machine, as of data, to be shown read-only.").tag(config=True)
    cold = Bool(False, help="Start each kernel anew instead of forking it from a warm process.").tag(config=True)

    @default("cpu_s")
    def _default_cpu_s(self) -> float:
        return float(self.timeout) if self.timeout and self.timeout > 0 else NO_TIMEOUT_S

    @default("total_cpu_s")
    def _default_total_cpu_s(self) -> float:
        return max(300.0, 10 * self.cpu_s)

    def require_enabled(self) -> None:
        """Raises GradingError where nbgrader was told not to run the cells."""
        if not self.enabled:
            raise GradingError(
                "Marks would be taken from the outputs that were handed in, which anybody can write.",
                where="--no-execute, or c.Execute.enabled",
                mend="leave it out, or take use_sandbox(c) out of nbgrader_config.py",
            )

    def limits(self) -> Limits:
        """The limits as the sandbox takes them.

        Raises:
            GradingError: one is out of its range.
        """
        names = ("cpu_s", "total_cpu_s", "wall_factor", "memory_gib", "processes", "disk_mib", "output_mib")
        try:
            return Limits(**{name: getattr(self, name) for name in names})
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(["c.SandboxedExecute", *map(str, first["loc"])])
            raise GradingError(
                "This limit cannot be kept.", where=where, came=repr(first["input"]), expected=first["msg"]
            ) from error

    def preprocess(self, nb: Any, resources: Any, km: Any = None) -> tuple[Any, Any]:
        """The notebook with the outputs of its cells, each of which has an error where it could not be run to its end.

        Raises:
            SandboxError: no sandbox can be had, or the notebook needs another kernel than Python.
            GradingError: a fault of this machine, which is never a mark.
        """
        work: Work = resources["autograder"]
        _require_python(nb)
        cells = [cell for cell in nb.cells if cell.cell_type == "code"]
        ran = self._unread(len(cells), work) if work.unreadable else self._run(cells, work)
        for number, (cell, came) in enumerate(zip(cells, ran.cells, strict=True), start=1):
            cell.outputs = nbformat.from_dict(list(came.outputs))
            cell.execution_count = came.execution_count
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = came.execution_count
            if came.fault:
                self.log.warning("%s, %s, code cell %d: %s", work.learner, work.assignment, number, came.fault)
        self.log.warning(
            "%s, %s: ran in the sandbox (%.1f s of computing). Marks are unsealed: the tests ran in the learner's "
            "own process.",
            *(work.learner, work.assignment, ran.cpu_s),
        )
        return nb, resources

    def _unread(self, count: int, work: Work) -> Ran:
        return Ran(cells=(RanCell.not_run("NotReadable", work.unreadable),) * count, cpu_s=0, wall_s=0)

    def _run(self, cells: list[Any], work: Work) -> Ran:
        converter = self.parent.parent
        keep_own = converter.exclude_overwriting.get(work.assignment, [])
        limits = self.limits()
        files = files_for(work, converter.coursedir.ignore, keep_own, limits.disk_mib)
        tag = self.skip_cells_with_tag
        run = CellsToRun(
            sources=tuple("" if tag in cell.metadata.get("tags", ()) else cell.source for cell in cells),
            limits=limits,
            env=ENV,
            binds=tuple(self.binds),
            file_names=tuple(files),
        )
        warm = not self.cold and not self.binds
        for left in reversed(range(TRIES)):
            try:
                return run_cells(run, files, tuple(self.libraries) if warm else None)
            except (GradingError, SandboxError):
                if not left:
                    raise
                warm = False
        raise AssertionError("unreachable: the last try returns or raises")


class NeverWithoutMark(SaveAutoGrades):  # type: ignore[misc]
    """nbgrader's SaveAutoGrades. An output that it cannot read is 0 points and waits for a person."""

    def _add_score(self, cell: Any, resources: Any) -> None:
        try:
            super()._add_score(cell, resources)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            name = cell.metadata["nbgrader"]["grade_id"]
            self.log.warning("%s, cell %s: 0 points, for a person to look at: %s", self.student_id, name, error)
            grade = self.gradebook.find_grade(name, self.notebook_id, self.assignment_id, self.student_id)
            grade.auto_score, grade.needs_manual_grade = 0.0, True
            self.gradebook.db.commit()


class LabelUnsealed(NbGraderPreprocessor):  # type: ignore[misc]
    """The last step: says on top of the notebook that its marks are unsealed, and makes its outputs safe to show."""

    clean_outputs = Bool(
        True, help="Keep text, simple HTML, PNG and JPEG only: formgrader shows outputs in the grader's own session."
    ).tag(config=True)

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """The notebook as people see it."""
        work: Work = resources["autograder"]
        if self.clean_outputs:
            reader = Reader(json.loads(IntakeLimits().for_reader()))
            for cell in nb.cells:
                if cell.cell_type == "code":
                    cell.outputs = nbformat.from_dict(sanitise_outputs(reader.outputs(cell.outputs)))
        lines = [UNSEALED, *([f"**Not run.** {work.unreadable}"] if work.unreadable else [])]
        lines += [f"- {harmless_markdown(note, 500)}" for note in work.notes[:20]]
        nb.cells.insert(0, new_markdown_cell("\n\n".join(lines), id=UNSEALED_CELL))
        nb.metadata["autograder"] = {"sealed": False}
        return nb, resources


def run_cells(run: CellsToRun, files: Mapping[str, bytes], libraries: tuple[str, ...] | None) -> Ran:
    """What came of a notebook's cells, run by a process of its own (`worker.work`).

    Args:
        files: by name, in the order of `run.file_names`.
        libraries: of the warm process from which the kernel is forked; None for a kernel that starts cold.

    Raises:
        GradingError: the process ended or broke.
        SandboxError: no sandbox can be had here.
    """
    warm = [] if libraries is None else warm_fds(libraries, run.env)
    wall_s = run.limits.total_cpu_s * run.limits.wall_factor + 900
    pieces = [run.model_dump_json().encode(), *(files[name] for name in run.file_names)]
    return Ran.model_validate(_crew.do(pieces, warm, wall_s=wall_s))


def _require_python(nb: Any) -> None:
    spec = nb.metadata.get("kernelspec") or {}
    language = str(spec.get("language") or "python").lower()
    if language != "python":
        raise SandboxError(
            "The sandbox has a Python kernel only.",
            where="the kernel of the assignment's notebook",
            came=f"{spec.get('name')} ({language})",
            expected="a kernel of the language python",
            mend="grade this assignment without use_sandbox(c)",
        )
