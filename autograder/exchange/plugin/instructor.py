"""What instructors do: release assignments and feedback. Collecting is in collect.py."""

from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.exchange import abc
from nbgrader.utils import parse_utc

from autograder.errors import KitError
from autograder.exchange.client import LocalFiles
from autograder.exchange.names import learner_name
from autograder.exchange.plugin.base import HttpExchange, timestamp
from autograder.exchange.plugin.due import settle_due


class ExchangeReleaseAssignment(HttpExchange, abc.ExchangeReleaseAssignment):  # type: ignore[misc]
    """Releases what lies in the course's release folder, with the due date of the gradebook."""

    def copy_files(self) -> None:
        folder = self._folder(self.coursedir.release_directory)
        if not folder.is_dir():
            source = self._folder(self.coursedir.source_directory)
            mend = "generate the assignment first" if source.is_dir() else "name one of the course's assignments"
            raise KitError("the assignment has no released version", where=str(folder), mend=mend)
        force = {"force": "1"} if self.force else {}
        self.client.send("PUT", *self.address, files=self.files_below(folder), **force)
        self.log.info("Released as: %s %s", self.course, self.assignment)
        with Gradebook(self.coursedir.db_url, self.course) as book:
            settle_due(self.client, book, self.course, self.assignment, self.log)

    def _folder(self, step: str) -> Path:
        return Path(self.coursedir.format_path(step, ".", self.assignment))


class ExchangeReleaseFeedback(HttpExchange, abc.ExchangeReleaseFeedback):  # type: ignore[misc]
    """Releases each learner's pages, on the attempt that they are about."""

    def copy_files(self) -> None:
        query = {"of": "learners", "course": self.course, "assignment": self.assignment}
        times = {
            (one["learner"], parse_utc(one["received_at"])): one
            for one in self.client.get("submissions", **query)["submissions"]
        }
        excluded = set(filter(None, self.coursedir.student_id_exclude.split(",")))
        failed = 0
        for folder in self._folders():
            learner = folder.parent.name
            if learner in excluded:
                continue
            try:
                self._release(folder, learner_name(learner), times)
            except KitError as error:
                failed += 1
                self.log.error("%s", error)
        if failed:
            raise KitError(f"feedback of {failed} learners was not released", mend="see above; release it again then")

    def _folders(self) -> list[Path]:
        """feedback/<learner>/<assignment> of the learners that are meant."""
        learner = self.wanted(self.coursedir.student_id) or "*"
        pattern = self.coursedir.format_path(self.coursedir.feedback_directory, learner, self.assignment)
        root = Path(self.coursedir.root)
        return sorted(path for path in root.glob(str(Path(pattern).relative_to(root))) if path.is_dir())

    def _release(self, folder: Path, learner: str, times: dict[tuple[str, object], dict[str, object]]) -> None:
        pages = sorted(path.name for path in folder.glob("*.html"))
        if not pages:
            return
        graded = self.coursedir.format_path(self.coursedir.autograded_directory, learner, self.assignment)
        moment = self.coursedir.get_existing_timestamp(str(folder)) or self.coursedir.get_existing_timestamp(graded)
        attempt = times.get((learner, moment))
        if attempt is None:
            raise KitError(
                "the feedback belongs to no attempt that the exchange knows",
                where=str(folder),
                came=f"an attempt of {moment} UTC" if moment else "no timestamp.txt",
                expected="the time of one of this learner's attempts",
                mend="collect the attempt, grade it and write the feedback again",
            )
        address = (*self.address, "submissions", learner, str(attempt["attempt"]), "feedback")
        self.client.send("PUT", *address, files=LocalFiles(folder, pages))
        told = (learner, self.course, self.assignment, timestamp(str(attempt["received_at"])))
        self.log.info("Releasing feedback for student '%s' on assignment '%s/%s' (%s)", *told)
