"""What all classes of the exchange have in common."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from nbgrader.exchange import ExchangeError, abc
from nbgrader.utils import ignore_patterns
from traitlets import Bool, Unicode

from autograder.errors import KitError
from autograder.exchange.client import ExchangeClient, LocalFiles
from autograder.exchange.names import RESERVED

TIMESTAMP = "%Y-%m-%d %H:%M:%S.%f UTC"


class HttpExchange(abc.Exchange):  # type: ignore[misc]
    """The exchange that the hub offers; the place of nbgrader's own, which is a folder that everybody may write."""

    path_includes_course = Bool(
        False, help="Whether assignments are fetched into COURSE/ASSIGNMENT instead of ASSIGNMENT."
    ).tag(config=True)
    url = Unicode(
        "", help="Address of the exchange; by default what AUTOGRADER_EXCHANGE_URL says, which the hub sets."
    ).tag(config=True)

    _client: ExchangeClient | None = None

    @property
    def client(self) -> ExchangeClient:
        """Raises KitError: this runs in no server of the hub."""
        if self._client is None:
            self._client = ExchangeClient.here(url=self.url)
        return self._client

    def start(self) -> Any:
        try:
            return super().start()
        except KitError as error:
            self.refuse(error)

    def refuse(self, error: KitError) -> NoReturn:
        """Ends as nbgrader's commands and pages expect it: said once, in words for a person."""
        self.log.critical("%s", error)
        raise ExchangeError(str(error)) from error

    def init_src(self) -> None:
        pass

    def init_dest(self) -> None:
        pass

    def copy_files(self) -> None:
        pass

    @property
    def course(self) -> str:
        """The course that is meant. Raises KitError: none is."""
        if not self.coursedir.course_id:
            raise KitError("no course is named", mend="add --course COURSE, or set c.CourseDirectory.course_id")
        return str(self.coursedir.course_id)

    @property
    def assignment(self) -> str:
        """The assignment that is meant."""
        return str(self.coursedir.assignment_id)

    @property
    def address(self) -> tuple[str, ...]:
        """Of the assignment."""
        return ("courses", self.course, "assignments", self.assignment)

    def local_folder(self, course: str, assignment: str) -> Path:
        """Where a learner has an assignment."""
        parts = (course, assignment) if self.path_includes_course else (assignment,)
        return Path(self.assignment_dir, *parts).absolute()

    def wanted(self, name: str | None) -> str:
        """A filter as the exchange takes it: nbgrader says * where it means all."""
        return "" if name in (None, "*") else str(name)

    def files_below(self, folder: Path) -> LocalFiles:
        """What nbgrader's settings (ignore, include, max_file_size) let out of a folder, hashed. Raises KitError."""
        names = sorted(self._names_below(folder))
        if not names:
            raise KitError("the folder has no file to send", where=str(folder))
        return LocalFiles(folder, names)

    def _names_below(self, folder: Path) -> Iterator[str]:
        ignored = ignore_patterns(
            exclude=self.coursedir.ignore,
            include=self.coursedir.include,
            max_file_size=self.coursedir.max_file_size,
            log=self.log,
        )
        for at, folders, files in os.walk(folder):
            left_out = set(ignored(at, [*folders, *files]))
            links = {name for name in [*folders, *files] if os.path.islink(os.path.join(at, name))}
            for name in sorted(links - left_out):
                self.log.warning("Left out, since it is a link: %s", os.path.join(at, name))
            folders[:] = [name for name in folders if name not in left_out | links]
            for name in files:
                path = Path(at, name).relative_to(folder)
                if name not in left_out | links and path.parts[0] != RESERVED:
                    yield path.as_posix()


def timestamp(received_at: str) -> str:
    """A time of the exchange as nbgrader writes and reads it."""
    return datetime.fromisoformat(received_at).astimezone(UTC).strftime(TIMESTAMP)
