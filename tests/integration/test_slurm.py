"""The small course is graded by workers that are Slurm jobs, in a Slurm of the tests' own."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dask
import dask_jobqueue  # noqa: F401 - adds its defaults to Dask's configuration, before the tests change it
import pytest

from autograder.errors import GradingError
from autograder.grade.clusters import connect
from autograder.grade.cohort import JOURNAL
from autograder.grade.dispatch import run_jobs
from autograder.grade.journal import Journal
from autograder.grade.models import Result
from autograder.grade.slurm import SlurmWorkers
from tests.integration.cohort_course import SmallCourse, make_course
from tests.integration.dask_here import BUNDLES, empty_result, jobs
from tests.integration.slurm_here import Slurm, slurm_here

pytestmark = [pytest.mark.needs_slurm, pytest.mark.needs_sandbox]

ROOT = Path(__file__).parents[2]
LEARNERS = ("ada", "bob", "cyd", "dan")
# A coordinator that holds a worker and does nothing.
PROGRAM = """\
import time
from autograder.grade.clusters import connect

with connect("slurm", 1) as workers:
    workers.client.wait_for_workers(1)
    print("a worker is there", flush=True)
    time.sleep(600)
"""
WRONG = "def double(values):\n    return [4 for value in values]"
SLOW = "import time\ntime.sleep(2)\n\ndef double(values):\n    return [2 * v for v in values]"
FULL = {"part-double": 3.0, "part-count": 2.0, "written-reason": 0.0}


@pytest.fixture(scope="module")
def slurm() -> Iterator[Slurm]:
    with slurm_here() as made, pytest.MonkeyPatch.context() as patch:
        for name, value in made.environment.items():
            patch.setenv(name, value)
        yield made


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> SmallCourse:
    return make_course(tmp_path_factory.mktemp("project"))


@pytest.fixture
def course(built: SmallCourse, tmp_path: Path) -> SmallCourse:
    return built.copy(tmp_path / "build")


@contextmanager
def configured(slurm: Slurm, **options: Any) -> Iterator[None]:
    """What an operator writes into jobqueue.yaml; here, everything stays on loopback."""
    options = {"interface": "lo", "memory": "2 GiB", "log-directory": str(slurm.folder / "logs")} | options
    with dask.config.set({f"jobqueue.slurm.{name}": value for name, value in options.items()}):
        yield


def test_slurm_and_this_machine_come_to_the_same_marks(course: SmallCourse, slurm: Slurm, tmp_path: Path) -> None:
    course.submit("ada", course.solution())
    course.submit("bob", course.solution(double=WRONG))
    course.submit("cyd", course.released())
    here = course.copy(tmp_path / "here")
    with configured(slurm):
        there = course.grade(cluster="slurm")
    assert (there.graded, there.not_graded, there.problems) == (3, [], [])
    here.grade()
    assert course.marks() == here.marks()
    assert course.marks()["ada"] == FULL
    assert parts_of(course) == parts_of(here)
    assert slurm.jobs() == []


def test_a_job_that_is_cancelled_in_the_middle_costs_no_mark(course: SmallCourse, slurm: Slurm) -> None:
    """The only one, so that another has to be asked for."""
    for learner in LEARNERS:
        course.submit(learner, course.solution(double=SLOW))
    cancelling = threading.Thread(target=cancel_after_first_record, args=(course, slurm))
    with configured(slurm), dask.config.set({"distributed.deploy.lost-worker-timeout": "1s"}):
        cancelling.start()
        summary = course.grade(cluster="slurm", workers=1)
        cancelling.join()
    assert (summary.not_graded, summary.problems) == ([], [])
    assert course.marks() == dict.fromkeys(LEARNERS, FULL)
    records = Journal(course.course_dir / JOURNAL).records()
    assert sorted(record.learner for record in records) == sorted(LEARNERS)


def test_a_job_that_slurm_rejects_is_told_in_its_words(slurm: Slurm) -> None:
    with (
        configured(slurm, queue="nowhere"),
        pytest.raises(GradingError, match="Slurm rejected the workers' jobs") as refusal,
        connect("slurm", 2) as workers,
    ):
        list(run_jobs(workers, jobs("ada"), BUNDLES, work=empty_result))
    assert "invalid partition specified: nowhere" in refusal.value.came
    assert "jobqueue.slurm" in refusal.value.mend


def test_jobs_that_do_not_start_in_time_are_told_with_slurms_reason(slurm: Slurm) -> None:
    with (
        configured(slurm, **{"job-extra-directives": ["--begin=now+1hour"]}),
        dask.config.set({"autograder.workers-timeout": "3s"}),
        pytest.raises(GradingError, match="No worker came within 3 s") as refusal,
        connect("slurm", 1) as workers,
    ):
        list(run_jobs(workers, jobs("ada"), BUNDLES, work=empty_result))
    assert "PENDING, BeginTime" in refusal.value.came
    assert slurm.jobs("PENDING") == []


def test_a_machine_without_sbatch_is_told(slurm: Slurm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with (
        configured(slurm),
        pytest.raises(GradingError, match="rejected") as refusal,
        connect("slurm", 1) as workers,
    ):
        list(run_jobs(workers, jobs("ada"), BUNDLES, work=empty_result))
    assert "sbatch" in refusal.value.came


def test_the_workers_key_travels_within_the_job_and_in_no_file_that_others_can_read(
    slurm: Slurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # for `empty_result`
    with configured(slurm), connect("slurm", 1) as workers:
        assert isinstance(workers, SlurmWorkers)
        assert workers.client.scheduler.address.startswith("tls://127.0.0.1:")
        (outcome,) = run_jobs(workers, jobs("ada"), BUNDLES, probe=False, work=empty_result)
        assert isinstance(outcome, Result)
        told = slurm.ask("scontrol", "show", "job", *slurm.jobs()) + slurm.ask("ps", "-eo", "args")
        with workers.cluster._dummy_job.job_file() as script:
            assert "PRIVATE KEY" in Path(script).read_text()
            assert Path(script).stat().st_mode & 0o077 == 0
    assert "PRIVATE KEY" not in told
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_jobs_end_with_a_coordinator_that_was_killed(slurm: Slurm, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "DASK_JOBQUEUE__SLURM__INTERFACE": "lo",
        "DASK_JOBQUEUE__SLURM__LOG_DIRECTORY": str(slurm.folder / "logs"),
    }
    with subprocess.Popen(
        [sys.executable, str(program)], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "a worker is there\n"
        process.kill()
    deadline_s = time.monotonic() + 60
    while slurm.ask("squeue", "--noheader"):
        assert time.monotonic() < deadline_s, "the job runs on"
        time.sleep(0.2)


def cancel_after_first_record(course: SmallCourse, slurm: Slurm) -> None:
    deadline_s = time.monotonic() + 120
    while time.monotonic() < deadline_s and not list(Journal(course.course_dir / JOURNAL).records()):
        time.sleep(0.1)
    slurm.ask("scancel", *slurm.jobs())


def parts_of(course: SmallCourse) -> dict[str, Any]:
    latest = Journal(course.course_dir / JOURNAL).latest().values()
    return {record.learner: [part.model_dump() for part in record.result.parts] for record in latest}
