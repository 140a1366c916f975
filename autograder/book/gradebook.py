"""The one writer into nbgrader's gradebook: results become marks, once each, and a person's marks stay.

What was applied is remembered in a table of its own in the same database, `autograder_applied`, so that marks and
memory are written in one transaction: a crash between the two cannot happen.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from nbgrader import api
from nbgrader.utils import parse_utc
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from autograder.book.late import assign_penalties, late_submissions
from autograder.book.revision import read_revisions_here
from autograder.errors import GradingError
from autograder.grade.models import PartResult, Record, bounded

LOCK_WAIT_S = 30
NEEDS_A_PERSON = ("check broke", "needs a person")
NO_ANSWER = "No response."

_metadata = sa.MetaData()
applied_table = sa.Table(
    "autograder_applied",
    _metadata,
    sa.Column("learner", sa.String(200), primary_key=True),
    sa.Column("unit", sa.String(200), primary_key=True),
    sa.Column("journal", sa.String(32), nullable=False),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("status", sa.String(40), nullable=False),
    sa.Column("sentence", sa.Text, nullable=False),
    sa.Column("sealed", sa.Boolean, nullable=False),
    # Which answer each cell's mark was given for: JSON, cell name → fingerprint.
    sa.Column("answers", sa.Text, nullable=False),
)


@dataclass(frozen=True)
class Applied:
    """What one `apply` did: records written, records that were there already, and sentences for the instructor."""

    written: int = 0
    known: int = 0
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cells:
    """The cells of one exercise as the gradebook knows them: names to ids."""

    assignment_id: str
    notebook_ids: tuple[str, ...]
    notebook_of: dict[str, str]
    grades: dict[str, str]
    comments: dict[str, str]
    tasks: frozenset[str] = field(default_factory=frozenset)

    def cell_of(self, part: str) -> str | None:
        """The name of a part's grade cell: `part-NAME`, `written-NAME`, or NAME in an ordinary nbgrader assignment."""
        names = (f"part-{part}", f"written-{part}", part)
        return next((name for name in names if name in self.grades), None)


def open_gradebook(course_dir: Path, wait_s: float = LOCK_WAIT_S) -> api.Gradebook:
    """nbgrader's gradebook of a course directory, `gradebook.db`; made where it is missing. Close it after use."""
    read_revisions_here()
    with _clear_errors(course_dir / "gradebook.db"):
        return api.Gradebook(f"sqlite:///{(course_dir / 'gradebook.db').absolute()}?timeout={wait_s:g}", course_id="")


def unit_of(record: Record) -> str:
    """The name of the exercise in the gradebook: `unit` of `course/unit`, and `template` of `_template`."""
    return record.exercise.rsplit("/", 1)[-1].removeprefix("_")


class Writer:
    """Writes records into `<course_dir>/gradebook.db`. One at a time: the holder of the journal's lock.

    Raises GradingError: no gradebook, an unknown exercise, a database that another program keeps locked.
    """

    def __init__(self, course_dir: Path, wait_s: float = LOCK_WAIT_S) -> None:
        self.course_dir, self.wait_s = course_dir, wait_s

    def apply(self, records: Iterable[Record]) -> Applied:
        """Write marks in one transaction; a record that was applied before changes nothing.

        A checked part's points become its auto_score. A written part, and one whose check broke, waits for a person,
        unless a person has settled it and the answer is the same. Comments of people are kept.
        """
        path = self.course_dir / "gradebook.db"
        if not path.is_file():
            raise GradingError(
                "there is no gradebook", where=str(path), mend="build the course first: autograder build"
            )
        latest = {(record.learner, record.exercise): record for record in sorted(records, key=lambda r: r.seq)}
        book = open_gradebook(self.course_dir, self.wait_s)
        try:
            with _clear_errors(path):
                _metadata.create_all(book.engine)
                with Session(book.engine) as session, session.begin():
                    # Take the lock before reading, so that a mark given in formgrader meanwhile is not overlooked.
                    session.connection().exec_driver_sql("BEGIN IMMEDIATE")
                    done = _Batch(session, path).write(list(latest.values()))
                    late = late_submissions(session, {unit_of(record) for record in latest.values()})
                assign_penalties(self.course_dir, late)
                return done
        finally:
            book.close()


