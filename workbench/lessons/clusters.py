"""`wb.cluster`: a Dask client of workers on this machine, on Slurm, behind a gateway, or of a scheduler's address.

Dask's own configuration decides, so that the cells stay the same: the key `workbench.cluster`, which the environment
sets as DASK_WORKBENCH__CLUSTER=local|slurm|gateway|tcp://host:8786.
"""

import logging
import os
import resource
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, nullcontext
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Any

from workbench.lessons import dashboards
from workbench.lessons.shown import LessonError

if TYPE_CHECKING:
    from distributed import Client

KIND, WORKERS, TIMEOUT = "workbench.cluster", "workbench.workers", "workbench.timeout-s"
KINDS = "local, slurm, gateway, or a scheduler's address as tcp://host:8786"
MOST_WORKERS = 1024
_MEMORY_SHARE = 0.75  # of the machine's memory, for all workers together
_VARIABLE = "DASK_WORKBENCH__CLUSTER"


class ClusterError(LessonError):
    """There is no Dask cluster, or it was lost; the notebook's kernel is not touched."""


def cluster(n_workers: int | None = None) -> "Cluster":
    """A Dask cluster: `with wb.cluster() as client: …`. What was started is ended with it.

    Without configuration: worker processes on this machine, of one thread each; their dashboard where a hub passes it
    on.

    Args:
        n_workers: how many; default 2, or Dask's configuration `workbench.workers`. A cluster that is only connected
            to, by its scheduler's address, keeps the workers that it has.

    Raises:
        ClusterError: on entering, where no cluster can be had; inside, where it was lost.
    """
    if n_workers is not None and (type(n_workers) is not int or not 1 <= n_workers <= MOST_WORKERS):
        expected = f"a whole number from 1 to {MOST_WORKERS}"
        raise ClusterError("This is no number of workers.", "wb.cluster", repr(n_workers), expected)
    return Cluster(n_workers)


class Cluster:
    """What `wb.cluster()` gives. For one that lasts over several cells: `client = cluster.start()`, at the end
    `cluster.close()`.

    Attributes:
        kind: local, slurm, gateway or the address; "" before it starts.
    """

    def __init__(self, n_workers: int | None) -> None:
        self.kind = ""
        self._n_workers, self._stack = n_workers, ExitStack()
        self._client: Client | None = None

    def start(self) -> "Client":
        """Starts the cluster, or connects to it, and waits for its workers.

        Raises:
            ClusterError: says what is missing and what to do.
        """
        dask = _library("dask", "dask[distributed]")
        _library("distributed", "dask[distributed]")
        self.kind = str(dask.config.get(KIND, "local"))
        workers = self._n_workers or int(dask.config.get(WORKERS, 2))
        timeout_s = float(dask.config.get(TIMEOUT, 60 if self.kind == "local" else 300))
        ready, start = _starter(self.kind, workers)
        try:
            self._client = start(self._stack, workers, timeout_s)
            self._client.wait_for_workers(ready, timeout=timeout_s)
        except ClusterError:
            self.close()
            raise
        except Exception as error:
            self.close()
            raise _not_started(self.kind, workers, timeout_s, error) from error
        return self._client

    def close(self) -> None:
        """Ends what was started; does nothing the second time."""
        self._client = None
        self._stack.close()

    def __enter__(self) -> "Client":
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        lost = isinstance(error, Exception) and self._is_loss(error)
        try:
            # What a client says while it is closed without its scheduler helps nobody.
            with _quiet("distributed.client") if lost else nullcontext():
                self.close()
        except (OSError, TimeoutError, RuntimeError):
            if not lost:
                raise
        if lost:
            assert isinstance(error, Exception)
            raise _lost(self.kind, error) from error

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise ClusterError(
            "This is a cluster that has not been entered, not a client.",
            where=f"wb.cluster().{name}",
            mend="write `with wb.cluster() as client:` and use the client, or take it from `.start()`",
        )

    def _is_loss(self, error: Exception) -> bool:
        """Whether the cluster failed, and not what was computed on it."""
        from distributed import KilledWorker
        from distributed.comm.core import CommClosedError

        if isinstance(error, (KilledWorker, CommClosedError, CancelledError)):
            return True
        return (
            isinstance(error, (OSError, TimeoutError)) and self._client is not None and self._client.status != "running"
        )


Starter = Callable[[ExitStack, int, float], Any]


def _starter(kind: str, workers: int) -> tuple[int, Starter]:
    """How many workers have to be there before anything is computed, and what brings the client."""
    if kind == "local":
        return workers, _local
    if kind == "slurm":
        return 1, _slurm  # jobs wait in a queue: the first worker is enough to begin with
    if kind == "gateway":
        return 1, _gateway
    if "://" in kind:
        return 1, lambda stack, _workers, timeout_s: _connected(stack, kind, timeout_s)
    where = f"Dask's configuration {KIND} (environment variable {_VARIABLE})"
    raise ClusterError("This kind of cluster is unknown.", where, repr(kind), KINDS)


