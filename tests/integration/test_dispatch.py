"""Jobs reach workers that differ, die and come late; each comes back once. The jobs are empty."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import dask
import pytest

from autograder.errors import GradingError
from autograder.grade import dispatch
from autograder.grade.clusters import Workers, connect
from autograder.grade.dispatch import Failed, run_jobs
from autograder.grade.models import Bundle, Job, Result
from tests.integration.dask_here import (
    BUNDLES,
    NO_KIT,
    OTHER_PANDAS,
    empty_result,
    jobs,
    scheduler,
    worker,
)

LEARNERS = ("ada", "bob", "cyd", "dan", "eva", "fay")


@pytest.fixture
def address() -> Iterator[str]:
    with scheduler() as made:
        yield made


def deadly_for_cyd(job: Job, bundle: Bundle) -> Result:
    if job.learner == "cyd":
        os.kill(os.getpid(), signal.SIGKILL)
    return empty_result(job, bundle)


def broken_for_cyd(job: Job, bundle: Bundle) -> Result:
    if job.learner == "cyd":
        raise RuntimeError("no space left")
    return empty_result(job, bundle)


def slow(job: Job, bundle: Bundle) -> Result:
    time.sleep(0.5)
    return empty_result(job, bundle)


def of_another(job: Job, bundle: Bundle) -> Result:
    return empty_result(job.model_copy(update={"learner": "mallory"}), bundle)


def outcomes(workers: Workers, work: Callable[[Job, Bundle], Result], *learners: str) -> list[Any]:
    return list(run_jobs(workers, jobs(*learners or LEARNERS), BUNDLES, probe=False, work=work))


def results_of(found: list[Any]) -> list[str]:
    return sorted(outcome.learner for outcome in found if isinstance(outcome, Result))


def failures_of(found: list[Any]) -> dict[str, str]:
    return {outcome.job.learner: str(outcome.error) for outcome in found if isinstance(outcome, Failed)}


def test_a_submission_that_ends_its_workers_is_named_and_costs_no_other_job_anything(address: str) -> None:
    """There, Dask itself would try it on four."""
    with ExitStack() as stack:
        pids = [stack.enter_context(worker(address)) for _ in range(3)]
        workers = stack.enter_context(connect(address))
        found = outcomes(workers, deadly_for_cyd)
        alive = [pid for pid in pids if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None]
    assert results_of(found) == ["ada", "bob", "dan", "eva", "fay"]
    failures = failures_of(found)
    assert set(failures) == {"cyd"}
    assert "The worker ended while it graded this submission" in failures["cyd"]
    assert len(alive) == 1


def test_a_job_that_breaks_twice_is_reported_with_its_error() -> None:
    with connect("local", 1) as workers:
        found = outcomes(workers, broken_for_cyd)
        others = outcomes(workers, of_another, "ada")
    assert failures_of(found) == {"cyd": "no space left"}
    assert len(results_of(found)) == 5
    assert "the result of another job" in failures_of(others)["ada"]


def test_a_worker_with_another_version_gets_no_job_and_is_told_with_both_versions(address: str) -> None:
    with worker(address, OTHER_PANDAS) as other, worker(address) as pid, connect(address) as workers:
        workers.client.wait_for_workers(2, timeout=60)  # else one may have done everything before the other came
        found = outcomes(workers, empty_result)
    assert results_of(found) == list(LEARNERS)
    assert {outcome.worker for outcome in found} <= {str(pid)} and other != pid
    (sentence,) = workers.refused
    assert "pandas 1.0.0 there, " in sentence and " here" in sentence


def test_a_run_whose_only_worker_has_another_version_is_refused_with_both_versions(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "OTHERS_WITHIN_S", 1.0)
    with worker(address, OTHER_PANDAS), connect(address) as workers:
        with pytest.raises(GradingError, match="No worker may grade") as refusal:
            outcomes(workers, empty_result)
        assert "pandas 1.0.0 there, " in refusal.value.came


def test_a_worker_without_the_kit_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "OTHERS_WITHIN_S", 1.0)
    with worker(address, NO_KIT), connect(address) as workers:
        with pytest.raises(GradingError, match="No worker may grade") as refusal:
            outcomes(workers, empty_result)
        assert "autograder" in refusal.value.came


@pytest.mark.slow
def test_a_worker_that_comes_late_is_checked_and_helps(address: str) -> None:
    found: list[Any] = []
    with worker(address) as first, connect(address, workers=3) as workers:
        thread = threading.Thread(target=lambda: found.extend(outcomes(workers, slow, *map(str, range(40)))))
        thread.start()
        with worker(address) as second, worker(address, OTHER_PANDAS):
            thread.join(timeout=120)
    assert len(results_of(found)) == 40
    assert {outcome.worker for outcome in found} == {str(first), str(second)}
    assert "pandas 1.0.0 there" in "".join(workers.refused)


@pytest.mark.slow
def test_a_worker_that_leaves_in_the_middle_loses_no_job(address: str) -> None:
    with worker(address), worker(address, threads=2) as leaving, connect(address, workers=3) as workers:
        threading.Timer(10, os.kill, (leaving, signal.SIGKILL)).start()
        found = outcomes(workers, slow, *map(str, range(60)))
    assert len(results_of(found)) == 60
    assert len({outcome.worker for outcome in found}) == 2


def test_no_more_jobs_are_given_out_than_workers_were_asked_for(address: str) -> None:
    with worker(address, threads=4), connect(address, workers=1) as workers:
        start_s = time.monotonic()
        assert len(results_of(outcomes(workers, slow))) == 6
    assert time.monotonic() - start_s >= 6 * 0.5


def test_where_no_worker_comes_the_run_ends_in_the_time_that_is_set(address: str) -> None:
    with (
        dask.config.set({"autograder.workers-timeout": "2s"}),
        connect(address) as workers,
        pytest.raises(GradingError, match="No worker came within 2 s") as refusal,
    ):
        outcomes(workers, empty_result)
    assert "autograder.workers-timeout" in refusal.value.mend


def test_a_scheduler_that_ends_in_the_middle_ends_the_run() -> None:
    with ExitStack() as stack:
        inner = stack.enter_context(ExitStack())
        address = inner.enter_context(scheduler())
        stack.enter_context(worker(address))
        workers = stack.enter_context(connect(address))
        threading.Timer(6, inner.close).start()
        with pytest.raises(GradingError, match="connection to the Dask scheduler was lost"):
            outcomes(workers, slow, *map(str, range(40)))


def test_a_scheduler_that_is_not_there_is_named() -> None:
    with pytest.raises(GradingError, match="cannot be reached") as refusal, connect("tcp://127.0.0.1:9"):
        pass
    assert "tcp://127.0.0.1:9" in refusal.value.where


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(GradingError, match="unknown") as refusal, connect("kubernetes"):
        pass
    assert "slurm, gateway" in refusal.value.expected


@pytest.mark.parametrize(("kind", "package"), [("slurm", "dask_jobqueue"), ("gateway", "dask_gateway")])
def test_a_package_that_is_missing_is_named(kind: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(GradingError, match="not installed") as refusal, connect(kind):
        pass
    assert package in refusal.value.where


def test_the_kind_and_the_time_come_from_dasks_configuration() -> None:
    with (
        dask.config.set({"autograder.cluster": "nowhere"}),
        pytest.raises(GradingError, match="unknown"),
        connect(None),
    ):
        pass
    with (
        dask.config.set({"autograder.workers-timeout": "soon"}),
        connect("local", 1) as workers,
        pytest.raises(GradingError, match="no time"),
    ):
        outcomes(workers, empty_result)
