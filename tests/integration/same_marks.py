"""The same submissions in many ways: the marks must be the same, each once. Too long for every day; by hand, as root:

    python -m tests.integration.same_marks [--submissions 200] [--only WORD]

One, four and sixteen workers, warm and cold kernels, worker processes behind a scheduler, a Slurm; then runs in which,
at three moments each, a kernel, a warm process, a Dask worker, the scheduler or the coordinator is ended as by
`kill -9`. A run that ended without all marks is started again, as an instructor would. It prints a line for each way
and ends with 1 where marks differ, or one is missing or there twice.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook

from autograder.build.course import build_course
from autograder.catalogue.find import exercise_at, find_catalogue
from autograder.grade.cohort import JOURNAL
from autograder.grade.journal import Journal
from benchmarks.cohort import ANSWERS, EXERCISES, UNIT, hand_in
from tests.integration.dask_here import scheduler_process, worker
from tests.integration.kernels_here import warm_and_kernels
from tests.integration.slurm_here import slurm_here

ROOT = Path(__file__).parents[2]
COLD = "import sys\nfrom autograder.grade import runner\nrunner.warm_fds = lambda *_: []\n"
PROGRAM = "from autograder.__main__ import main\nmain()\n"
SLURM_OPTIONS = {"INTERFACE": "lo", "MEMORY": "2 GiB"}
WAIT_S = 900
MOMENTS = (0.1, 0.5, 0.9)  # of the submissions that have their mark
Marks = list[tuple[str, str, float]]


@dataclass
class Run:
    """A grading run in a course of its own. `at`: of how many marks `end` is called with the coordinator's pid."""

    course: Path
    arguments: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    before: str = ""
    at: int = 0
    end: Callable[[int], None] | None = None

    def go(self) -> int:
        """Grades until all is graded; how often it had to be started."""
        for times in range(1, 4):
            status = self.once(self.end if times == 1 else None)
            if status == 0:
                return times
        raise AssertionError(f"it did not end well in three tries: status {status}")

    def once(self, end: Callable[[int], None] | None) -> int:
        command = [sys.executable, "-c", self.before + PROGRAM, "grade", "bench", "--build", str(self.course.parent)]
        environment = os.environ | self.environment | {"PYTHONPATH": str(ROOT)}
        said = self.course.parent / "said"
        with (
            said.open("ab") as out,
            subprocess.Popen(
                [*command, *self.arguments], env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd="/"
            ) as process,
        ):
            if end is not None:
                self._wait_for_marks(process)
                end(process.pid)
            return process.wait(WAIT_S)

    def _wait_for_marks(self, process: "subprocess.Popen[bytes]") -> None:
        path = self.course / JOURNAL
        while process.poll() is None:
            # The first line says what the file is.
            if path.exists() and path.read_bytes().count(b"\n") > self.at:
                return
            time.sleep(0.05)
        raise AssertionError("it ended before the moment came")


def marks_of(course: Path) -> Marks:
    """Each part's mark in nbgrader's gradebook.

    Raises AssertionError: the journal holds a submission twice, or the gradebook another number of them.
    """
    records = Counter(record.learner for record in Journal(course / JOURNAL).records())
    assert set(records.values()) == {1}, [learner for learner, number in records.items() if number > 1][:5]
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        found = [
            (submission.student.id, grade.name, grade.score)
            for submission in book.assignment_submissions(UNIT)
            for grade in submission.notebooks[0].grades
        ]
    assert len({learner for learner, _, _ in found}) == len(records)
    return sorted(found)


