"""The tables of the records. Times are UTC; a set of files is written once and never changed."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

METADATA = sa.MetaData()


class UtcTime(TypeDecorator[datetime]):
    """A moment, with microseconds and its zone, in any database."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


def _reference(column: str, **options: Any) -> sa.ForeignKey:
    return sa.ForeignKey(column, **options)


file_sets = sa.Table(
    "file_sets",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
)

files = sa.Table(
    "files",
    METADATA,
    sa.Column("set_id", _reference("file_sets.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
)

# Without a set of files it is not released (any more).
assignments = sa.Table(
    "assignments",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("course", sa.String(100), nullable=False),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("set_id", _reference("file_sets.id")),
    sa.Column("released_at", UtcTime),
    sa.Column("released_by", sa.String(255)),
    sa.Column("due", UtcTime),
    sa.Column("due_in_gradebook", UtcTime),
    sa.UniqueConstraint("course", "name"),
)

# A row without a time says that an extension was taken back, which the gradebook has to learn too.
extensions = sa.Table(
    "extensions",
    METADATA,
    sa.Column("assignment_id", _reference("assignments.id"), primary_key=True),
    sa.Column("learner", sa.String(255), primary_key=True),
    sa.Column("until", UtcTime),
)

# Without a set of files only the receipt is kept.
submissions = sa.Table(
    "submissions",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("assignment_id", _reference("assignments.id"), nullable=False),
    sa.Column("learner", sa.String(255), nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("set_id", _reference("file_sets.id")),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("files", sa.Integer, nullable=False),
    sa.Column("received_at", UtcTime, nullable=False),
    sa.Column("due_at", UtcTime),
    sa.UniqueConstraint("assignment_id", "learner", "attempt"),
    sa.UniqueConstraint("assignment_id", "learner", "received_at"),
)

feedback = sa.Table(
    "feedback",
    METADATA,
    sa.Column("submission_id", _reference("submissions.id"), primary_key=True),
    sa.Column("set_id", _reference("file_sets.id"), nullable=False),
    sa.Column("released_at", UtcTime, nullable=False),
    sa.Column("released_by", sa.String(255), nullable=False),
)
