"""What learners do: fetch an assignment, hand it in, fetch feedback."""

import json
import os
from pathlib import Path
from typing import Any

from nbgrader.exchange import abc

from autograder.errors import KitError
from autograder.exchange.container import Bounds, check_size
from autograder.exchange.names import assignment_name
from autograder.exchange.plugin.base import HttpExchange, timestamp


class ExchangeFetchAssignment(HttpExchange, abc.ExchangeFetchAssignment):  # type: ignore[misc]
    """Brings the released files; into a folder that is there only what is missing, and only if that is wanted."""

    def copy_files(self) -> None:
        folder = self.local_folder(self.course, assignment_name(self.assignment))
        if folder.is_dir() and not self.replace_missing_files:
            raise KitError(
                "You already have a copy of the assignment",
                where=str(folder),
                mend="work on there; with --replace the files that are missing come again",
            )
        with self.client.received(*self.address, beside=folder.parent) as came:
            if folder.is_dir():
                self._replace_missing(came, folder)
            else:
                os.rename(came, folder)
        self.log.info("Fetched as: %s %s", self.course, self.assignment)

    def _replace_missing(self, came: Path, folder: Path) -> None:
        for path in sorted(path for path in came.rglob("*") if path.is_file()):
            mine = folder / path.relative_to(came)
            if not os.path.lexists(mine):
                self.log.warning("Replacing missing file '%s'", mine)
                mine.parent.mkdir(parents=True, exist_ok=True)
                os.rename(path, mine)


class ExchangeSubmit(HttpExchange, abc.ExchangeSubmit):  # type: ignore[misc]
    """Hands in a folder as one attempt; the receipt is shown and kept."""

    def copy_files(self) -> None:
        folder = self.local_folder(self.course, self.assignment)
        self.coursedir.assignment_id = assignment_name(folder.name)  # nbgrader's commands also take a path
        if not folder.is_dir():
            raise KitError(
                "Assignment not found",
                where=str(folder),
                expected="the folder that was fetched",
                mend="name the assignment as in the list, or fetch it first",
            )
        files = self.files_below(folder)
        self._check_notebooks({entry.name for entry in files.manifest.files})
        limits = self.client.get("me")["limits"]
        check_size(files.manifest.size_bytes, Bounds(limits["submission_mib"], limits["files"], "the submission"))
        receipt = self.client.send("POST", *self.address, "submissions", files=files)
        self.log.info("Submitted as: %s %s %s", self.course, self.assignment, timestamp(receipt["received_at"]))
        late = ", after its due date" if receipt["late"] else ""
        self.log.info("Receipt: attempt %s%s, sha256 %s, kept in %s", *_told(receipt, late, self._keep(receipt)))

    def _check_notebooks(self, mine: set[str]) -> None:
        """Raises KitError: a released notebook is missing, and the course does not let that pass."""
        released: set[str] = set()
        for one in self.client.get("assignments", course=self.course)["assignments"]:
            if one["assignment"] == self.assignment:
                released = {name for name in one["files"] if name.endswith(".ipynb")}
        if missing := sorted(released - mine):
            if self.strict:
                raise KitError(
                    f"Assignment {self.assignment} not submitted: notebooks are missing",
                    came=", ".join(sorted(mine)),
                    expected=", ".join(sorted(released)),
                    mend=f"bring back {', '.join(missing)}; fetching with --replace brings the released ones",
                )
            self.log.warning("Notebooks of the assignment are missing in what is handed in: %s", ", ".join(missing))
        if extra := sorted(name for name in mine - released if name.endswith(".ipynb")):
            self.log.warning("Notebooks that are no part of the assignment are handed in too: %s", ", ".join(extra))

    def _keep(self, receipt: dict[str, Any]) -> Path:
        folder = Path(self.assignment_dir, "receipts", self.course, self.assignment).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"attempt-{receipt['attempt']:04}.json"
        path.write_text(json.dumps(receipt, indent=1) + "\n", encoding="utf-8")
        return path


class ExchangeFetchFeedback(HttpExchange, abc.ExchangeFetchFeedback):  # type: ignore[misc]
    """Brings one's own feedback, for each attempt that has some, into `feedback/<time of the attempt>/`."""

    def copy_files(self) -> None:
        query = {"course": self.course} | ({"assignment": one} if (one := self.wanted(self.assignment)) else {})
        for attempt in self.client.get("submissions", **query)["submissions"]:
            if attempt["feedback_at"] is None:
                continue
            assignment = assignment_name(attempt["assignment"])
            address = ("courses", self.course, "assignments", assignment, "submissions", attempt["learner"])
            folder = self.local_folder(self.course, assignment) / "feedback"
            with self.client.received(*address, str(attempt["attempt"]), "feedback", beside=folder) as came:
                into = folder / timestamp(attempt["received_at"])
                into.mkdir(exist_ok=True)
                for path in sorted(path for path in came.rglob("*") if path.is_file()):
                    page = into / path.relative_to(came)
                    page.parent.mkdir(parents=True, exist_ok=True)
                    os.replace(path, page)
                    self.log.info("Fetched feedback: %s", page)


def _told(receipt: dict[str, Any], late: str, path: Path) -> tuple[int, str, str, Path]:
    return receipt["attempt"], late, receipt["sha256"], path