class _Batch:
    def __init__(self, session: Session, path: Path) -> None:
        self.session, self.path = session, path
        self.cells: dict[str, Cells] = {}
        self.problems: list[str] = []

    def write(self, records: list[Record]) -> Applied:
        known = 0
        students = set(self.session.scalars(sa.select(api.Student.id)))
        for record in records:
            unit = unit_of(record)
            before = self._applied(record.learner, unit)
            if before and before.journal == record.journal and before.seq >= record.seq:
                known += 1
                continue
            if record.learner not in students:
                self.session.execute(sa.insert(api.Student).values(id=record.learner))
                students.add(record.learner)
            self._write_one(record, unit, json.loads(before.answers) if before else {})
        return Applied(len(records) - known, known, tuple(self.problems))

    def _applied(self, learner: str, unit: str) -> Any:
        table = applied_table
        return self.session.execute(
            sa.select(table).where(table.c.learner == learner, table.c.unit == unit)
        ).one_or_none()

    def _write_one(self, record: Record, unit: str, answers_before: dict[str, str]) -> None:
        cells = self._cells_of(unit)
        notebooks = self._submission(record, cells)
        parts = self._parts_by_cell(record, cells)
        answers = {name: _fingerprint(record, part) for name, part in parts.items()}
        columns = (api.Grade.id, api.Grade.cell_id, api.Grade.manual_score, api.Grade.needs_manual_grade)
        rows = self.session.execute(sa.select(*columns).where(api.Grade.notebook_id.in_(notebooks)))
        name_of = {cell_id: name for name, cell_id in cells.grades.items()}
        updates = []
        for grade_id, cell_id, manual_score, needs_now in rows:
            name = name_of.get(cell_id)
            if name is None:
                continue
            part = parts.get(name)
            same_answer = name in answers_before and answers_before[name] == answers.get(name)
            needs = False
            if not (same_answer and not needs_now):
                needs = manual_score is not None or _needs_a_person(record, part, is_task=name in cells.tasks)
            score = part.earned if part else 0.0
            updates.append({"id": grade_id, "auto_score": score, "needs_manual_grade": needs})
        if updates:
            self.session.execute(sa.update(api.Grade), updates)
        self._comment(record, cells, notebooks)
        self._remember(record, unit, answers)

    def _cells_of(self, unit: str) -> Cells:
        if unit not in self.cells:
            self.cells[unit] = _read_cells(self.session, unit, self.path)
        return self.cells[unit]

    def _submission(self, record: Record, cells: Cells) -> list[str]:
        """The ids of the submitted notebooks; submission, notebooks, grades and comments are made where missing."""
        session = self.session
        where = api.SubmittedAssignment.assignment_id == cells.assignment_id
        where = sa.and_(where, api.SubmittedAssignment.student_id == record.learner)
        submission_id = session.scalar(sa.select(api.SubmittedAssignment.id).where(where))
        timestamp = parse_utc(record.submitted_at) if record.submitted_at else None
        if submission_id is None:
            submission_id = api.new_uuid()
            row = {"id": submission_id, "assignment_id": cells.assignment_id, "student_id": record.learner}
            session.execute(sa.insert(api.SubmittedAssignment).values(**row, timestamp=timestamp))
        else:
            change = sa.update(api.SubmittedAssignment).where(api.SubmittedAssignment.id == submission_id)
            session.execute(change.values(timestamp=timestamp), execution_options={"synchronize_session": False})
        table = api.SubmittedNotebook
        found = session.execute(sa.select(table.notebook_id, table.id).where(table.assignment_id == submission_id))
        notebooks: dict[str, str] = {row.notebook_id: row.id for row in found}
        for notebook_id in cells.notebook_ids:
            if notebook_id not in notebooks:
                notebooks[notebook_id] = api.new_uuid()
                row = {"id": notebooks[notebook_id], "notebook_id": notebook_id, "assignment_id": submission_id}
                session.execute(sa.insert(table).values(**row, flagged=False))
        for model, wanted in ((api.Grade, cells.grades), (api.Comment, cells.comments)):
            self._add_missing(model, wanted, cells, notebooks)
        return list(notebooks.values())

    def _add_missing(self, model: Any, wanted: dict[str, str], cells: Cells, notebooks: dict[str, str]) -> None:
        there = set(
            self.session.scalars(sa.select(model.cell_id).where(model.notebook_id.in_(list(notebooks.values()))))
        )
        more = {"needs_manual_grade": False} if model is api.Grade else {}
        rows = [
            {"id": api.new_uuid(), "cell_id": cell_id, "notebook_id": notebooks[cells.notebook_of[name]]} | more
            for name, cell_id in wanted.items()
            if cell_id not in there
        ]
        if rows:
            self.session.execute(sa.insert(model), rows)

    def _parts_by_cell(self, record: Record, cells: Cells) -> dict[str, PartResult]:
        parts = {}
        for part in record.result.parts:
            name = cells.cell_of(part.name)
            if name is None:
                self.problems.append(
                    f"{record.learner}, {record.exercise}: the gradebook has no cell for the part {part.name!r}; "
                    "build the course again, then apply again"
                )
            else:
                parts[name] = part
        return parts

    def _comment(self, record: Record, cells: Cells, notebooks: list[str]) -> None:
        """nbgrader's automatic comment on an answer left as released; comments of people are another column."""
        for part_name, digest in record.written_sha256.items():
            name = cells.cell_of(part_name)
            if name in cells.comments:
                change = sa.update(api.Comment).where(
                    api.Comment.cell_id == cells.comments[name], api.Comment.notebook_id.in_(notebooks)
                )
                text = None if digest else NO_ANSWER
                self.session.execute(change.values(auto_comment=text), execution_options={"synchronize_session": False})

    def _remember(self, record: Record, unit: str, answers: dict[str, str]) -> None:
        table = applied_table
        self.session.execute(sa.delete(table).where(table.c.learner == record.learner, table.c.unit == unit))
        self.session.execute(
            sa.insert(table).values(
                learner=record.learner,
                unit=unit,
                journal=record.journal,
                seq=record.seq,
                status=record.result.status,
                sentence=bounded(record.result.sentence),
                sealed=record.result.sealed,
                answers=json.dumps(answers, sort_keys=True),
            )
        )


