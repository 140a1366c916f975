"""Rows of the records as the rest of the exchange knows them: receipts, manifests, due dates; and queries for them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from autograder.exchange.container import Manifest, entries
from autograder.exchange.names import shown
from autograder.exchange.refusals import NotThere
from autograder.exchange.tables import METADATA, assignments, extensions, feedback, file_sets, files, submissions


@dataclass(frozen=True)
class Receipt:
    """One attempt, as it was received: this never changes. `due_at` is that learner's, then."""

    course: str
    assignment: str
    learner: str
    attempt: int
    sha256: str
    size_bytes: int
    files: int
    received_at: datetime
    due_at: datetime | None

    @property
    def late(self) -> bool:
        """By the due date of then."""
        return self.due_at is not None and self.received_at > self.due_at

    def as_json(self) -> dict[str, Any]:
        """What the learner gets."""
        times = {"received_at": iso(self.received_at), "due_at": iso(self.due_at)}
        return vars(self) | times | {"late": self.late}


def iso(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC, always with microseconds."""
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="microseconds")


def open_engine(url: str) -> Engine:
    """The database, its tables made where they are missing."""
    engine = sa.create_engine(url, pool_pre_ping=True, pool_size=2, max_overflow=2)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _prepare_sqlite)
    METADATA.create_all(engine)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    # FULL: a receipt that was given out survives a power cut too.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def column(column: Any, *where: Any) -> Any:
    return sa.select(column).where(*where)


def due_of(due: datetime | None, until: datetime | None) -> datetime | None:
    """A learner's due date: an extension counts while it is later than the date for all."""
    return max(due, until) if due and until else due


def attempt_rows(where: Any) -> Any:
    mine = sa.and_(extensions.c.assignment_id == assignments.c.id, extensions.c.learner == submissions.c.learner)
    return (
        sa.select(
            submissions,
            assignments.c.course,
            assignments.c.name,
            assignments.c.due,
            extensions.c.until,
            feedback.c.released_at.label("feedback_at"),
            file_sets.c.sha256.label("feedback_sha256"),
        )
        .join(assignments, assignments.c.id == submissions.c.assignment_id)
        .join(extensions, mine, isouter=True)
        .join(feedback, feedback.c.submission_id == submissions.c.id, isouter=True)
        .join(file_sets, file_sets.c.id == feedback.c.set_id, isouter=True)
        .where(where)
    )


def as_receipt(row: Any) -> Receipt:
    names = ("course", "learner", "attempt", "sha256", "size_bytes", "files", "received_at", "due_at")
    return Receipt(assignment=row.name, **{name: getattr(row, name) for name in names})


def attempt_row(to: Connection, course: str, name: str, learner: str, attempt: int) -> Any:
    where = sa.and_(assignments.c.course == course, assignments.c.name == name)
    mine = sa.and_(submissions.c.learner == learner, submissions.c.attempt == attempt)
    row = to.execute(attempt_rows(sa.and_(where, mine))).first()
    if row is None:
        where_ = f"{course}/{name}, {shown(learner)}, attempt {attempt}"
        raise NotThere("there is no such attempt", where=where_, mend="list the submissions")
    return row


def assignment_row(to: Connection, course: str, name: str) -> Any:
    asked = sa.select(assignments).where(assignments.c.course == course, assignments.c.name == name)
    return to.execute(asked).first()


def known_row(to: Connection, course: str, name: str) -> Any:
    row = assignment_row(to, course, name)
    if row is None:
        raise not_released(course, name)
    return row


def released_row(to: Connection, course: str, name: str) -> Any:
    row = known_row(to, course, name)
    if row.set_id is None:
        raise not_released(course, name)
    return row


def not_released(course: str, name: str) -> NotThere:
    return NotThere(
        "the course has released no such assignment",
        where=course,
        came=shown(name),
        mend="list the assignments; the instructor may have taken it back",
    )


def add_set(to: Connection, manifest: Manifest) -> int:
    values = {"sha256": manifest.sha256, "size_bytes": manifest.size_bytes}
    (set_id,) = to.execute(sa.insert(file_sets).values(values)).inserted_primary_key or (None,)
    assert set_id is not None
    rows = [{"set_id": set_id, "position": at, **file.model_dump()} for at, file in enumerate(manifest.files)]
    to.execute(sa.insert(files), rows)
    return int(set_id)


def drop_set(to: Connection, set_id: int | None) -> None:
    """Its bytes are swept from the disk later, unless another set has them too."""
    if set_id is not None:
        to.execute(sa.delete(files).where(files.c.set_id == set_id))
        to.execute(sa.delete(file_sets).where(file_sets.c.id == set_id))


def manifest_of(to: Connection, set_id: int) -> Manifest:
    rows = to.execute(sa.select(files).where(files.c.set_id == set_id).order_by(files.c.position))
    return entries((row.name, row.size_bytes, row.sha256) for row in rows)


def notebooks_of(to: Connection, set_ids: list[int]) -> dict[int, list[str]]:
    """The notebooks that lie at the top of these sets, without their endings."""
    found: dict[int, list[str]] = {}
    for some in (set_ids[at : at + 500] for at in range(0, len(set_ids), 500)):
        asked = sa.select(files.c.set_id, files.c.name).where(files.c.set_id.in_(some)).order_by(files.c.name)
        for set_id, name in to.execute(asked.where(files.c.name.like("%.ipynb"), ~files.c.name.contains("/"))):
            found.setdefault(set_id, []).append(name.removesuffix(".ipynb"))
    return found
