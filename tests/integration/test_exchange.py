"""The whole loop by nbgrader's own commands, JupyterLab's list of assignments and formgrader's buttons, on a real hub.

The tests of this module go on from one another, in their order: one course, released, handed in, collected, graded.
"""

import contextlib
import json
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook

from tests.integration.exchange_here import ExchangeHere, exchange_here
from tests.integration.nbgrader_commands import run_nbgrader
from tests.integration.plain_course import NOTEBOOK, UNIT, PlainCourse, make_plain_course
from tests.integration.servers_here import free_ports

LEARNERS_CONFIG = """\
c = get_config()
from autograder.exchange import use_exchange
use_exchange(c)
"""
COURSE_CONFIG = (
    LEARNERS_CONFIG
    + """\
c.CourseDirectory.course_id = "dask"
c.LateSubmissionPlugin.penalty_method = "zero"
"""
)
HOUR = timedelta(hours=1)
ADDRESS = ("courses", "dask", "assignments", UNIT)


@dataclass(frozen=True)
class Account:
    """A user's home, and the commands that run in it as on the server that the hub starts for that user."""

    here: ExchangeHere
    name: str
    home: Path

    def nbgrader(self, *arguments: str, status: int = 0, killed_before: str = "") -> str:
        environment = self.here.server_environment(self.name, self.home)
        came, said = run_nbgrader(arguments, self.home, environment, killed_before)
        assert came == status, said
        return said

    @property
    def work(self) -> Path:
        return self.home / "dask" / UNIT

    def answer(self, name: str, source: str) -> None:
        """Writes one cell of the fetched notebook."""
        path = self.work / f"{NOTEBOOK}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        (cell,) = (cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == name)
        cell.source = source
        nbformat.write(notebook, path)

    @contextmanager
    def server(self, extension: str) -> "Iterator[Server]":
        """A Jupyter server with an extension of nbgrader, as the hub starts one."""
        (port,) = free_ports(1)
        command = [sys.executable, "-m", "jupyter_server", "--allow-root", f"--port={port}", "--ip=127.0.0.1"]
        command += ["--ServerApp.port_retries=0", "--IdentityProvider.token=here", "--no-browser"]
        command += [f"--ServerApp.jpserver_extensions={{'nbgrader.server_extensions.{extension}': True}}"]
        environment = self.here.server_environment(self.name, self.home)
        said = self.home / ".server-said"
        with said.open("wb") as output:
            process = subprocess.Popen(command, cwd=self.home, env=environment, stdout=output, stderr=output)
        try:
            deadline_s = time.monotonic() + 60
            made = Server(port, said)
            while not made.answers():
                assert process.poll() is None, said.read_text()
                assert time.monotonic() < deadline_s, said.read_text()
                time.sleep(0.1)
            yield made
        finally:
            process.terminate()
            process.wait(30)


@dataclass(frozen=True)
class Server:
    """Where a Jupyter server listens."""

    port: int
    said: Path

    def ask(self, path: str, **form: str) -> Any:
        """GET, or with a form POST."""
        data = urllib.parse.urlencode(form).encode() if form else None
        headers = {"Authorization": "token here"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/{path}", data=data, headers=headers)
        with urllib.request.urlopen(request, timeout=120) as response:
            return json.loads(response.read())

    def answers(self) -> bool:
        with contextlib.suppress(OSError):
            self.ask("api/status")
            return True
        return False


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExchangeHere]:
    with exchange_here(tmp_path_factory.mktemp("hub")) as made:
        yield made


@pytest.fixture(scope="module")
def account(here: ExchangeHere, tmp_path_factory: pytest.TempPathFactory) -> Any:
    homes: dict[str, Account] = {}

    def of(name: str) -> Account:
        if name not in homes:
            home = tmp_path_factory.mktemp(f"home-{name}")
            (home / "nbgrader_config.py").write_text(LEARNERS_CONFIG)
            homes[name] = Account(here, name, home)
        return homes[name]

    return of


@pytest.fixture(scope="module")
def course(here: ExchangeHere, tmp_path_factory: pytest.TempPathFactory) -> Account:
    """The course's own account in its course directory; the assignment is made, and due an hour ago."""
    root = tmp_path_factory.mktemp("course")
    made: PlainCourse = make_plain_course(root)
    (root / "nbgrader_config.py").write_text(COURSE_CONFIG)
    with book_of(root) as book:
        book.update_or_create_assignment(UNIT, duedate=(datetime.now(UTC) - HOUR).replace(tzinfo=None))
    return Account(here, "course-dask", made.root)


