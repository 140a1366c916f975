"""Due dates and extensions, in the exchange and in the course's gradebook, by which nbgrader's late plugin counts.

An instructor may change a due date in formgrader (the gradebook) or at the exchange. The exchange remembers what the
gradebook last had, so that whichever was changed since is the one that counts; changed in both, it is the gradebook's.
Extensions are given at the exchange; `SubmittedAssignment.extension` is where nbgrader looks for them.
"""

import warnings
from datetime import UTC, datetime
from logging import Logger
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from sqlalchemy.exc import SAWarning

from autograder.exchange.client import ExchangeClient


def settle_due(client: ExchangeClient, book: Gradebook, course: str, assignment: str, log: Logger) -> None:
    """Make the due date the same in both."""
    address = ("courses", course, "assignments", assignment, "due")
    told = client.get(*address)
    here, before = _moment(told["due"]), _moment(told["in_gradebook"])
    try:
        entry = book.find_assignment(assignment)
    except MissingEntry:
        return
    booked = entry.duedate.replace(tzinfo=UTC) if entry.duedate else None
    if booked != before:
        log.info("Due date of %s, from the gradebook: %s", assignment, booked or "none")
    elif booked != here:
        log.info("Due date of %s, from the exchange: %s", assignment, here or "none")
        entry.duedate = _naive(here)
        book.db.commit()
        booked = here
    if (booked, booked) != (here, before):
        client.put(*address, body={"due": booked.isoformat() if booked else None, "in_gradebook": True})


def book_extensions(client: ExchangeClient, book: Gradebook, course: str, assignment: str, learners: set[str]) -> None:
    """Write the extensions of those whose work is collected into the gradebook."""
    told: dict[str, str | None] = client.get("courses", course, "assignments", assignment, "extensions")["extensions"]
    try:
        due = book.find_assignment(assignment).duedate
    except MissingEntry:
        return
    for learner in sorted(learners & set(told)):
        until = _naive(_moment(told[learner]))
        extension = until - due if due and until and until > due else None
        book.update_or_create_student(learner)
        _submission(book, assignment, learner).extension = extension
        book.db.commit()


def _submission(book: Gradebook, assignment: str, learner: str) -> Any:
    with warnings.catch_warnings():
        # nbgrader adds the parts of a new submission before the submission itself.
        warnings.filterwarnings("ignore", "Object of type <", SAWarning)
        return book.update_or_create_submission(assignment, learner)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _naive(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC).replace(tzinfo=None)
