"""Workers that are Slurm jobs, by dask-jobqueue: one worker per job, as Dask's configuration `jobqueue.slurm` says."""

import contextlib
import logging
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from shlex import quote
from typing import Any

import dask
from distributed import Client, Security
from distributed.core import Status

from autograder.errors import GradingError
from autograder.grade.clusters import NO_DASHBOARD, Workers, count_elsewhere, library

# Where `jobqueue.slurm` does not say.
CORES = 1
MEMORY = "6 GiB"  # two for the learner's kernel, two for the referee, the rest for what starts them
OUTPUT = "/tmp/autograder-%j.out"  # noqa: S108 - on the job's node, opened by Slurm: no shared folder is assumed
ASK_TIMEOUT_S = 10


class SlurmWorkers(Workers):
    """Jobs that were accepted, and Slurm's words about those that were not."""

    cluster: Any
    rejections: list[str]

    def refill(self) -> None:
        """A new job for each that has ended after its worker had come."""
        self.cluster.scale(cores=self.most)

    def require_hope(self) -> None:
        if self.rejections and not self._jobs():
            raise GradingError(
                "Slurm rejected the workers' jobs.",
                where="sbatch",
                came=self.rejections[-1],
                mend="correct jobqueue.slurm in Dask's configuration (queue, account, cores, memory, walltime); "
                "grade where sbatch works",
            )

    def awaited(self) -> str:
        return "; ".join(f"job {job}: {_state(job)}" for job in self._jobs())

    def _jobs(self) -> list[str]:
        return [job.job_id for job in list(self.cluster.workers.values()) if job.job_id]


@contextmanager
def slurm_workers(kind: str, workers: int | None, most: int | None) -> Iterator[SlurmWorkers]:
    """Submits the jobs, and cancels afterwards what is left of them."""
    count = count_elsewhere(workers, most)
    security = Security.temporary()
    rejections: list[str] = []
    options = {
        "cores": _configured("cores", CORES),
        "memory": _configured("memory", MEMORY),
        "processes": _configured("processes", 1),
        "job_script_prologue": [*_configured("job-script-prologue", []), *_credentials(security)],
        # The worker's pages about its health on its own loopback, where nobody asked for them elsewhere.
        "worker_extra_args": [
            "--no-dashboard",
            "--dashboard-address",
            "127.0.0.1:0",
            *_configured("worker-extra-args", []),
        ],
        "job_extra_directives": [*_output(), *_configured("job-extra-directives", [])],
        "scheduler_options": NO_DASHBOARD | _configured("scheduler-options", {}),
    }
    make = _cluster_class(library("dask_jobqueue"), rejections)
    try:
        cluster = make(protocol="tls://", security=security, silence_logs=logging.CRITICAL, **options)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise GradingError(
            "The scheduler for Slurm's workers could not be started.",
            where="Dask's configuration jobqueue.slurm",
            came=str(error),
        ) from error
    with cluster, Client(cluster) as client:
        made = SlurmWorkers(client, count, kind)
        made.cluster, made.rejections = cluster, rejections
        made.refill()
        yield made


def _cluster_class(jobqueue: Any, rejections: list[str]) -> Any:
    """dask-jobqueue's class, but that certificates travel within the job, and that a rejection is remembered."""

    class Job(jobqueue.slurm.SLURMJob):  # type: ignore[misc]
        async def start(self) -> None:
            try:
                await super().start()
            except (OSError, RuntimeError, ValueError) as error:
                rejections.append(_words(error))
                self.status = Status.running  # no second try: it is asked again for workers that had come, only

        async def close(self) -> None:
            await super().close()
            self.status = Status.closed

        @contextmanager
        def job_file(self) -> Iterator[str]:
            """Its owner's alone, because it holds the worker's key."""
            with tempfile.NamedTemporaryFile("w", prefix="autograder-", suffix=".sh") as file:
                file.write(self.job_script())
                file.flush()
                yield file.name

    class Cluster(jobqueue.SLURMCluster):  # type: ignore[misc]
        job_cls = Job

        def _get_worker_security(self, security: Security) -> None:
            """None: no files in a folder that must be shared with the nodes."""

    return Cluster


def _credentials(security: Security) -> list[str]:
    """What a worker needs to be let in by the scheduler, made for this run: lines of the job's script."""
    tls = security.get_tls_config_for_role("worker")
    values = {
        "REQUIRE_ENCRYPTION": "True",
        "TLS__CA_FILE": tls["ca_file"],
        "TLS__WORKER__CERT": tls["cert"],
        "TLS__WORKER__KEY": tls["key"],
    }
    return [f"export DASK_DISTRIBUTED__COMM__{name}={quote(value)}" for name, value in values.items()]


def _output() -> list[str]:
    """The job's output stays on its node, unless a folder is configured for it."""
    return [] if _configured("log-directory", None) else [f"--output={OUTPUT}", "--chdir=/tmp"]


def _configured(key: str, default: Any) -> Any:
    value = dask.config.get(f"jobqueue.slurm.{key}", None)
    return default if value is None else value


def _words(error: Exception) -> str:
    """What sbatch said, without what dask-jobqueue says around it."""
    return str(error).rpartition("stderr:\n")[2].strip() or str(error)


def _state(job: str) -> str:
    """Slurm's words on a job."""
    command = ["squeue", "--noheader", "--format=%T, %r", f"--jobs={job}"]
    words = ""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        words = subprocess.run(command, capture_output=True, text=True, timeout=ASK_TIMEOUT_S, check=True).stdout
    folder = _configured("log-directory", None)
    output = f"{folder} on its node" if folder else f"{OUTPUT.replace('%j', job)} on its node"
    return words.strip() or f"no longer in the queue; its output is in {output}"