def _needs_a_person(record: Record, part: PartResult | None, *, is_task: bool) -> bool:
    if part is None:
        return is_task
    if part.state == "needs a person" and record.written_sha256.get(part.name) == "":
        return False  # the answer is as it was released: 0 points, as nbgrader does
    return part.state in NEEDS_A_PERSON


def _fingerprint(record: Record, part: PartResult) -> str:
    """What a person's mark was given for: the text of a written answer; for a checked part the notebook and its
    points.
    """
    if part.name in record.written_sha256:
        return f"written {record.written_sha256[part.name]}"
    return f"{record.notebook_sha256} {part.earned:g} {part.state}"


def _read_cells(session: Session, unit: str, path: Path) -> Cells:
    assignment_id = session.scalar(sa.select(api.Assignment.id).where(api.Assignment.name == unit))
    if assignment_id is None:
        raise GradingError(
            f"the gradebook knows no exercise {unit!r}",
            where=str(path),
            mend=f"build the course again, {unit} included",
        )
    notebook_ids = tuple(session.scalars(sa.select(api.Notebook.id).where(api.Notebook.assignment_id == assignment_id)))
    base = api.BaseCell.__table__.c
    rows = session.execute(
        sa.select(base.id, base.name, base.type, base.notebook_id).where(base.notebook_id.in_(notebook_ids))
    )
    grades: dict[str, str] = {}
    comments: dict[str, str] = {}
    notebook_of: dict[str, str] = {}
    tasks = set()
    for cell_id, name, kind, notebook_id in rows:
        notebook_of[name] = notebook_id
        if kind in ("GradeCell", "TaskCell"):
            grades[name] = cell_id
        if kind in ("SolutionCell", "TaskCell"):
            comments[name] = cell_id
        if kind == "TaskCell":
            tasks.add(name)
    return Cells(assignment_id, notebook_ids, notebook_of, grades, comments, frozenset(tasks))


@contextmanager
def _clear_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        locked = "locked" in str(error.orig)
        raise GradingError(
            "the gradebook stays locked by another program" if locked else "the gradebook cannot be read or written",
            where=str(path),
            came=str(error.orig),
            mend="end the other program (formgrader, nbgrader, a database browser), then run again: nothing is lost"
            if locked
            else "check the file's owner and the disk; restore a backup, or run `nbgrader db upgrade`",
        ) from error
