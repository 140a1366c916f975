"""Where the workers are: on this machine, in Slurm, behind a dask-gateway, or with a scheduler that has an address.

Dask's own configuration decides about everything but the kind: `jobqueue.slurm` and `gateway` are theirs. The grader's
keys: `autograder.cluster` (a kind, where none is given), `autograder.workers`, `autograder.workers-timeout`.
"""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import dask
from dask.system import CPU_COUNT
from dask.utils import parse_timedelta
from distributed import Client, LocalCluster

from autograder.errors import GradingError
from autograder.grade.kind import cluster_kind
from autograder.grade.runner import end_jobs, grader_versions
from autograder.grade.worker import differences

KINDS = "local, slurm, gateway, or an address as tls://host:8786"
WORKERS_ELSEWHERE = 4  # to ask for, where nobody says how many
WORKERS_TIMEOUT = "300s"
# The pages about the scheduler's health cannot be had without.
NO_DASHBOARD = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
CONNECT_TIMEOUT_S = 10
AHEAD = 3
# What a scheduler must share with the coordinator: it reads what passes through it.
SCHEDULERS_PACKAGES = ("ai-factory-course-kit", "dask")
SETTINGS = {
    "distributed.worker.daemon": False,  # workers start processes of their own, which a daemonic one may not
    # A job is pinned to its worker: where that ends, the coordinator decides what becomes of the job.
    "distributed.scheduler.allowed-failures": 0,
    "distributed.admin.large-graph-warning-threshold": "1 GiB",  # the exercises travel to each worker in one piece
    # What Dask remembers of tasks that are done, for its own developers: with 1,000, 30 MiB of the coordinator.
    "distributed.admin.low-level-log-length": 100,
    "distributed.comm.timeouts.connect": f"{CONNECT_TIMEOUT_S}s",
}


@dataclass
class Workers:
    """A connected cluster.

    Attributes:
        most: jobs given out at once.
        kind: as it was asked for.
        here: its workers run on this machine, whose sandbox the coordinator has probed.
        ahead: jobs given to each thread beside the one it does, so that it never waits; 0 where a worker may end, since
            it has to be known which job ended it.
        refused: sentences about workers that must not grade.
    """

    client: Client
    most: int
    kind: str = "local"
    here: bool = False
    ahead: int = 0
    refused: list[str] = field(default_factory=list)

    def present(self) -> dict[str, int]:
        """The threads of each worker that takes jobs, by its address; 0 for one that takes none now.

        Raises:
            GradingError: the scheduler was lost.
        """
        workers = self.client.scheduler_info(n_workers=-1)["workers"]
        if self.client.status != "running":
            raise self.lost()
        return {
            address: worker["nthreads"] if worker["status"] == "running" else 0 for address, worker in workers.items()
        }

    def lost(self) -> GradingError:
        return GradingError(
            "The connection to the Dask scheduler was lost.",
            where=f"--cluster {self.kind}",
            mend="grade again: what was graded until now is kept",
        )

    def refill(self) -> None:
        """Asks for new workers in the place of lost ones, where the cluster does not by itself."""

    def require_hope(self) -> None:
        """Raises a GradingError where the cluster has said that no worker will come."""

    def awaited(self) -> str:
        """What the cluster says of workers that have not come."""
        return ""


@contextmanager
def connect(cluster: str | None, workers: int | None = None, most: int | None = None) -> Iterator[Workers]:
    """The workers of a cluster, which is ended afterwards if it was started here. They may come later than this.

    Args:
        cluster: "local", "slurm", "gateway" or a scheduler's address; None for what Dask's configuration says.
        workers: how many jobs at once. None for one more than this machine has cores, for `autograder.workers` in
            Slurm and behind a gateway, for one per thread of the workers that an address has.
        most: no more than there are jobs.

    Raises:
        GradingError: the cluster cannot be had or reached.
    """
    kind = cluster_kind(cluster)
    with dask.config.set(SETTINGS), _starter(kind)(kind, workers, most) as connected:
        if not connected.here:
            _require_alike(connected)
        yield connected