class Behind:
    """A scheduler with two worker processes; one that was ended is followed by another at the next start."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.address, self.scheduler = stack.enter_context(scheduler_process())
        self.workers = [stack.enter_context(worker(self.address)) for _ in range(2)]

    def end_worker(self, _: int) -> None:
        os.kill(self.workers[0], signal.SIGKILL)

    def end_scheduler(self, _: int) -> None:
        os.kill(self.scheduler, signal.SIGKILL)


def difference(marks: Marks, reference: Marks, course: Path) -> str:
    """Which marks are others, and what the journal says of those learners; "" for none."""
    others = sorted({learner for learner, _, _ in set(marks) ^ set(reference)})
    results = {record.learner: record.result for record in Journal(course / JOURNAL).records()}
    told = [f"{name}: {results[name].status}, {results[name].sentence}" for name in others if name in results]
    return f"OTHER MARKS of {len(others)}: {'; '.join(told[:3])}" if others else ""


def end_kernel(coordinator: int) -> None:
    """Ends a kernel that runs a submission now."""
    _end_one(coordinator, warm=False)


def end_warm_process(coordinator: int) -> None:
    """Ends the process that kernels are forked from."""
    _end_one(coordinator, warm=True)


def _end_one(coordinator: int, *, warm: bool) -> None:
    deadline_s = time.monotonic() + 60
    while time.monotonic() < deadline_s:
        oldest, kernels = warm_and_kernels(coordinator)
        if kernels:
            with suppress(ProcessLookupError):
                os.kill(oldest if warm else kernels[0], signal.SIGKILL)
                return
    raise AssertionError("no kernel was started")


def end_coordinator(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submissions", type=int, default=200)
    parser.add_argument("--only", default="", help="only ways whose name holds this word, beside the first")
    wanted = parser.parse_args()
    os.environ["AUTOGRADER_EXERCISES"] = str(EXERCISES)
    with tempfile.TemporaryDirectory(prefix="same-marks-") as folder:
        handed_in = Path(folder) / "handed-in"
        course = build_course(find_catalogue().course("bench"), handed_in)
        exercise = exercise_at(EXERCISES / "bench" / UNIT)
        for number in range(wanted.submissions):
            hand_in(course, f"learner-{number:03}", exercise, ANSWERS[number % len(ANSWERS)])
        ways = Ways(handed_in, wanted.submissions, wanted.only)
        ways.go()
    sys.exit(1 if ways.faults else 0)


class Ways:
    """All ways, one after the other, each in a copy of the course."""

    def __init__(self, handed_in: Path, submissions: int, only: str) -> None:
        self._handed_in, self._submissions, self._only = handed_in, submissions, only
        self._reference: Marks = []
        self.faults = 0

    def go(self) -> None:
        self.way("4 workers", arguments=["--workers", "4"])
        for workers in (1, 16):
            self.way(f"{workers} workers", arguments=["--workers", str(workers)])
        self.way("4 workers, cold kernels", arguments=["--workers", "4"], before=COLD)
        with ExitStack() as stack:
            self.way("two worker processes", arguments=["--cluster", Behind(stack).address])
        if os.geteuid() == 0 and shutil.which("slurmctld"):
            with slurm_here() as slurm:
                options = {f"DASK_JOBQUEUE__SLURM__{name}": value for name, value in SLURM_OPTIONS.items()}
                arguments = ["--cluster", "slurm", "--workers", "4"]
                self.way("Slurm, 4 workers", arguments=arguments, environment=dict(slurm.environment) | options)
        else:
            print("Slurm: left out, since its programs or root are missing")
        for moment in MOMENTS:
            at = max(1, int(moment * self._submissions))
            after = f"ended after {at} marks"
            self.way(f"a kernel {after}", at=at, end=end_kernel)
            self.way(f"the warm process {after}", at=at, end=end_warm_process)
            self.way(f"the coordinator {after}", at=at, end=end_coordinator)
            with ExitStack() as stack:
                behind = Behind(stack)
                self.way(f"a worker {after}", arguments=["--cluster", behind.address], at=at, end=behind.end_worker)
            with ExitStack() as stack:
                self._scheduler_ended(stack, f"the scheduler {after}", at)

    def _scheduler_ended(self, stack: ExitStack, name: str, at: int) -> None:
        """Run again, after its end, on a new scheduler."""
        if self._only not in name:
            return
        first, course = Behind(stack), self._copy(name)
        run = Run(course, ["--cluster", first.address], at=at)
        status = run.once(first.end_scheduler)
        assert status != 0, "the end of the scheduler was not told"
        self._compare(name, Run(course, ["--cluster", Behind(stack).address]), 1)

    def way(self, name: str, **options: Any) -> None:
        if self._reference and self._only not in name:
            return
        self._compare(name, Run(self._copy(name), **options))

    def _copy(self, name: str) -> Path:
        build = self._handed_in.parent / name.replace(" ", "-")
        shutil.copytree(self._handed_in, build)
        return build / "bench"

    def _compare(self, name: str, run: Run, before: int = 0) -> None:
        start_s = time.monotonic()
        try:
            times = run.go() + before
            marks = marks_of(run.course)
            self._reference = self._reference or marks
            same = difference(marks, self._reference, run.course) or "the same marks"
        except AssertionError as error:
            times, same = 0, f"FAULT: {error}"
        self.faults += same != "the same marks"
        print(f"{name:50} {same}, {times} starts, {time.monotonic() - start_s:.0f} s", flush=True)
        if same == "the same marks":
            with suppress(OSError):
                shutil.rmtree(run.course.parent)


if __name__ == "__main__":
    main()
