"""Carries jobs to workers with Dask and brings the results back, in the order in which they are done.

Jobs and results travel by value, as JSON text: no shared file system is assumed, and nothing that a learner wrote is
ever unpickled. Which cluster is used is decided by Dask's own configuration, or by an address.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

import dask
from distributed import Client, Future, KilledWorker, LocalCluster, as_completed

from autograder.errors import GradingError
from autograder.grade.models import Bundle, Job, Result
from autograder.grade.runner import run_job

AHEAD_PER_WORKER = 4  # jobs handed out beyond those that run, so that no worker waits and memory stays flat
TRIES = 2


@dataclass(frozen=True)
class Failed:
    """A job that gave no result in two tries: a fault of the infrastructure, never a mark."""

    job: Job
    error: Exception


@contextmanager
def connect(cluster: str, workers: int) -> Iterator[Client]:
    """A client of the cluster: "local", or a scheduler's address.

    Raises:
        GradingError: the scheduler cannot be reached.
    """
    # Workers start processes of their own, which a daemonic process may not.
    with dask.config.set({"distributed.worker.daemon": False, "distributed.comm.timeouts.connect": "10s"}):
        if cluster == "local":
            with (
                LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    memory_limit=None,
                    dashboard_address=None,
                    silence_logs=logging.ERROR,
                ) as local,
                Client(local) as client,
            ):
                yield client
            return
        try:
            client = Client(cluster)
        except (OSError, TimeoutError, ValueError) as error:
            raise GradingError(
                "The Dask scheduler cannot be reached.",
                where="--cluster",
                came=f"{cluster}: {error}",
                expected="local, or an address as tcp://host:8786",
                mend="start the scheduler, or grade with --cluster local",
            ) from error
        with client:
            yield client


def run_jobs(
    client: Client, jobs: Iterable[Job], bundles: Mapping[str, Bundle], workers: int
) -> Iterator[Result | Failed]:
    """The results as they come. A job that broke is tried once more; a worker that dies costs its job a try."""
    shared = {name: client.scatter(bundle.model_dump_json(), broadcast=False) for name, bundle in bundles.items()}
    waiting = iter(jobs)
    running: dict[Future[str], tuple[Job, int]] = {}
    done = as_completed()

    def submit(job: Job, attempt: int) -> None:
        text, shared_bundle = job.model_dump_json(), shared[job.exercise]
        future = client.submit(_work, text, shared_bundle, key=f"{job.key}-{attempt}", pure=False, retries=0)
        running[future] = (job, attempt)
        done.add(future)

    for job, _ in zip(waiting, range(workers * (1 + AHEAD_PER_WORKER)), strict=False):
        submit(job, 1)
    for future in done:
        job, attempt = running.pop(future)
        try:
            yield Result.model_validate_json(future.result())
        except (GradingError, KilledWorker, OSError, ValueError) as error:
            if attempt < TRIES:
                submit(job, attempt + 1)
                continue
            yield Failed(job, error)
        if (following := next(waiting, None)) is not None:
            submit(following, 1)


def _work(job_json: str, bundle_json: str) -> str:
    """What a worker does."""
    return run_job(Job.model_validate_json(job_json), _bundle(bundle_json)).model_dump_json()


@lru_cache(maxsize=64)
def _bundle(bundle_json: str) -> Bundle:
    return Bundle.model_validate_json(bundle_json)