def workers_timeout_s() -> float:
    """How long to wait for a first worker, or for another when all are lost."""
    value = dask.config.get("autograder.workers-timeout", WORKERS_TIMEOUT)
    try:
        return float(parse_timedelta(value, default="s"))
    except (KeyError, TypeError, ValueError) as error:
        where = "Dask's configuration autograder.workers-timeout"
        raise GradingError("This is no time.", where, repr(value), "as 300s or 10 minutes") from error


def library(module: str) -> Any:
    """A package of the extra `clusters`, imported.

    Raises:
        GradingError: it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise GradingError(
            "A package for this kind of cluster is not installed.",
            where=f"import {module}",
            came=str(error),
            mend=f"pip install {module.replace('_', '-')} in the version of requirements.lock",
        ) from error


def count_elsewhere(workers: int | None, most: int | None) -> int:
    asked = workers or int(dask.config.get("autograder.workers", WORKERS_ELSEWHERE))
    return max(1, min(asked, most or asked))


Starter = Callable[[str, int | None, int | None], AbstractContextManager[Workers]]


def _starter(kind: str) -> Starter:
    if kind == "slurm":
        from autograder.grade.slurm import slurm_workers

        return slurm_workers
    if kind in ("local", "gateway"):
        return {"local": _local, "gateway": _gateway}[kind]
    if "://" in kind:
        return _address
    raise GradingError("This kind of cluster is unknown.", where="--cluster", came=kind, expected=KINDS)


@contextmanager
def _local(kind: str, workers: int | None, most: int | None) -> Iterator[Workers]:
    """Threads of this process: they only wait for the processes in which submissions are graded."""
    count = workers or CPU_COUNT + 1  # one computes while another waits for its kernel
    count = max(1, min(count, most or count))
    with (
        LocalCluster(
            n_workers=1,
            threads_per_worker=count,
            processes=False,
            memory_limit=None,
            scheduler_kwargs=NO_DASHBOARD,
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster) as client,
    ):
        try:
            yield Workers(client, count * (1 + AHEAD), kind, here=True, ahead=AHEAD)
        finally:
            end_jobs()  # after an interrupt, nothing of them runs on


@contextmanager
def _address(kind: str, workers: int | None, most: int | None) -> Iterator[Workers]:
    try:
        client = Client(kind, timeout=CONNECT_TIMEOUT_S)
    except (OSError, TimeoutError, ValueError, TypeError, RuntimeError) as error:
        raise GradingError(
            "The Dask scheduler cannot be reached.",
            where=f"--cluster {kind}",
            came=str(error),
            expected=KINDS,
            mend="start the scheduler; for tls://, give the certificates in Dask's configuration distributed.comm.tls; "
            "or grade with --cluster local",
        ) from error
    with client:
        yield Workers(client, workers or sys.maxsize, kind)


@contextmanager
def _gateway(kind: str, workers: int | None, most: int | None) -> Iterator[Workers]:
    gateways, aiohttp = library("dask_gateway"), library("aiohttp")
    count = count_elsewhere(workers, most)
    try:
        cluster = gateways.GatewayCluster()
    except (
        OSError,
        ValueError,
        aiohttp.ClientError,
        gateways.GatewayClusterError,
        gateways.client.GatewayServerError,
    ) as error:
        raise GradingError(
            "The gateway gave no cluster.",
            where=f"--cluster gateway; gateway.address is {dask.config.get('gateway.address', None)}",
            came=f"{type(error).__name__}: {error}",
            expected="a dask-gateway that lets you in and starts a scheduler",
            mend="see gateway.address, gateway.auth and gateway.cluster.options in Dask's configuration",
        ) from error
    try:
        with cluster:
            cluster.scale(count)
            with cluster.get_client() as client:
                yield Workers(client, count, kind)
    finally:
        del cluster.gateway._loop_runner  # with it, its __del__ asks for the loop, which has ended, and complains


def _require_alike(workers: Workers) -> None:
    """A scheduler elsewhere reads the jobs as they pass."""
    versions = {name: version for name, version in grader_versions().items() if name in SCHEDULERS_PACKAGES}
    try:
        differing = workers.client.run_on_scheduler(differences, versions)
    except ImportError as error:
        differing = str(error)
    if differing:
        raise GradingError(
            "The Dask scheduler runs with other packages than this machine.",
            where=f"--cluster {workers.kind}",
            came=differing,
            mend="install there what requirements.lock pins, and the kit",
        )
