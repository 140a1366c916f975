"""Collects attempts into `submitted/<learner>/<assignment>/`, as nbgrader and the grader read them."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook
from nbgrader.exchange import abc
from nbgrader.utils import parse_utc

from autograder.errors import KitError
from autograder.exchange.names import RESERVED, learner_name
from autograder.exchange.plugin.base import HttpExchange, timestamp
from autograder.exchange.plugin.due import book_extensions, settle_due
from autograder.exchange.plugin.names import book_names

STAGING, ASIDE = ".collecting", "before"
Attempt = dict[str, Any]


class ExchangeCollect(HttpExchange, abc.ExchangeCollect):  # type: ignore[misc]
    """Takes each learner's newest attempt, or with `before_duedate` the last one in time. A folder comes whole, by a
    rename; one that is newer than the attempt is left. The one that it replaces is set aside before, and put back where
    the new one did not come: by the next collect, where this one was killed in between.
    """

    def copy_files(self) -> None:
        submitted = Path(self.coursedir.format_path(self.coursedir.submitted_directory, "LEARNER", self.assignment))
        with self._alone(submitted.parent.parent) as staging, Gradebook(self.coursedir.db_url, self.course) as book:
            settle_due(self.client, book, self.course, self.assignment, self.log)
            attempts = self._attempts()
            self.log.info(
                "Processing %d submissions of '%s' for course '%s'", len(attempts), self.assignment, self.course
            )
            failed = 0
            for attempt in attempts:
                try:
                    self._collect(attempt, staging)
                except (KitError, OSError) as error:
                    failed += 1
                    self.log.error("%s: not collected: %s", attempt["learner"], error)
            learners = {attempt["learner"] for attempt in attempts}
            collected = {learner for learner in learners if self._folder(learner).is_dir()}
            book_extensions(self.client, book, self.course, self.assignment, collected)
            book_names(book, collected)
        if failed:
            raise KitError(f"the work of {failed} learners was not collected", mend="see above; collect again then")

    def _attempts(self) -> list[Attempt]:
        query = {"of": "learners", "course": self.course, "assignment": self.assignment}
        query |= {"learner": learner} if (learner := self.wanted(self.coursedir.student_id)) else {}
        chosen: dict[str, Attempt] = {}
        for attempt in self.client.get("submissions", **query)["submissions"]:
            before = chosen.get(attempt["learner"])
            skip = self.before_duedate and attempt["late_now"] and before is not None and not before["late_now"]
            if attempt["kept"] and not skip:
                chosen[attempt["learner"]] = attempt
        return list(chosen.values())

    def _collect(self, attempt: Attempt, staging: Path) -> None:
        learner = learner_name(attempt["learner"])
        folder = self._folder(learner)
        if folder.is_dir() and not self._replaces(attempt, folder):
            why = (
                "No newer submission to collect" if self.update else "Submission already exists, use --update to update"
            )
            self.log.info("%s: %s %s", why, learner, self.assignment)
            return
        address = (*self.address, "submissions", learner, str(attempt["attempt"]), "files")
        with self.client.received(*address, beside=staging) as came:
            (came / RESERVED).write_text(timestamp(attempt["received_at"]), encoding="utf-8")
            folder.parent.mkdir(exist_ok=True)
            if folder.is_dir():
                aside = staging / ASIDE / folder.relative_to(staging.parent)
                aside.parent.mkdir(parents=True, exist_ok=True)
                os.rename(folder, aside)
            os.rename(came, folder)
        late = ", late" if attempt["late_now"] else ""
        self.log.info("Collecting submission: %s %s, attempt %d%s", learner, self.assignment, attempt["attempt"], late)

    def _replaces(self, attempt: Attempt, folder: Path) -> bool:
        there, new = self.coursedir.get_existing_timestamp(str(folder)), parse_utc(attempt["received_at"])
        if self.before_duedate:
            return bool(there != new)
        return bool(self.update and (there is None or new > there))

    def _folder(self, learner: str) -> Path:
        return Path(self.coursedir.format_path(self.coursedir.submitted_directory, learner, self.assignment))

    @contextmanager
    def _alone(self, submitted: Path) -> Iterator[Path]:
        """A folder to receive in, on the file system of `submitted`; one collects at a time."""
        submitted.mkdir(parents=True, exist_ok=True)
        fd = os.open(submitted / ".collecting.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            staging = submitted / STAGING
            _clear(staging)  # of one that was killed
            staging.mkdir(mode=0o700)
            try:
                yield staging
            finally:
                _clear(staging)
        finally:
            os.close(fd)


def _clear(staging: Path) -> None:
    """Removes what a collect leaves, and puts back what was set aside and not replaced."""
    for aside in (staging / ASIDE).glob("*/*"):
        place = staging.parent / aside.relative_to(staging / ASIDE)
        if not place.exists():
            os.rename(aside, place)
    shutil.rmtree(staging, ignore_errors=True)