@contextmanager
def book_of(root: Path) -> Iterator[Gradebook]:
    with Gradebook(f"sqlite:///{root / 'gradebook.db'}", "dask") as book:
        yield book


def test_nothing_is_listed_or_fetched_before_it_is_released(account: Any) -> None:
    ann = account("ann")
    assert "dask" not in ann.nbgrader("list").split("Released assignments:")[1]
    said = ann.nbgrader("fetch_assignment", UNIT, "--course", "dask", status=1)
    assert "released no such assignment" in said
    assert not ann.work.exists()


def test_the_instructor_releases_by_formgraders_button_and_the_due_date_goes_with_it(
    here: ExchangeHere, course: Account
) -> None:
    with course.server("formgrader") as server:
        name = urllib.parse.quote(UNIT)
        assert server.ask(f"formgrader/api/assignment/{name}")["status"] == "draft"
        done = server.ask(f"formgrader/api/assignment/{name}/release", press="it")
        assert done["success"], done
        assert server.ask(f"formgrader/api/assignment/{name}")["status"] == "released"
    told = here.client("ann").get("assignments")["assignments"]
    assert [(one["assignment"], one["files"]) for one in told] == [(UNIT, ["numbers.csv", f"{NOTEBOOK}.ipynb"])]
    with book_of(course.home) as book:
        assert told[0]["due_at"] == book.find_assignment(UNIT).duedate.replace(tzinfo=UTC).isoformat(
            timespec="microseconds"
        )


def test_a_release_is_replaced_by_force_alone(course: Account) -> None:
    course.nbgrader("release_assignment", UNIT)  # the same files: nothing to replace
    (course.home / "release" / UNIT / "numbers.csv").write_text("1\n2\n3\n\n")
    assert "--force" in course.nbgrader("release_assignment", UNIT, status=1)
    course.nbgrader("release_assignment", UNIT, "--force")


def test_a_learner_fetches_works_and_hands_in_several_times(account: Any) -> None:
    ann = account("ann")
    assert f"dask {UNIT} (due " in ann.nbgrader("list", "--course", "dask")
    ann.nbgrader("fetch_assignment", UNIT, "--course", "dask")
    assert sorted(path.name for path in ann.work.iterdir()) == sorted([f"{NOTEBOOK}.ipynb", "numbers.csv"])
    assert "already have a copy" in ann.nbgrader("fetch_assignment", UNIT, "--course", "dask", status=1)
    (ann.work / "numbers.csv").unlink()
    ann.answer("mean", "def mean(values):\n    return sum(values) / len(values)")
    ann.nbgrader("fetch_assignment", UNIT, "--course", "dask", "--replace")
    assert "sum(values)" in (ann.work / f"{NOTEBOOK}.ipynb").read_text(), "only what was missing came"
    assert (ann.work / "numbers.csv").exists()
    for source in ("def squares(values):\n    return []", "def squares(values):\n    return [v * v for v in values]"):
        ann.answer("squares", source)
        assert "Receipt: attempt" in ann.nbgrader("submit", UNIT, "--course", "dask")
    receipts = sorted((ann.home / "receipts" / "dask" / UNIT).iterdir())
    told = [json.loads(path.read_text()) for path in receipts]
    assert [(one["learner"], one["attempt"], one["late"]) for one in told] == [("ann", 1, True), ("ann", 2, True)]
    assert told[0]["sha256"] != told[1]["sha256"]


def test_a_learner_sees_attempts_and_nobody_elses(account: Any, here: ExchangeHere) -> None:
    listed = account("ann").nbgrader("list", "--inbound", "--course", "dask")
    assert re.findall(r"dask (\w+) .* attempt (\d), (late) \(no feedback", listed) == [
        ("ann", "1", "late"),
        ("ann", "2", "late"),
    ]


