"""Reads a cohort: the latest results of the journal, a person's marks from the gradebook, and the exercises."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.exc import DatabaseError

from autograder.book.export import Mark, read_marks
from autograder.book.gradebook import NEEDS_A_PERSON, unit_of
from autograder.catalogue.find import Catalogue
from autograder.catalogue.load import load_course_spec
from autograder.errors import GradingError, KitError
from autograder.grade.cohort import JOURNAL
from autograder.grade.intake import list_submissions
from autograder.grade.journal import Journal
from autograder.grade.models import PartResult, Record, bounded
from autograder.report.exercise import ExerciseFacts, exercise_facts

MOST_NAMED = 5

Settled = Mapping[tuple[str, str, str], Mark]


@dataclass(frozen=True)
class PartMark:
    """A part's points as they count now. `waits`: a person has to look first. `broken`: because a check broke."""

    earned: float
    max_points: float
    waits: bool
    broken: bool


@dataclass(frozen=True)
class Submission:
    """One learner's latest result of an exercise.

    `states`: of each check that was run, by `part.check`. Nothing in it comes from the learner's process.
    """

    learner: str
    status: str
    sentence: str
    sealed: bool
    submitted_at: str
    cpu_s: float
    wall_s: float
    memory_peak_mib: float
    marks: Mapping[str, PartMark]
    states: Mapping[str, str]

    @property
    def ran(self) -> bool:
        """Whether its code was run at all; otherwise it has no time and no memory."""
        return self.wall_s > 0 and self.memory_peak_mib > 0

    @property
    def waits(self) -> bool:
        """Whether a person has to look at any of its parts."""
        return any(mark.waits for mark in self.marks.values())

    @property
    def earned(self) -> float:
        """Points so far."""
        return sum(mark.earned for mark in self.marks.values())

    @property
    def max_points(self) -> float:
        """Points that could be earned."""
        return sum(mark.max_points for mark in self.marks.values())

    @property
    def share(self) -> float | None:
        """The share of those points that are settled, 0 to 1; None while all parts wait."""
        settled = [mark for mark in self.marks.values() if not mark.waits]
        most = sum(mark.max_points for mark in settled)
        return sum(mark.earned for mark in settled) / most if most else None


@dataclass(frozen=True)
class Unit:
    """An exercise and all that was handed in for it, in order of learner."""

    facts: ExerciseFacts
    submissions: tuple[Submission, ...]


@dataclass(frozen=True)
class Cohort:
    """A course's units in order of teaching. `problems`: sentences for the instructor. `graded_at`: day and time."""

    course: str
    title: str
    units: tuple[Unit, ...]
    graded_at: str
    problems: tuple[str, ...] = field(default=())


