"""What there is: for `nbgrader list`, for JupyterLab's list of assignments, and for formgrader."""

from pathlib import Path
from typing import Any

from nbgrader.exchange import abc

from autograder.errors import KitError
from autograder.exchange.client import LocalFiles
from autograder.exchange.plugin.base import HttpExchange, timestamp

Info = dict[str, Any]


class ExchangeList(HttpExchange, abc.ExchangeList):  # type: ignore[misc]
    """`cached` lists one's own attempts; `inbound` those of the course's learners where that is one's role."""

    def list_files(self) -> list[Info]:
        if self.inbound or self.cached:
            found = self._attempts()
            self.log.info("Submitted assignments:")
            for info in (one for group in found for one in group["submissions"]):
                self.log.info(_attempt_line(info))
        else:
            found = self._released()
            self.log.info("Released assignments:")
            for info in found:
                self.log.info(_released_line(info))
        return found

    def remove_files(self) -> list[Info]:
        if self.inbound or self.cached:
            raise KitError(
                "attempts are not removed",
                expected="they are kept, with their receipts, as long as the exchange is",
                mend="the operator removes a course as a whole, with its data",
            )
        found = self._released()
        self.log.info("Removing released assignments:")
        for info in found:
            self.log.info(_released_line(info))
            self.client.delete("courses", info["course_id"], "assignments", info["assignment_id"])
            info["status"] = "removed"
        return found

    def _released(self) -> list[Info]:
        query = {"course": course} if (course := self._filter("course_id")) else {}
        assignment = self._filter("assignment_id")
        return [
            self._released_info(one)
            for one in self.client.get("assignments", **query)["assignments"]
            if assignment in ("", one["assignment"])
        ]

    def _released_info(self, one: Info) -> Info:
        folder = self.local_folder(one["course"], one["assignment"])
        fetched = folder.is_dir()
        if fetched:
            notebooks = sorted(str(path) for path in folder.glob("*.ipynb"))
        else:
            notebooks = sorted(name for name in one["files"] if name.endswith(".ipynb") and "/" not in name)
        return {
            "course_id": one["course"],
            "assignment_id": one["assignment"],
            "status": "fetched" if fetched else "released",
            "path": str(folder) if fetched else "",
            "due": one["due_at"],
            "notebooks": [{"notebook_id": Path(name).stem, "path": name} for name in notebooks],
        }

    def _attempts(self) -> list[Info]:
        query = {key: self._filter(f"{key}_id") for key in ("course", "assignment")}
        if self.inbound and self._leads():
            query |= {"of": "learners", "learner": self._filter("student_id")}
        groups: dict[tuple[str, str, str], list[Info]] = {}
        for one in self.client.get("submissions", **{key: value for key, value in query.items() if value})[
            "submissions"
        ]:
            key = (one["course"], one["learner"], one["assignment"])
            groups.setdefault(key, []).append(self._attempt_info(one))
        return [
            {
                "course_id": course,
                "student_id": learner,
                "assignment_id": assignment,
                "status": "submitted",
                "submissions": attempts,
            }
            for (course, learner, assignment), attempts in sorted(groups.items())
        ]

    def _attempt_info(self, one: Info) -> Info:
        moment = timestamp(one["received_at"])
        folder = self.local_folder(one["course"], one["assignment"]) / "feedback" / moment
        local = sorted(path.name for path in folder.glob("*.html") if path.is_file())
        state = {
            "has_local_feedback": bool(local),
            "has_exchange_feedback": one["feedback_at"] is not None,
            "feedback_updated": bool(local)
            and one["feedback_sha256"] not in (None, LocalFiles(folder, local).manifest.sha256),
        }
        page = {"local_feedback_path": str(folder) if local else None}
        return {
            "course_id": one["course"],
            "student_id": one["learner"],
            "assignment_id": one["assignment"],
            "timestamp": moment,
            "attempt": one["attempt"],
            "late": one["late_now"],
            "sha256": one["sha256"],
            "status": "submitted",
            "path": "",
            "notebooks": [
                {
                    "notebook_id": name,
                    "path": "",
                    "local_feedback_path": str(folder / f"{name}.html") if local else None,
                }
                | state
                for name in one["notebooks"]
            ],
            **state,
            **page,
        }

    def _leads(self) -> bool:
        """Whether the one who asks grades or leads the course that is meant, or any."""
        mine = self.client.get("me")["courses"]
        course = self._filter("course_id")
        return any({"grader", "instructor"} & set(mine[one]) for one in ([course] if course in mine else mine))

    def _filter(self, name: str) -> str:
        return self.wanted(getattr(self.coursedir, name)) if self.coursedir else ""


def _released_line(info: Info) -> str:
    line = f"{info['course_id']} {info['assignment_id']}"
    line += f" (due {timestamp(info['due'])})" if info["due"] else ""
    return line + (" (already downloaded)" if info["status"] == "fetched" else "")


def _attempt_line(info: Info) -> str:
    line = "{course_id} {student_id} {assignment_id} {timestamp} attempt {attempt}".format(**info)
    line += ", late" if info["late"] else ""
    if info["has_local_feedback"] and not info["feedback_updated"]:
        return f"{line} (feedback already fetched)"
    return (
        f"{line} (feedback ready to be fetched)" if info["has_exchange_feedback"] else f"{line} (no feedback available)"
    )
