"""Carries jobs to workers with Dask and brings the results back, in the order in which they are done.

Jobs and results travel by value, as JSON text: no shared file system is assumed, and nothing that a learner wrote is
ever unpickled. Which cluster is used is decided by Dask's own configuration, or by an address.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice

import dask
from dask.system import CPU_COUNT
from distributed import Client, Future, KilledWorker, LocalCluster, as_completed

from autograder.errors import GradingError, KitError
from autograder.grade.models import Bundle, Job, Result
from autograder.grade.runner import run_job
from autograder.sandbox.probe import require_sandbox

AHEAD_PER_WORKER = 4  # jobs handed out beyond those that run, so that no worker waits and memory stays flat
TRIES = 2
CONNECT_TIMEOUT_S = 10


@dataclass(frozen=True)
class Failed:
    """A job that gave no result in two tries: a fault of the infrastructure, never a mark."""

    job: Job
    error: Exception


@dataclass(frozen=True)
class Workers:
    """A connected cluster. `here`: its workers run on this machine, whose sandbox the coordinator has probed."""

    client: Client
    count: int
    here: bool


@contextmanager
def connect(cluster: str, workers: int | None = None, most: int | None = None) -> Iterator[Workers]:
    """The workers of a cluster: "local", or a scheduler's address.

    Args:
        workers: how many to start, or to count with; None for one per core, or for those that are there.
        most: no more than there are jobs.

    Raises:
        GradingError: the scheduler cannot be reached.
    """
    settings = {
        "distributed.worker.daemon": False,  # workers start processes of their own, which a daemonic one may not
        "distributed.scheduler.allowed-failures": 1,  # workers that one job may end before it counts as broken
        "distributed.comm.timeouts.connect": f"{CONNECT_TIMEOUT_S}s",
    }
    with dask.config.set(settings):
        if cluster == "local":
            count = max(1, min(workers or CPU_COUNT, most or CPU_COUNT))
            with (
                LocalCluster(
                    n_workers=count,
                    threads_per_worker=1,
                    memory_limit=None,
                    # Whoever else can reach this machine's loopback must not hand work to the workers.
                    protocol="tls://",
                    security=True,
                    # No dashboard; the pages about the scheduler's health cannot be had without.
                    scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
                    silence_logs=logging.CRITICAL,
                ) as local,
                Client(local) as client,
            ):
                yield Workers(client, count, here=True)
            return
        try:
            client = Client(cluster, timeout=CONNECT_TIMEOUT_S)
        except (OSError, TimeoutError, ValueError) as error:
            raise GradingError(
                "The Dask scheduler cannot be reached.",
                where="--cluster",
                came=f"{cluster}: {error}",
                expected="local, or an address as tcp://host:8786",
                mend="start the scheduler, or grade with --cluster local",
            ) from error
        with client:
            yield Workers(client, workers or max(1, len(client.nthreads())), here=False)


def run_jobs(workers: Workers, jobs: Iterable[Job], bundles: Mapping[str, Bundle]) -> Iterator[Result | Failed]:
    """The results as they come. A job that broke is tried once more; a worker that dies costs its job a try.

    Raises:
        SandboxError: a worker cannot run strangers' code safely.
    """
    client = workers.client
    # Tasks, not scattered data: what a worker takes with it when it dies is made again.
    shared = {name: client.submit(str, bundle.model_dump_json(), pure=False) for name, bundle in bundles.items()}
    waiting = iter(jobs)
    running: dict[Future[str], tuple[Job, int]] = {}
    done = as_completed()

    def submit(job: Job, attempt: int) -> None:
        text, key = job.model_dump_json(), f"{job.key}-{attempt}"
        future = client.submit(_work, text, shared[job.exercise], not workers.here, key=key, pure=False, retries=0)
        running[future] = (job, attempt)
        done.add(future)

    for job in islice(waiting, workers.count * (1 + AHEAD_PER_WORKER)):
        submit(job, 1)
    for future in done:
        job, attempt = running.pop(future)
        try:
            yield _result(future.result(), job, bundles[job.exercise])
        except (KitError, KilledWorker, CancelledError, OSError, ValueError) as error:
            if attempt < TRIES:
                submit(job, attempt + 1)
                continue
            yield Failed(job, error)
        if (following := next(waiting, None)) is not None:
            submit(following, 1)


def _result(text: str, job: Job, bundle: Bundle) -> Result:
    """The result, once it is about this job and its points are those of the exercise."""
    result = Result.model_validate_json(text)
    expected = (job.key, job.learner, job.exercise, [(part.name, part.max_points) for part in bundle.parts])
    came = (result.key, result.learner, result.exercise, [(part.name, part.max_points) for part in result.parts])
    if came != expected:
        raise GradingError("A worker sent the result of another job.", came=str(came), expected=str(expected))
    return result


def _work(job_json: str, bundle_json: str, probe: bool) -> str:
    """What a worker does. `probe`: prove first that the sandbox holds on its machine."""
    job = Job.model_validate_json(job_json)
    if probe and not job.trust_learners:
        _probe_once()
    return run_job(job, _bundle(bundle_json)).model_dump_json()


@cache
def _probe_once() -> None:
    require_sandbox()


@lru_cache(maxsize=64)
def _bundle(bundle_json: str) -> Bundle:
    return Bundle.model_validate_json(bundle_json)
