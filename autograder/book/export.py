"""The marks of a course as CSV and JSON: one row for each learner, exercise and part."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import sqlalchemy as sa
from nbgrader import api

from autograder.book.autograded import replace_file
from autograder.book.gradebook import applied_table, open_gradebook
from autograder.errors import GradingError

# Spreadsheets take a cell that starts with one of these for a formula, and run it.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


@dataclass(frozen=True)
class Mark:
    """One part of one submission. `score` is what counts: a person's mark where there is one, extra credit included."""

    learner: str
    exercise: str
    part: str
    score: float
    max_score: float
    auto_score: float
    manual_score: float | None
    needs_a_person: bool
    status: str
    sealed: bool | None
    submitted_at: str
    late_penalty: float
    comment: str


def read_marks(course_dir: Path) -> list[Mark]:
    """All marks of the gradebook, in order of learner, exercise and part. Raises GradingError where there is none.

    `late_penalty` belongs to the exercise and is repeated in each of its rows. `status` is "" for what another
    program graded.
    """
    path = course_dir / "gradebook.db"
    if not path.is_file():
        raise GradingError("there is no gradebook", where=str(path), mend="build and grade the course first")
    with open_gradebook(course_dir) as book, book.engine.connect() as connection:
        applied = {}
        if sa.inspect(connection).has_table(applied_table.name):
            table = applied_table.c
            rows = connection.execute(sa.select(table.learner, table.unit, table.status, table.sealed))
            applied = {(row.learner, row.unit): (row.status, row.sealed) for row in rows}
        marks = [_mark(row, applied) for row in connection.execute(_query())]
    return sorted(marks, key=lambda mark: (mark.learner, mark.exercise, mark.part))


def marks_as_csv(marks: list[Mark]) -> str:
    """CSV with a header; texts that a spreadsheet would run as a formula begin with an apostrophe."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(Mark.__dataclass_fields__)
    for mark in marks:
        writer.writerow([harmless_field(value) for value in asdict(mark).values()])
    return file.getvalue()


def marks_as_json(course: str, marks: list[Mark]) -> str:
    """`{"course", "learners": [{"learner", "exercises": [{"exercise", "score", …, "parts": […]}]}]}`."""
    learners: dict[str, dict[str, list[Mark]]] = {}
    for mark in marks:
        learners.setdefault(mark.learner, {}).setdefault(mark.exercise, []).append(mark)
    tree = [
        {"learner": learner, "exercises": [_exercise(name, parts) for name, parts in exercises.items()]}
        for learner, exercises in learners.items()
    ]
    return json.dumps({"course": course, "learners": tree}, indent=1, ensure_ascii=False) + "\n"


def write_export(course_dir: Path, csv_path: Path, json_path: Path) -> int:
    """Write both files; return how many submissions they hold. Raises GradingError: no gradebook, a file that cannot
    be written.
    """
    marks = read_marks(course_dir)
    texts = {csv_path: marks_as_csv(marks), json_path: marks_as_json(course_dir.name, marks)}
    write_private(texts, "the marks")
    return len({(mark.learner, mark.exercise) for mark in marks})


def write_private(texts: Mapping[Path, str], what: str) -> None:
    """Write files that their owner alone may read. Raises GradingError, which says that `what` cannot be written."""
    for path, text in texts.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, text, mode=0o600)
        except OSError as error:
            raise GradingError(
                f"{what} cannot be written",
                where=str(path),
                came=str(error),
                mend="choose another file, or make room",
            ) from error


def harmless_field(value: object) -> object:
    """A field of a CSV file: numbers as they are, text never a formula."""
    if value is None:
        return ""
    if isinstance(value, str) and value.lstrip(" ").startswith(FORMULA_STARTS):
        return f"'{value}"
    return value


def _query() -> sa.Select[tuple[str, str, str, float, float, float, float, bool, object, float, str]]:
    """One row for each grade. Plain columns, not nbgrader's computed ones, which cost a subquery each."""
    grade, cell = api.Grade.__table__, api.BaseCell.__table__
    notebook, submission = api.SubmittedNotebook.__table__, api.SubmittedAssignment.__table__
    solution, comment = cell.alias(), api.Comment.__table__
    most = sa.func.coalesce(api.GradeCell.__table__.c.max_score, api.TaskCell.__table__.c.max_score)
    joined = (
        grade.join(cell, cell.c.id == grade.c.cell_id)
        .outerjoin(api.GradeCell.__table__, api.GradeCell.__table__.c.id == cell.c.id)
        .outerjoin(api.TaskCell.__table__, api.TaskCell.__table__.c.id == cell.c.id)
        .join(notebook, notebook.c.id == grade.c.notebook_id)
        .join(submission, submission.c.id == notebook.c.assignment_id)
        .join(api.Assignment.__table__, api.Assignment.__table__.c.id == submission.c.assignment_id)
        .outerjoin(
            solution,
            sa.and_(
                solution.c.name == cell.c.name,
                solution.c.notebook_id == cell.c.notebook_id,
                solution.c.type != "GradeCell",
            ),
        )
        .outerjoin(comment, sa.and_(comment.c.cell_id == solution.c.id, comment.c.notebook_id == notebook.c.id))
    )
    return sa.select(
        submission.c.student_id.label("learner"),
        api.Assignment.__table__.c.name.label("unit"),
        cell.c.name.label("cell"),
        most.label("max_score"),
        grade.c.auto_score,
        grade.c.manual_score,
        grade.c.extra_credit,
        grade.c.needs_manual_grade,
        submission.c.timestamp,
        notebook.c.late_submission_penalty.label("late_penalty"),
        sa.func.coalesce(comment.c.manual_comment, comment.c.auto_comment, "").label("comment"),
    ).select_from(joined)


def _mark(
    row: sa.Row[tuple[str, str, str, float, float, float, float, bool, object, float, str]], applied: object
) -> Mark:
    known = applied.get((row.learner, row.unit)) if isinstance(applied, dict) else None
    counted = row.auto_score if row.manual_score is None else row.manual_score
    return Mark(
        learner=row.learner,
        exercise=row.unit,
        part=row.cell.removeprefix("part-").removeprefix("written-"),
        score=(counted or 0.0) + (row.extra_credit or 0.0),
        max_score=row.max_score or 0.0,
        auto_score=row.auto_score or 0.0,
        manual_score=row.manual_score,
        needs_a_person=bool(row.needs_manual_grade),
        status=known[0] if known else "",
        sealed=bool(known[1]) if known else None,
        submitted_at=f"{row.timestamp.isoformat()}Z" if row.timestamp else "",
        late_penalty=row.late_penalty or 0.0,
        comment=row.comment,
    )


def _exercise(name: str, parts: list[Mark]) -> dict[str, object]:
    first = parts[0]
    score = sum(part.score for part in parts)
    keys = ("part", "score", "max_score", "auto_score", "manual_score", "needs_a_person", "comment")
    return {
        "exercise": name,
        "score": max(0.0, score - first.late_penalty),
        "max_score": sum(part.max_score for part in parts),
        "late_penalty": first.late_penalty,
        "status": first.status,
        "sealed": first.sealed,
        "submitted_at": first.submitted_at,
        "parts": [{key: getattr(part, key) for key in keys} for part in parts],
    }
