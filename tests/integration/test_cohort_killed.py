"""End the coordinator or a worker at any moment, run again: every mark is there once."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil
import pytest

from autograder.book.feedback import write_feedback
from autograder.build.bundle import make_bundle
from autograder.errors import GradingError
from autograder.grade.clusters import connect
from autograder.grade.cohort import JOURNAL
from autograder.grade.dispatch import Failed, run_jobs
from autograder.grade.journal import Journal
from autograder.grade.models import Bundle, Job
from tests.integration.cohort_course import SmallCourse, make_course
from tests.integration.dask_here import scheduler, scheduler_process, worker
from tests.integration.kernels_here import is_kernel, warm_and_kernels

pytestmark = [pytest.mark.slow, pytest.mark.needs_sandbox]

ROOT = Path(__file__).parents[2]
LEARNERS = ("ada", "bob", "cyd")
FULL = {"part-double": 3.0, "part-count": 2.0, "written-reason": 0.0}
# A program that ends itself, as `kill -9` would, when TARGET is called for the TIME-th time.
PROGRAM = """\
import os, signal, sys
from importlib import import_module
from pathlib import Path

from autograder.book.feedback import write_feedback
from autograder.catalogue.find import exercise_at
from autograder.grade.cohort import Settings, grade_course

module, owner, name, time = sys.argv[2].split(":")
target = getattr(import_module(module), owner) if owner else import_module(module)
original, calls = getattr(target, name), []

def deadly(*args, **kwargs):
    calls.append(name)
    if len(calls) == int(time):
        os.kill(os.getpid(), signal.SIGKILL)
    return original(*args, **kwargs)

if __name__ == "__main__":
    setattr(target, name, deadly)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as autograder.__main__ does
    course_dir = Path(sys.argv[1])
    exercises = [exercise_at(Path(folder)) for folder in sys.argv[3:]]
    try:
        grade_course(course_dir, exercises, Settings(workers=1))
    except KeyboardInterrupt:
        sys.exit("Aborted!")  # as click does
    write_feedback(course_dir)
