"""Writes `feedback/<learner>/<unit>/<unit>.html` from autograded notebooks and the gradebook."""

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters.exporter import ResourcesDict
from nbgrader.api import MissingEntry
from traitlets.config import Config

from autograder.book.autograded import replace_file
from autograder.book.page import FeedbackExporter, FeedbackMarks, SafePage
from autograder.errors import GradingError
from autograder.grade.intake import learner_problem


@dataclass(frozen=True)
class Feedback:
    """The pages that were written, and a sentence for each that could not be."""

    pages: tuple[Path, ...]
    problems: tuple[str, ...]


def feedback_config() -> Config:
    """nbgrader's configuration under which its own GenerateFeedback (formgrader's button) makes the same pages."""
    config = Config()
    config.GenerateFeedback.preprocessors = [FeedbackMarks, SafePage]
    config.GenerateFeedback.exporter_class = FeedbackExporter
    return config


def write_feedback(
    course_dir: Path,
    units: Collection[str] = (),
    learners: Collection[str] = (),
    on_page: Callable[[Path], None] | None = None,
) -> Feedback:
    """Write the page of each graded submission; without `units` or `learners`, of all.

    Raises GradingError: nothing was graded yet, or a unit that nobody's submission has.
    """
    notebooks = graded_notebooks(course_dir, units, learners)
    exporter = _exporter()
    pages, problems = [], []
    for path in notebooks:
        learner, unit = path.parts[-3], path.parts[-2]
        try:
            pages.append(_write_page(exporter, course_dir, path, learner, unit))
        except MissingEntry:
            problems.append(f"{learner}, {unit}: the gradebook has no marks; grade it (again), then write the feedback")
        except (OSError, ValueError, KeyError) as error:
            problems.append(
                f"{learner}, {unit}: {path} cannot be shown ({type(error).__name__}: {error}); grade it again"
            )
        else:
            if on_page:
                on_page(pages[-1])
    return Feedback(tuple(pages), tuple(problems))


def graded_notebooks(course_dir: Path, units: Collection[str] = (), learners: Collection[str] = ()) -> list[Path]:
    """The notebooks under `autograded/` that are wanted, in order of learner and unit. Raises GradingError where
    there are none.
    """
    found = sorted((course_dir / "autograded").glob("*/*/*.ipynb"))
    graded = [path for path in found if path.stem == path.parts[-2] and not learner_problem(path.parts[-3])]
    if not graded:
        raise GradingError(
            "nothing was graded yet",
            where=str(course_dir / "autograded"),
            mend="grade the course first: autograder grade COURSE",
        )
    there = {path.stem for path in graded}
    if missing := sorted(set(units) - there):
        raise GradingError(
            "nobody's submission of these units was graded",
            where=str(course_dir / "autograded"),
            came=", ".join(missing),
            expected=f"one of: {', '.join(sorted(there))}",
            mend="name another unit, or grade these first",
        )
    return [
        path for path in graded if (not units or path.stem in units) and (not learners or path.parts[-3] in learners)
    ]


def _exporter() -> Any:
    config = Config()
    config.Exporter.default_preprocessors = []
    exporter: Any = FeedbackExporter(config=config)  # type: ignore[no-untyped-call]
    for step in (FeedbackMarks, SafePage):
        exporter.register_preprocessor(step, enabled=True)
    return exporter


def _write_page(exporter: Any, course_dir: Path, path: Path, learner: str, unit: str) -> Path:
    marks = {
        "student": learner,
        "assignment": unit,
        "notebook": unit,
        "db_url": f"sqlite:///{(course_dir / 'gradebook.db').absolute()}",
    }
    notebook = nbformat.read(path, as_version=4)
    page, _ = exporter.from_notebook_node(notebook, resources=ResourcesDict(nbgrader=marks, unique_key=unit))
    folder = course_dir / "feedback" / learner / unit
    folder.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):  # which attempt the page is about: nbgrader's release of feedback asks for it
        replace_file(folder / "timestamp.txt", (path.parent / "timestamp.txt").read_text(encoding="utf-8"))
    return replace_file(folder / f"{unit}.html", page)
