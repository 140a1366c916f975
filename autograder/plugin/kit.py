"""Exercises of the kit through nbgrader's autograde: one submission, by the same path as `autograder grade`."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from autograder.build.bundle import make_bundle
from autograder.catalogue.find import Exercise, find_catalogue, project_root
from autograder.errors import GradingError
from autograder.grade.cohort import JOURNAL, CohortRun, Prepared, Settings, Summary
from autograder.grade.course import known_units, require_release
from autograder.grade.intake import list_submissions
from autograder.grade.journal import Journal
from autograder.grade.models import Bundle
from autograder.grade.runner import run_job

PART = "part-"
TRIES = 2


def is_of_the_kit(released: Path) -> bool:
    """Whether a released notebook has a graded cell that holds `wb.check` of its own part, as `autograder build`
    makes them."""
    try:
        cells = json.loads(released.read_bytes())["cells"]
        marked = [(cell["metadata"].get("nbgrader") or {}, "".join(cell["source"]).strip()) for cell in cells]
        names = [(str(marks.get("grade_id", "")), text) for marks, text in marked if marks.get("grade")]
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return False
    return any(name.startswith(PART) and text == f'wb.check("{name.removeprefix(PART)}")' for name, text in names)


def grade_one(coursedir: Any, learner: str, unit: str, project: str, profile: str, log: Any) -> str:
    """Grades what one learner handed in for one exercise; the autograded notebook's text.

    Journal, gradebook and autograded/ are written as `autograder grade` writes them. What has not changed is not run
    again. The caller has proved that the sandbox holds.

    Args:
        coursedir: nbgrader's CourseDirectory.
        project: the folder with exercises/; "" to look for it from the course directory upwards.

    Raises:
        GradingError: the exercise or the submission cannot be graded; the sentence says why.
        AuthoringError: the exercise is not found, or has a mistake.
        JournalError: another grading run is going on.
        SandboxError: the sandbox cannot be had any more.
    """
    course_dir = _course_dir(coursedir)
    exercise = _exercise(coursedir, course_dir, unit, project)
    bundle = make_bundle(exercise, profile)
    require_release(course_dir, unit, bundle)
    found = list_submissions(course_dir, known_units(course_dir) | {unit})
    wanted = [s for s in found if s.learner == learner and (s.problem or s.unit == unit)]
    summary = Summary()
    with Journal(course_dir / JOURNAL) as journal:
        run = _OneByOne(course_dir, journal, Settings(profile=profile), summary, lambda progress: None)
        run.learner = learner
        run.recover()
        try:
            run.grade(list(run.prepare(wanted, {unit: bundle})), {bundle.exercise: bundle})
        finally:
            run.apply()
    for problem in summary.problems:
        log.warning("%s", problem)
    if summary.not_graded or not wanted:
        raise GradingError(f"{learner}, {unit}: not graded.", came="; ".join(summary.not_graded) or "no such folder")
    return (course_dir / "autograded" / learner / unit / f"{unit}.ipynb").read_text(encoding="utf-8")


class _OneByOne(CohortRun):
    """A run of `autograder grade` for one learner, without Dask: in processes that this one starts."""

    learner = ""

    def recover(self) -> None:
        self._write_marks(record for record in self._latest.values() if record.learner == self.learner)

    def grade(self, waiting: Sequence[Prepared], bundles: Mapping[str, Bundle]) -> None:
        for prepared in waiting:
            job, bundle = self._job(prepared), bundles[prepared.bundle.exercise]
            for left in reversed(range(TRIES)):
                try:
                    result = run_job(job, bundle)
                except GradingError:
                    if not left:
                        raise
                else:
                    self._keep(prepared, result)
                    break


def _course_dir(coursedir: Any) -> Path:
    """The course's folder, where nbgrader is set up as `autograder build` left it."""
    course_dir = Path(coursedir.root)
    places = {
        "gradebook.db": (coursedir.db_url, f"sqlite:///{course_dir / 'gradebook.db'}"),
        "submitted/": (coursedir.format_path(coursedir.submitted_directory, "L", "U"), f"{course_dir}/submitted/L/U"),
        "autograded/": (
            coursedir.format_path(coursedir.autograded_directory, "L", "U"),
            f"{course_dir}/autograded/L/U",
        ),
    }
    for name, (came, expected) in places.items():
        if came != expected:
            raise GradingError(
                "Exercises of the kit are graded in the folders that `autograder build` makes.",
                where=f"nbgrader_config.py, {name}",
                came=came,
                expected=expected,
                mend="leave nbgrader's settings of folders and database as they are for this course",
            )
    return course_dir


def _exercise(coursedir: Any, course_dir: Path, unit: str, project: str) -> Exercise:
    root = Path(project).expanduser() if project else project_root(course_dir)
    catalogue = find_catalogue(root)
    course = coursedir.course_id or course_dir.name
    exercise = next((e for e in catalogue.exercises.values() if (e.course, e.unit) == (course, unit)), None)
    if exercise is None:
        raise GradingError(
            "This assignment was built from an exercise of the kit, which cannot be found.",
            where=f"{root}/exercises",
            came=f"no {course}/{unit}",
            expected="the folder with the exercise's hidden checks",
            mend='name the project: c.SandboxedExporter.project = "/path/to/project"',
        )
    return catalogue.exercise(exercise.name)