"""
MOMENTS = {
    "before the first record is in the journal": "autograder.grade.journal:Journal:append:1",
    "when an autograded notebook is written, and its record is not": "autograder.grade.journal:Journal:append:2",
    "between journal and gradebook": "autograder.book.gradebook:Writer:apply:1",
    "in the middle of writing the gradebook": "autograder.book.gradebook:_Batch:_remember:2",
    "while feedback is written": "autograder.book.feedback::replace_file:2",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> SmallCourse:
    course = make_course(tmp_path_factory.mktemp("project"))
    for learner in LEARNERS:
        course.submit(learner, course.solution())
    return course


@pytest.fixture
def course(built: SmallCourse, tmp_path: Path) -> SmallCourse:
    return built.copy(tmp_path / "build")


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_coordinator_is_ended_and_every_mark_is_there_once(
    moment: str, course: SmallCourse, tmp_path: Path
) -> None:
    assert run_until(MOMENTS[moment], course, tmp_path) == -signal.SIGKILL
    summary = course.grade(workers=1)
    assert (summary.not_graded, summary.problems) == ([], [])
    assert course.marks() == dict.fromkeys(LEARNERS, FULL)
    assert course.number_of_submissions() == len(LEARNERS)
    records = Journal(course.course_dir / JOURNAL).records()
    assert sorted(record.learner for record in records) == sorted(LEARNERS)
    assert len(write_feedback(course.course_dir).pages) == len(LEARNERS)


def test_nothing_of_a_coordinator_that_was_ended_runs_on(course: SmallCourse, tmp_path: Path) -> None:
    for learner in LEARNERS:
        course.submit(learner, course.solution(double="import time\ntime.sleep(4)"))
    process = start("autograder.grade.journal:Journal:append:99", course, tmp_path)
    wait_for_kernel(process.pid)
    time.sleep(2)  # by now it is in the middle of a notebook that sleeps
    family = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=60)
    _, alive = psutil.wait_procs(family, timeout=60)
    assert alive == []


def test_a_coordinator_that_is_asked_to_end_keeps_what_was_graded_and_leaves_no_process(
    course: SmallCourse, tmp_path: Path
) -> None:
    course.submit("bob", course.solution(double="import time\ntime.sleep(30)"))
    with (tmp_path / "said").open("w") as said:
        process = start("autograder.grade.journal:Journal:append:99", course, tmp_path, said)
        wait_for_records(course, 1)
        family = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) != 0
    _, alive = psutil.wait_procs(family, timeout=60)
    assert alive == []
    assert (tmp_path / "said").read_text() == "Aborted!\n"
    graded = {record.learner for record in Journal(course.course_dir / JOURNAL).records()}
    assert graded
    assert course.marks() == dict.fromkeys(graded, FULL)


def test_a_job_whose_worker_is_ended_is_tried_again(course: SmallCourse, tmp_path: Path) -> None:
    bundle = make_bundle(course.tiny)
    slow = course.solution(
        double="import time\ntime.sleep(2)\n\ndef double(values):\n    return [2 * v for v in values]"
    )
    with scheduler() as address, worker(address) as first, worker(address) as second:
        ending = threading.Thread(target=end_worker, args=((first, second),))
        ending.start()
        with connect(address) as workers:
            (outcome,) = run_jobs(workers, [job_for(slow, bundle)], {bundle.exercise: bundle}, probe=False)
        ending.join()
    assert not isinstance(outcome, Failed)
    assert outcome.earned == 5.0


@pytest.mark.parametrize("records", [0, 1, 2])
def test_the_scheduler_is_ended_and_every_mark_is_there_once(records: int, course: SmallCourse) -> None:
    for learner in LEARNERS:
        answer = "import time\ntime.sleep(2.5)\n\ndef double(values):\n    return [2 * v for v in values]"
        course.submit(learner, course.solution(double=answer))
    with scheduler_process() as (address, pid), worker(address) as at_work:
        ending = threading.Thread(target=end_after, args=(pid, at_work, course, records))
        ending.start()
        with pytest.raises(GradingError, match="connection to the Dask scheduler was lost"):
            course.grade(cluster=address)
        ending.join()
    with scheduler_process() as (address, _), worker(address):
        summary = course.grade(cluster=address)
    assert (summary.not_graded, summary.problems) == ([], [])
    assert course.marks() == dict.fromkeys(LEARNERS, FULL)
    assert sorted(record.learner for record in Journal(course.course_dir / JOURNAL).records()) == sorted(LEARNERS)


def end_after(scheduler: int, worker: int, course: SmallCourse, records: int) -> None:
    """Ends the scheduler when so many marks are there; for none, when the worker is in its first job."""
    if records:
        wait_for_records(course, records)
    else:
        wait_for_kernel(worker)
    os.kill(scheduler, signal.SIGKILL)


@pytest.mark.parametrize("records", [0, 1, 2])
@pytest.mark.parametrize("what", ["kernel", "warm process"])
def test_a_kernel_or_a_warm_process_is_ended_and_every_mark_is_there_once(
    what: str, records: int, course: SmallCourse, tmp_path: Path
) -> None:
    for learner in LEARNERS:
        answer = "import time\ntime.sleep(2.5)\n\ndef double(values):\n    return [2 * v for v in values]"
        course.submit(learner, course.solution(double=answer))
    process = start("autograder.grade.journal:Journal:append:99", course, tmp_path)
    wait_for_records(course, records)
    end_one(process.pid, kernel=what == "kernel")
    assert process.wait(timeout=200) == 0
    assert course.marks() == dict.fromkeys(LEARNERS, FULL)
    assert sorted(record.learner for record in Journal(course.course_dir / JOURNAL).records()) == sorted(LEARNERS)


def end_one(coordinator: int, *, kernel: bool) -> None:
    """Ends the kernel that runs a submission now, or the warm process that it was forked from."""
    deadline_s = time.monotonic() + 120
    while time.monotonic() < deadline_s:
        warm, kernels = warm_and_kernels(coordinator)
        if kernels:
            time.sleep(0.6)  # the probe's fork has ended by now, and a kernel is in its cell
            if not psutil.pid_exists(kernels[0]):
                continue
            victim = kernels[0] if kernel else warm
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
            return
        time.sleep(0.02)
    raise AssertionError("no kernel was started")


def run_until(moment: str, course: SmallCourse, tmp_path: Path) -> int:
    return start(moment, course, tmp_path).wait(timeout=280)


def wait_for_records(course: SmallCourse, number: int) -> None:
    deadline_s = time.monotonic() + 120
    while len(list(Journal(course.course_dir / JOURNAL).records())) < number:
        assert time.monotonic() < deadline_s, "nothing was graded"
        time.sleep(0.1)


def start(moment: str, course: SmallCourse, tmp_path: Path, said: IO[str] | None = None) -> subprocess.Popen[bytes]:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    command = [sys.executable, str(program), str(course.course_dir), moment, str(course.tiny.folder)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said)


def wait_for_kernel(*pids: int) -> int:
    """Until a sandbox is among the descendants of one of the processes, and which one that is."""
    deadline_s = time.monotonic() + 120
    while time.monotonic() < deadline_s:
        for pid in pids:
            family = psutil.Process(pid).children(recursive=True)
            if any(is_kernel(process) for process in family):
                return pid
        time.sleep(0.1)
    raise AssertionError("no sandbox was started")


def end_worker(workers: tuple[int, ...]) -> None:
    """Ends a worker's process once it has a kernel, so that it has begun with the job."""
    os.kill(wait_for_kernel(*workers), signal.SIGKILL)


def job_for(notebook: dict[str, object], bundle: Bundle) -> Job:
    return Job(
        key="a-job",
        learner="ada",
        exercise=bundle.exercise,
        notebook=notebook,
        notebook_sha256="0" * 64,
        seed_hex="ab" * 32,
    )