def test_a_learner_of_the_course_hands_in_from_jupyterlab(account: Any, here: ExchangeHere) -> None:
    ben = account("ben")
    until = (datetime.now(UTC) + HOUR).isoformat()
    here.client("ines").put(*ADDRESS, "extensions", "ben", body={"until": until})
    with ben.server("assignment_list") as server:
        assert server.ask("courses") == {"success": True, "value": ["dask"]}
        (released,) = server.ask("assignments?course_id=dask")["value"]
        assert (released["status"], [one["notebook_id"] for one in released["notebooks"]]) == ("released", [NOTEBOOK])
        form = {"course_id": "dask", "assignment_id": UNIT}
        (fetched,) = server.ask("assignments/fetch", **form)["value"]
        assert (fetched["status"], fetched["path"]) == ("fetched", f"dask/{UNIT}")
        assert fetched["notebooks"][0]["path"] == f"dask/{UNIT}/{NOTEBOOK}.ipynb"
        ben.answer("squares", "def squares(values):\n    return [v * v for v in values]")
        _, submitted = server.ask("assignments/submit", **form)["value"]
        (attempt,) = submitted["submissions"]
        assert (attempt["attempt"], attempt["late"], attempt["has_exchange_feedback"]) == (1, False, False)
        assert parse(attempt["timestamp"]) > datetime.now(UTC) - HOUR


def parse(timestamp: str) -> datetime:
    return datetime.strptime(timestamp, "%Y-%m-%d %H:%M:%S.%f UTC").replace(tzinfo=UTC)


def test_a_refusal_reaches_a_learner_in_words(account: Any) -> None:
    carl = account("carl")
    said = carl.nbgrader("fetch_assignment", UNIT, "--course", "dask", status=1)
    assert "carl may not fetch an assignment in this course" in said
    assert "mend:" in said
    assert "Traceback" not in said


def test_the_instructor_collects_the_newest_attempt_of_each(course: Account, account: Any) -> None:
    listed = course.nbgrader("list", "--inbound", "--course", "dask")
    assert len(re.findall(r"dask (?:ann|ben) ", listed)) == 3
    said = course.nbgrader("collect", UNIT)
    assert "ann ps 1, attempt 2, late" in said
    folder = course.home / "submitted" / "ann" / UNIT
    assert sorted(path.name for path in folder.iterdir()) == ["numbers.csv", f"{NOTEBOOK}.ipynb", "timestamp.txt"]
    assert (folder / f"{NOTEBOOK}.ipynb").read_bytes() == (account("ann").work / f"{NOTEBOOK}.ipynb").read_bytes()
    received = json.loads((account("ann").home / "receipts" / "dask" / UNIT / "attempt-0002.json").read_text())
    assert parse((folder / "timestamp.txt").read_text()).isoformat() == received["received_at"]
    assert [path.name for path in (course.home / "submitted").iterdir() if path.is_dir()] != []
    assert not (course.home / "submitted" / ".collecting").exists()


def test_an_attempt_never_goes_over_a_newer_one(course: Account) -> None:
    stamp = course.home / "submitted" / "ann" / UNIT / "timestamp.txt"
    before = stamp.read_text()
    stamp.write_text((datetime.now(UTC) + HOUR).strftime("%Y-%m-%d %H:%M:%S.%f UTC"))
    newer = stamp.read_text()
    assert "No newer submission to collect: ann" in course.nbgrader("collect", UNIT, "--update")
    assert stamp.read_text() == newer
    stamp.write_text("2001-01-01 00:00:00 UTC")
    assert "Submission already exists" in course.nbgrader("collect", UNIT)
    assert stamp.read_text() == "2001-01-01 00:00:00 UTC"
    with course.server("formgrader") as server:
        done = server.ask(f"formgrader/api/assignment/{urllib.parse.quote(UNIT)}/collect", press="it")
        assert done["success"], done
    assert stamp.read_text() == before


def test_what_was_collected_comes_back_where_a_collect_is_killed_before_the_newer_one_is_there(course: Account) -> None:
    folder = course.home / "submitted" / "ann" / UNIT
    stamp, newer = folder / "timestamp.txt", (folder / "timestamp.txt").read_text()
    stamp.write_text("2001-01-01 00:00:00 UTC")
    course.nbgrader("collect", UNIT, "--update", killed_before=str(folder), status=-9)
    assert not folder.exists()
    course.nbgrader("collect", UNIT, "--student=ben")
    assert stamp.read_text() == "2001-01-01 00:00:00 UTC", "it is back, although this collect did not ask for ann's"
    course.nbgrader("collect", UNIT, "--update")
    assert stamp.read_text() == newer
    assert not (course.home / "submitted" / ".collecting").exists()


