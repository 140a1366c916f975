"""Empty jobs for Dask, and workers of its own kind: other versions, no kit."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from distributed import LocalCluster

from autograder.grade.models import Bundle, Job, Limits, PartSpec, Result

ROOT = Path(__file__).parents[2]
PART = PartSpec(name="answer", cell_id="part-answer", max_points=1)
BUNDLE = Bundle(exercise="course/unit", files={}, skeleton={}, parts=(PART,), limits=Limits(), digest="a digest")
BUNDLES = {BUNDLE.exercise: BUNDLE}
WORKER = """\
import asyncio, sys
import importlib.metadata as metadata

{before}

async def main():
    from distributed import Worker
    worker = await Worker(sys.argv[1], nthreads={threads}, dashboard=False, host="127.0.0.1")
    await worker.finished()

if __name__ == "__main__":
    asyncio.run(main())
"""
OTHER_PANDAS = """\
version = metadata.version
metadata.version = lambda name: "1.0.0" if name == "pandas" else version(name)
"""
NO_KIT = "sys.modules['autograder'] = None"


def jobs(*learners: str) -> list[Job]:
    return [
        Job(
            key=f"job-{learner}",
            learner=learner,
            exercise=BUNDLE.exercise,
            notebook={"cells": []},
            notebook_sha256="0" * 64,
            seed_hex="00",
        )
        for learner in learners
    ]


def empty_result(job: Job, bundle: Bundle) -> Result:
    """What a worker does with a job: it says which process did it."""
    result = Result.without_run(job.key, job.learner, job.exercise, "refused", "Nothing was run.", bundle.parts)
    return result.model_copy(update={"worker": str(os.getpid())})


@contextmanager
def scheduler() -> Iterator[str]:
    """A scheduler without workers, as somebody else has started it; its address."""
    options = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
    with LocalCluster(n_workers=0, host="127.0.0.1", protocol="tcp", scheduler_kwargs=options) as cluster:
        yield cluster.scheduler_address


@contextmanager
def scheduler_process() -> Iterator[tuple[str, int]]:
    """A scheduler in a process of its own; its address and pid."""
    with tempfile.TemporaryDirectory() as folder:
        about = Path(folder) / "scheduler.json"
        command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
        command += ["--no-dashboard", "--dashboard-address", "127.0.0.1:0", "--scheduler-file", str(about)]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        with subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                deadline_s = time.monotonic() + 60
                while not (about.exists() and (text := about.read_text()).endswith("}")):
                    assert time.monotonic() < deadline_s, "no scheduler came"
                    time.sleep(0.1)
                yield json.loads(text)["address"], process.pid
            finally:
                process.kill()


@contextmanager
def worker(address: str, before: str = "", threads: int = 1) -> Iterator[int]:
    """A worker without a nanny in a process of its own; its pid. `before`: what its program does first."""
    program = [sys.executable, "-c", WORKER.format(before=before, threads=threads), address]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(program, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield process.pid
        finally:
            process.kill()
