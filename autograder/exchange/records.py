"""What the exchange knows: releases, due dates, attempts, feedback; in SQLite or PostgreSQL, by SQLAlchemy.

Every method is one transaction, on the disk when it returns. One thread uses them (`service.py`), one service the
database. What may be asked by whom is decided elsewhere (`people.py`); names are of people and courses that exist.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from autograder.exchange.container import Manifest
from autograder.exchange.queries import (
    Receipt,
    add_set,
    as_receipt,
    assignment_row,
    attempt_row,
    attempt_rows,
    column,
    drop_set,
    due_of,
    iso,
    known_row,
    manifest_of,
    not_released,
    notebooks_of,
    released_row,
)
from autograder.exchange.refusals import Conflict, Malformed, NotThere
from autograder.exchange.tables import assignments, extensions, feedback, file_sets, files, submissions


class Records:
    """The records in one database."""

    def __init__(
        self, engine: Engine, attempts_kept: int = 20, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.engine, self.attempts_kept, self.now = engine, attempts_kept, now

    # Releases and due dates

    def release(self, course: str, name: str, manifest: Manifest, by: str, force: bool = False) -> dict[str, Any]:
        """Raises Conflict: other files are released under that name, and `force` does not say to replace them."""
        with self.engine.begin() as to:
            row = assignment_row(to, course, name)
            if row is None:
                to.execute(sa.insert(assignments).values(course=course, name=name))
                row = assignment_row(to, course, name)
            assert row is not None
            old = None if row.set_id is None else to.scalar(column(file_sets.c.sha256, file_sets.c.id == row.set_id))
            if old is not None and old != manifest.sha256 and not force:
                raise Conflict(
                    "the assignment is released already, with other files",
                    where=f"{course}/{name}",
                    came=manifest.sha256,
                    expected=old,
                    mend="release it with --force to replace them; learners who fetched it keep what they have",
                )
            if old != manifest.sha256:
                change = {"set_id": add_set(to, manifest), "released_at": self.now(), "released_by": by}
                to.execute(sa.update(assignments).where(assignments.c.id == row.id).values(change))
                drop_set(to, row.set_id)
        return self.assignment(course, name)

    def remove(self, course: str, name: str) -> None:
        """Take a release back; attempts, extensions and feedback stay. Raises NotThere."""
        with self.engine.begin() as to:
            row = released_row(to, course, name)
            change = sa.update(assignments).where(assignments.c.id == row.id)
            to.execute(change.values(set_id=None, released_at=None, released_by=None))
            drop_set(to, row.set_id)

    def assignment(self, course: str, name: str, learner: str = "") -> dict[str, Any]:
        """One released assignment, as `released` tells. Raises NotThere."""
        found = [one for one in self.released(course, learner) if one["assignment"] == name]
        if not found:
            raise not_released(course, name)
        return found[0]

    def released(self, course: str, learner: str = "") -> list[dict[str, Any]]:
        """The released assignments of a course, in order of names; `due_at` is the learner's, if one is named."""
        mine = sa.and_(extensions.c.assignment_id == assignments.c.id, extensions.c.learner == learner)
        asked = (
            sa.select(assignments, extensions.c.until, file_sets.c.sha256, file_sets.c.size_bytes)
            .join(file_sets, file_sets.c.id == assignments.c.set_id)
            .join(extensions, mine, isouter=True)
            .where(assignments.c.course == course)
            .order_by(assignments.c.name)
        )
        with self.engine.begin() as to:
            rows = to.execute(asked).all()
            listed = {row.id: [entry.name for entry in manifest_of(to, row.set_id).files] for row in rows}
        return [
            {
                "course": row.course,
                "assignment": row.name,
                "released_at": iso(row.released_at),
                "due_at": iso(due_of(row.due, row.until)),
                "due_for_all": iso(row.due),
                "due_in_gradebook": iso(row.due_in_gradebook),
                "sha256": row.sha256,
                "size_bytes": row.size_bytes,
                "files": listed[row.id],
            }
            for row in rows
        ]

    def released_files(self, course: str, name: str) -> Manifest:
        """Raises NotThere."""
        with self.engine.begin() as to:
            return manifest_of(to, released_row(to, course, name).set_id)

    def set_due(self, course: str, name: str, due: datetime | None, in_gradebook: bool = False) -> None:
        """The due date for all; `in_gradebook` says that the course's gradebook has the same. Raises NotThere."""
        with self.engine.begin() as to:
            row = known_row(to, course, name)
            change = {"due": due} | ({"due_in_gradebook": due} if in_gradebook else {})
            to.execute(sa.update(assignments).where(assignments.c.id == row.id).values(change))

    def due(self, course: str, name: str) -> tuple[datetime | None, datetime | None]:
        """The due date for all, and the one that the gradebook was last known to have. Raises NotThere."""
        with self.engine.begin() as to:
            row = known_row(to, course, name)
            return row.due, row.due_in_gradebook

    def extend(self, course: str, name: str, learner: str, until: datetime | None) -> None:
        """Give a learner until then; None takes an extension back. Raises NotThere, Malformed."""
        with self.engine.begin() as to:
            row = known_row(to, course, name)
            if until is not None and (row.due is None or until < row.due):
                raise Malformed(
                    "an extension ends after the due date for all",
                    where=f"{course}/{name}, {learner}",
                    came=str(iso(until)),
                    expected=f"a time after {iso(row.due)}" if row.due else "an assignment that has a due date",
                    mend="set the due date first, or a later extension",
                )
            mine = sa.and_(extensions.c.assignment_id == row.id, extensions.c.learner == learner)
            to.execute(sa.delete(extensions).where(mine))
            to.execute(sa.insert(extensions).values(assignment_id=row.id, learner=learner, until=until))

    def extensions(self, course: str, name: str) -> dict[str, str | None]:
        """Learner → until when; None for one that was taken back. Raises NotThere."""
        with self.engine.begin() as to:
            row = known_row(to, course, name)
            asked = sa.select(extensions.c.learner, extensions.c.until).where(extensions.c.assignment_id == row.id)
            return {one.learner: iso(one.until) for one in to.execute(asked.order_by(extensions.c.learner))}

    # Attempts

    def check_released(self, course: str, name: str) -> None:
        """Raises NotThere: nothing can be handed in for it."""
        with self.engine.begin() as to:
            released_row(to, course, name)

    def submit(self, course: str, name: str, learner: str, manifest: Manifest) -> tuple[Receipt, bool]:
        """Add an attempt; the receipt, and whether it is a new one. The same bytes as in the attempt before are that
        attempt: a client that got no answer may ask again. Raises NotThere.
        """
        with self.engine.begin() as to:
            row = released_row(to, course, name)
            mine = sa.and_(submissions.c.assignment_id == row.id, submissions.c.learner == learner)
            last = to.execute(attempt_rows(mine).order_by(submissions.c.attempt.desc()).limit(1)).first()
            if last is not None and last.sha256 == manifest.sha256:
                return as_receipt(last), False
            until = column(extensions.c.until, extensions.c.assignment_id == row.id, extensions.c.learner == learner)
            moment = self.now()
            if last is not None:  # the clock may have gone back; the order of attempts may not
                moment = max(moment, last.received_at + timedelta(microseconds=1))
            values = {
                "assignment_id": row.id,
                "learner": learner,
                "attempt": last.attempt + 1 if last else 1,
                "set_id": add_set(to, manifest),
                "sha256": manifest.sha256,
                "size_bytes": manifest.size_bytes,
                "files": len(manifest.files),
                "received_at": moment,
                "due_at": due_of(row.due, to.scalar(until)),
            }
            to.execute(sa.insert(submissions).values(values))
            self._forget_old_files(to, mine)
            newest = to.execute(attempt_rows(mine).order_by(submissions.c.attempt.desc()).limit(1)).one()
            return as_receipt(newest), True

    def _forget_old_files(self, to: Connection, mine: Any) -> None:
        """Keep the files of the newest attempts, of the last one in time, and of those with feedback."""
        rows = to.execute(attempt_rows(mine).order_by(submissions.c.attempt.desc())).all()
        in_time = next((row.id for row in rows if not as_receipt(row).late), None)
        for row in rows[self.attempts_kept :]:
            if row.set_id is not None and row.id != in_time and row.feedback_at is None:
                to.execute(sa.update(submissions).where(submissions.c.id == row.id).values(set_id=None))
                drop_set(to, row.set_id)

    def listing(
        self, courses: Sequence[str], assignment: str = "", learner: str = "", newest: bool = False
    ) -> list[dict[str, Any]]:
        """Attempts as receipts, in order of course, assignment, learner and attempt, with `due_now` and `late_now` (by
        the learner's due date of today), `kept`, `notebooks`, and what there is of feedback.
        """
        wanted: list[Any] = [assignments.c.course.in_(courses)]
        wanted += [assignments.c.name == assignment] if assignment else []
        wanted += [submissions.c.learner == learner] if learner else []
        order = (assignments.c.course, assignments.c.name, submissions.c.learner, submissions.c.attempt)
        with self.engine.begin() as to:
            rows = to.execute(attempt_rows(sa.and_(*wanted)).order_by(*order)).all()
            if newest:
                rows = list({(row.course, row.name, row.learner): row for row in rows}.values())
            notebooks = notebooks_of(to, [row.set_id for row in rows if row.set_id is not None])
        return [
            as_receipt(row).as_json()
            | {
                "due_now": iso(due_of(row.due, row.until)),
                "late_now": (due := due_of(row.due, row.until)) is not None and row.received_at > due,
                "kept": row.set_id is not None,
                "notebooks": notebooks.get(row.set_id, []),
                "feedback_at": iso(row.feedback_at),
                "feedback_sha256": row.feedback_sha256,
            }
            for row in rows
        ]

    def receipt(self, course: str, name: str, learner: str, attempt: int) -> Receipt:
        """Raises NotThere."""
        with self.engine.begin() as to:
            return as_receipt(attempt_row(to, course, name, learner, attempt))

    def submitted_files(self, course: str, name: str, learner: str, attempt: int) -> Manifest:
        """Raises NotThere."""
        with self.engine.begin() as to:
            row = attempt_row(to, course, name, learner, attempt)
            if row.set_id is None:
                raise NotThere(
                    "of this attempt only the receipt is kept",
                    where=f"{course}/{name}, {learner}, attempt {attempt}",
                    expected=f"one of the newest {self.attempts_kept}",
                )
            return manifest_of(to, row.set_id)

    # Feedback

    def give_feedback(self, course: str, name: str, learner: str, attempt: int, manifest: Manifest, by: str) -> None:
        """Feedback on one attempt, in place of what was there. Raises NotThere."""
        with self.engine.begin() as to:
            row = attempt_row(to, course, name, learner, attempt)
            before = to.execute(sa.select(feedback).where(feedback.c.submission_id == row.id)).first()
            to.execute(sa.delete(feedback).where(feedback.c.submission_id == row.id))
            values = {"set_id": add_set(to, manifest), "released_at": self.now(), "released_by": by}
            to.execute(sa.insert(feedback).values(submission_id=row.id, **values))
            drop_set(to, before.set_id if before else None)

    def feedback_files(self, course: str, name: str, learner: str, attempt: int) -> Manifest:
        """Raises NotThere."""
        with self.engine.begin() as to:
            row = attempt_row(to, course, name, learner, attempt)
            set_id = to.scalar(column(feedback.c.set_id, feedback.c.submission_id == row.id))
            if set_id is None:
                where = f"{course}/{name}, {learner}, attempt {attempt}"
                raise NotThere("there is no feedback on this attempt yet", where=where, mend="look again later")
            return manifest_of(to, set_id)

    def hashes(self) -> set[str]:
        """Of all bytes that some record points to."""
        with self.engine.begin() as to:
            return set(to.scalars(sa.select(files.c.sha256).distinct()))

    def ping(self) -> None:
        """Raises SQLAlchemyError where the database does not answer."""
        with self.engine.begin() as to:
            to.execute(sa.select(1))
