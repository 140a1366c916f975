"""What nbgrader's autograde exports with, so that each of its two passes over a notebook is ours.

The first pass, sanitize, takes the submission in; the second, autograde, runs it. An exercise of the kit is graded
whole in the first. Everything that is to be refused is refused when the exporter is made, before nbgrader has touched
anything.
"""

import re
import shutil
from functools import cache
from pathlib import Path
from typing import Any

from nbclient import NotebookClient
from nbconvert.exporters import NotebookExporter
from nbconvert.preprocessors import ExecutePreprocessor
from nbgrader.converters import NbGraderException
from nbgrader.preprocessors import Execute, SaveAutoGrades
from traitlets import Unicode
from traitlets.utils.importstring import import_item

from autograder.errors import KitError, SandboxError
from autograder.plugin.execute import LabelUnsealed, NeverWithoutMark, SandboxedExecute
from autograder.plugin.kit import grade_one, is_of_the_kit
from autograder.plugin.ordinary import take_in
from autograder.plugin.places import Work, drop_linked_copies, require_unseen
from autograder.sandbox.probe import require_sandbox

OURS = {Execute: SandboxedExecute, ExecutePreprocessor: SandboxedExecute, SaveAutoGrades: NeverWithoutMark}


class Refused(SandboxError, NbGraderException):  # type: ignore[misc]
    """Nothing was graded and nothing was changed; nbgrader ends with status 1, formgrader shows the text."""


class SandboxedExporter(NotebookExporter):
    """Runs nbgrader's own steps, with the one that runs cells replaced, on a submission that was taken in safely."""

    project = Unicode(
        help="The folder with exercises/, for exercises of the kit. Default: looked for from the course upwards."
    ).tag(config=True)
    profile = Unicode("laptop", help="The profile in which exercises of the kit are graded.").tag(config=True)

    parent: Any  # nbgrader's Autograde
    _work: Work

    def __init__(self, config: Any = None, **more: Any) -> None:
        super().__init__(config=config, **more)  # type: ignore[no-untyped-call]
        if self.parent is not None:
            self._refuse_or_go_on()

    def register_preprocessor(self, preprocessor: Any, enabled: bool = False) -> Any:
        """One of nbgrader's steps, or ours in its place.

        Raises:
            SandboxError: it runs cells, and not in the sandbox.
        """
        return super().register_preprocessor(ours(preprocessor), enabled)  # type: ignore[no-untyped-call]

    def from_filename(self, filename: str, resources: Any = None, **more: Any) -> tuple[Any, Any]:
        """One pass of nbgrader's autograde over one notebook."""
        resources = self._init_resources(resources)  # type: ignore[no-untyped-call]
        if self.parent._sanitizing:
            self._work = self._begin(resources["nbgrader"], Path(filename))
            if self._work.kit_text is None:
                return self._sanitised(Path(filename), resources, **more)
        if self._work.kit_text is not None:
            return self._work.kit_text, resources
        resources["autograder"] = self._work
        self.register_preprocessor(LabelUnsealed)
        return super().from_filename(filename, resources, **more)

    def _begin(self, marks: Any, path: Path) -> Work:
        """The submission at hand; an exercise of the kit is graded."""
        learner, assignment, name = marks["student"], marks["assignment"], marks["notebook"]
        coursedir = self.parent.coursedir
        release = Path(coursedir.format_path(coursedir.release_directory, ".", assignment))
        work = Work(learner, assignment, path.parent, release)
        autograded = Path(coursedir.format_path(coursedir.autograded_directory, learner, assignment))
        if not is_of_the_kit(release / f"{name}.ipynb"):
            drop_linked_copies(work, autograded)
        else:
            shutil.rmtree(autograded, ignore_errors=True)  # what nbgrader copied there; the kit shows no more files
            work.kit_text = grade_one(coursedir, learner, assignment, self.project, self.profile, self.log)
            self.log.info("%s, %s: graded by the referee; marks are sealed.", learner, assignment)
        return work

    def _sanitised(self, path: Path, resources: Any, **more: Any) -> tuple[Any, Any]:
        work, name = self._work, resources["nbgrader"]["notebook"]
        released = work.release / f"{name}.ipynb"
        taken = take_in(path.parent, name, released, resources["nbgrader"]["db_url"], work.assignment)
        work.unreadable = taken.unreadable
        work.notes += taken.notes
        for note in taken.notes:
            self.log.warning("%s, %s: %s", work.learner, work.assignment, note)
        resources["metadata"].update(name=name, path=str(path.parent))
        output, resources = self.from_notebook_node(taken.notebook, resources, **more)  # type: ignore[no-untyped-call]
        return output, resources

    def _refuse_or_go_on(self) -> None:
        """Refuses where what follows could not be kept, before nbgrader removes or writes anything."""
        try:
            steps = [ours(step) for step in (*self.parent.sanitize_preprocessors, *self.parent.autograde_preprocessors)]
            if SandboxedExecute not in steps:
                raise SandboxError(
                    "No step runs the cells.",
                    where="c.Autograde.autograde_preprocessors",
                    expected="nbgrader.preprocessors.Execute among them",
                )
            execute = SandboxedExecute(parent=self)
            execute.require_enabled()
            execute.limits()
            _probe_once()
            require_unseen(self.parent.coursedir, execute.binds)
        except KitError as error:
            refused = Refused(error.what, error.where, error.came, error.expected, _mend(error.mend))
            self.log.error("Nothing was graded, and nothing was changed.\n%s", refused)
            raise refused from error


def ours(step: Any) -> Any:
    """What stands for one of nbgrader's steps: itself, or ours in its place.

    Raises:
        SandboxError: it runs cells, and not in the sandbox.
    """
    step = import_item(step) if isinstance(step, str) else step
    kind = step if isinstance(step, type) else type(step)
    if kind in OURS:
        return OURS[kind]
    if issubclass(kind, NotebookClient) and not issubclass(kind, SandboxedExecute):
        raise SandboxError(
            "A step of nbgrader's runs cells without the sandbox.",
            where="c.Autograde.sanitize_preprocessors or autograde_preprocessors",
            came=f"{kind.__module__}.{kind.__qualname__}",
            expected="nbgrader.preprocessors.Execute, which the sandbox replaces",
            mend="take the step out of the list, or derive it from autograder.plugin.execute.SandboxedExecute",
        )
    return step


@cache
def _probe_once() -> None:
    require_sandbox()


def _mend(text: str) -> str:
    """A mend without the option that only `autograder grade` has."""
    kept = [sentence for sentence in re.split(r"(?<=[.;])\s+", text) if "--trust-learners" not in sentence]
    return " ".join(kept).rstrip(";")