def read_cohort(course_dir: Path, catalogue: Catalogue, units: Collection[str] = ()) -> Cohort:
    """Read the course's results; of the units that are named, or of all.

    Raises:
        GradingError: nothing was graded yet, or a unit of which nobody's submission was graded.
        JournalError: the journal is damaged so that nothing can be read.
    """
    journal = Journal(course_dir / JOURNAL)
    records = sorted(journal.latest().values(), key=lambda record: record.learner)
    if not records:
        raise GradingError(
            "nothing was graded yet",
            where=str(journal.path),
            came="a journal without a result" if journal.path.exists() else "no journal",
            mend=f"grade the course first: autograder grade {course_dir.name}",
        )
    problems = [f"{journal.path.name}, {damage}" for damage in journal.damage]
    by_exercise: dict[str, list[Record]] = {}
    for record in records:
        by_exercise.setdefault(record.exercise, []).append(record)
    _check_units(units, {unit_of(record) for record in records}, journal.path)
    settled = _settled(course_dir, problems)
    title, order = _course(course_dir.name, catalogue, problems)
    made = []
    for name in sorted(by_exercise, key=lambda name: (order.index(name) if name in order else len(order), name)):
        unit = unit_of(by_exercise[name][0])
        if units and unit not in units:
            continue
        facts = exercise_facts(name, catalogue, by_exercise[name])
        if facts.problem:
            problems.append(f"{name}: {facts.problem}")
        made.append(Unit(facts, tuple(_submission(record, unit, settled) for record in by_exercise[name])))
    if idle := [name for name in order if name not in by_exercise and not units]:
        problems.append(f"Nobody's submission was graded yet: {', '.join(idle)}.")
    problems += _not_graded(course_dir, units, {(record.learner, unit_of(record)) for record in records})
    graded_at = datetime.fromtimestamp(journal.path.stat().st_mtime, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return Cohort(course_dir.name, title, tuple(made), graded_at, tuple(problems))


def _check_units(wanted: Collection[str], there: set[str], path: Path) -> None:
    if missing := sorted(set(wanted) - there):
        raise GradingError(
            "nobody's submission of these units was graded",
            where=str(path),
            came=", ".join(missing),
            expected=f"one of: {', '.join(sorted(there))}",
            mend="name another unit, or grade these first",
        )


def _settled(course_dir: Path, problems: list[str]) -> Settled:
    """What counts by the gradebook, where people's marks are; without one, the journal's own marks stand."""
    if not (course_dir / "gradebook.db").is_file():
        problems.append("There is no gradebook: marks that people gave are missing here.")
        return {}
    try:
        return {(mark.learner, mark.exercise, mark.part): mark for mark in read_marks(course_dir)}
    except GradingError as error:
        reason = f"{error.what} ({error.came})"
    except DatabaseError as error:
        reason = f"the gradebook cannot be read ({error.orig})"
    problems.append(f"Marks that people gave are missing here: {reason}.")
    return {}


def _course(name: str, catalogue: Catalogue, problems: list[str]) -> tuple[str, list[str]]:
    """The course's title and its exercises in order of teaching."""
    path = catalogue.course_files.get(name)
    if path is None:
        return name, []
    try:
        spec = load_course_spec(path, f"{name}/course.yaml")
    except KitError as error:
        problems.append(f"The order of teaching is not known: {error.where}: {error.what}.")
        return name, []
    return spec.title, [f"{name}/{entry.unit}" for entry in spec.units]


def _submission(record: Record, unit: str, settled: Settled) -> Submission:
    result = record.result
    marks = {part.name: _mark(part, record, settled.get((record.learner, unit, part.name))) for part in result.parts}
    states = {f"{part.name}.{outcome.check}": outcome.state for part in result.parts for outcome in part.outcomes}
    return Submission(
        learner=record.learner,
        status=result.status,
        sentence=bounded(result.sentence, 600),
        sealed=result.sealed,
        submitted_at=record.submitted_at or "",
        cpu_s=result.cpu_s,
        wall_s=result.wall_s,
        memory_peak_mib=result.memory_peak_mib,
        marks=marks,
        states=states,
    )


def _mark(part: PartResult, record: Record, settled: Mark | None) -> PartMark:
    """A written part that is as it was released needs nobody: it has 0 points, as in nbgrader."""
    broken = part.state == "check broke"
    if settled is not None:
        return PartMark(settled.score, part.max_points, settled.needs_a_person, broken)
    empty = part.state == "needs a person" and record.written_sha256.get(part.name) == ""
    return PartMark(part.earned, part.max_points, part.state in NEEDS_A_PERSON and not empty, broken)


def _not_graded(course_dir: Path, units: Collection[str], graded: set[tuple[str, str]]) -> list[str]:
    """A sentence on what lies in `submitted/` without a result."""
    if not (course_dir / "submitted").is_dir():
        return []
    waiting: list[str] = []
    for submission in list_submissions(course_dir, None):
        if (submission.learner, submission.unit) in graded or (units and submission.unit not in units):
            continue
        name = f"{submission.learner} {submission.unit}".strip()
        waiting.append(f"{name} ({submission.problem.sentence})" if submission.problem else name)
    return [f"In submitted/ without a result: {_some(waiting)}."] if waiting else []


def _some(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f", and {more} more" if more > 0 else "")