def _local(stack: ExitStack, workers: int, timeout_s: float) -> Any:
    from distributed import LocalCluster

    scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="dask-", ignore_cleanup_errors=True))
    made = LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        host="127.0.0.1",
        # None would still serve pages, on a port that others use too.
        dashboard_address="127.0.0.1:0",
        scheduler_kwargs={"dashboard": dashboards.is_wanted()},
        memory_limit=memory_per_worker_bytes(workers),
        # On a hub, others share this machine's loopback: only who holds the keys that are made here is let in.
        security=True if "JUPYTERHUB_USER" in os.environ else None,
        local_directory=scratch,
        silence_logs=logging.CRITICAL,  # what matters comes as a ClusterError
    )
    stack.enter_context(made)
    if dashboards.is_wanted():
        dashboards.move_to_socket(stack, made)
    return _connected(stack, made, timeout_s)


def _slurm(stack: ExitStack, workers: int, timeout_s: float) -> Any:
    library = _library("dask_jobqueue", "dask-jobqueue")
    made = stack.enter_context(library.SLURMCluster())
    made.scale(workers)
    return _connected(stack, made, timeout_s)


def _gateway(stack: ExitStack, workers: int, _timeout_s: float) -> Any:
    library = _library("dask_gateway", "dask-gateway")
    made = stack.enter_context(stack.enter_context(library.Gateway()).new_cluster())
    made.scale(workers)
    return stack.enter_context(made.get_client())


def _connected(stack: ExitStack, to: Any, timeout_s: float) -> Any:
    from distributed import Client

    return stack.enter_context(Client(to, timeout=timeout_s))


def memory_per_worker_bytes(workers: int) -> int:
    """An equal share of three quarters of the memory that this process may use: the machine's, its cgroup's, its own
    limit, and what a hub gives its server (MEM_LIMIT)."""
    from distributed.system import MEMORY_LIMIT

    own, _ = resource.getrlimit(resource.RLIMIT_AS)
    allowed = MEMORY_LIMIT if own == resource.RLIM_INFINITY else min(MEMORY_LIMIT, own)
    given = os.environ.get("MEM_LIMIT", "")
    allowed = min(allowed, int(given)) if given.isdigit() else allowed
    return int(allowed * _MEMORY_SHARE / workers)


@contextmanager
def _quiet(logger: str) -> Iterator[None]:
    log = logging.getLogger(logger)
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


def _library(module: str, package: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        mend = f"pip install '{package}', or unset {_VARIABLE} for workers on this machine"
        raise ClusterError("A library is missing.", f"import {module}", came=str(error), mend=mend) from None


def _not_started(kind: str, workers: int, timeout_s: float, error: Exception) -> ClusterError:
    came = f"{type(error).__name__}: {error}"[:500]
    mends = {
        "local": f"free memory and processes on this machine (asked for {workers} workers), or ask for fewer",
        "slurm": "run it where sbatch works, and give cores, memory, walltime in Dask's configuration jobqueue.slurm",
        "gateway": "set the gateway's address and sign-in in Dask's configuration `gateway`; is it running?",
    }
    address = f"is a scheduler with workers running at {kind}? Start one with `dask scheduler` and `dask worker {kind}`"
    otherwise = "" if kind == "local" else f"; or unset {_VARIABLE} for workers on this machine"
    mend = mends.get(kind, address) + otherwise
    return ClusterError(
        "No Dask cluster could be had.", f"wb.cluster(), {kind}", came, f"workers within {timeout_s:g} s", mend
    )


def _lost(kind: str, error: Exception) -> ClusterError:
    from distributed import KilledWorker

    first_sentence = str(error).split(". ")[0]
    where, came = f"with wb.cluster(), {kind}", f"{type(error).__name__}: {first_sentence}"[:500]
    if isinstance(error, KilledWorker):
        mend = (
            "one task needs more memory than a worker has, or crashes it: make its piece smaller "
            "(more partitions, smaller chunks), then run the cell again"
        )
        return ClusterError(
            "The same task ended one worker after the other, and Dask gave it up.", where, came, mend=mend
        )
    mend = "run the cell again: it makes a new cluster. Your notebook and its variables are still there"
    if kind not in ("local", "slurm", "gateway"):
        mend = (
            f"start the scheduler at {kind} again, then run the cell again; your notebook's variables are still there"
        )
    return ClusterError("The Dask cluster was lost while it worked.", where, came, mend=mend)