def test_the_late_penalty_counts_from_the_learners_own_due_date(course: Account) -> None:
    course.nbgrader("autograde", UNIT)
    with book_of(course.home) as book:
        found = {one.student.id: one for one in book.assignment_submissions(UNIT)}
        assert found["ann"].total_seconds_late > 0
        assert found["ann"].late_submission_penalty == found["ann"].notebooks[0].score > 0
        assert found["ben"].total_seconds_late == 0
        assert found["ben"].late_submission_penalty in (None, 0)
        assert found["ben"].timestamp > book.find_assignment(UNIT).duedate


def test_a_due_date_that_changes_in_one_place_changes_in_the_other(course: Account, here: ExchangeHere) -> None:
    later = (datetime.now(UTC) + 24 * HOUR).replace(microsecond=0)
    here.client("ines").put(*ADDRESS, "due", body={"due": later.isoformat()})
    course.nbgrader("collect", UNIT, "--update")
    with book_of(course.home) as book:
        assignment = book.find_assignment(UNIT)
        assert assignment.duedate == later.replace(tzinfo=None), "what was changed at the exchange is in the gradebook"
        earlier = later - 48 * HOUR
        assignment.duedate = earlier.replace(tzinfo=None)
        book.db.commit()
    course.nbgrader("collect", UNIT, "--update")
    assert datetime.fromisoformat(here.client("ines").get(*ADDRESS, "due")["due"]) == earlier
    with book_of(course.home) as book:
        submission = book.find_submission(UNIT, "ben")
        assert submission.duedate.replace(tzinfo=UTC) > datetime.now(UTC), "ben's own end stays what it was"


def test_feedback_reaches_the_learner_whose_it_is(course: Account, account: Any) -> None:
    course.nbgrader("generate_feedback", UNIT)
    course.nbgrader("release_feedback", UNIT)
    ann, ben = account("ann"), account("ben")
    assert "(feedback ready to be fetched)" in ann.nbgrader("list", "--cached", "--course", "dask")
    ann.nbgrader("fetch_feedback", UNIT, "--course", "dask")
    (page,) = (ann.work / "feedback").glob(f"*/{NOTEBOOK}.html")
    assert page.read_bytes() == (course.home / "feedback" / "ann" / UNIT / f"{NOTEBOOK}.html").read_bytes()
    assert "(feedback already fetched)" in ann.nbgrader("list", "--cached", "--course", "dask")
    with ben.server("assignment_list") as server:
        _, submitted = server.ask("assignments/fetch_feedback", course_id="dask", assignment_id=UNIT)["value"]
        (attempt,) = submitted["submissions"]
        assert (attempt["has_local_feedback"], attempt["feedback_updated"]) == (True, False)
        assert (ben.home / attempt["local_feedback_path"] / f"{NOTEBOOK}.html").is_file()


def test_the_next_attempt_does_not_carry_what_was_fetched(account: Any, here: ExchangeHere) -> None:
    ann = account("ann")
    (ann.work / "link").symlink_to("/etc/passwd")
    said = ann.nbgrader("submit", UNIT, "--course", "dask")
    assert "it is a link" in said
    assert "attempt 2," in said, "feedback and links are left out, so that these are the bytes of the attempt before"


def test_a_release_is_taken_back_and_work_stays(course: Account, account: Any) -> None:
    course.nbgrader("list", UNIT, "--remove")
    ann = account("ann")
    assert UNIT not in ann.nbgrader("list", "--course", "dask").split("Released assignments:")[1]
    assert "released no such assignment" in ann.nbgrader("submit", UNIT, "--course", "dask", status=1)
    assert "attempt 2" in ann.nbgrader("list", "--inbound", "--course", "dask")
    assert "attempts are not removed" in course.nbgrader("list", "--inbound", "--remove", status=1)


def test_nbgrader_with_another_exchange_is_refused_in_words(tmp_path: Path, course: Account) -> None:
    other = 'c.ExchangeFactory.submit = "nbgrader.exchange.default.ExchangeSubmit"\n'
    (tmp_path / "nbgrader_config.py").write_text(LEARNERS_CONFIG.replace("from autograder", f"{other}from autograder"))
    said = Account(course.here, "ann", tmp_path).nbgrader("list", status=1)
    assert "another exchange already" in said
