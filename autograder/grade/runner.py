"""Grades one submission: the learner's cells in a sandboxed kernel, the checks in a referee, the marks from it alone.

`run_job` is what a worker calls. The work is done in a process of its own, whose end, however sudden, is an answer too.
"""

import asyncio
import contextlib
import gc
import importlib
import json
import resource
import socket
import sys
import tempfile
import time
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from multiprocessing.connection import Connection
from pathlib import Path

from autograder.crew import Crew, answer
from autograder.grade.attempt import REFEREE, WALL_EXTRA_S, Attempt, Faults, Plan, StartKernel
from autograder.grade.marks import PartMark, part_results, verdict
from autograder.grade.models import Bundle, Job, Result
from autograder.nursery import Nursery
from autograder.referee.handle import RefereeBroke
from autograder.referee.process import main as referee_main
from autograder.sandbox.keeper import start_early, warm_fds
from autograder.sandbox.unsealed import start_unsealed_kernel
from autograder.sandbox.warm import kernel_starter

MEMORY_BYTES = 2 * 2**30
GARBAGE_THRESHOLD = 50_000  # a process that lives for one submission has no time to look for garbage
MOST_KERNELS = 8  # a cell that ends its kernel is left out in the next; so many may do so
REPORTED = ("torch", "numpy", "pandas", "dask", "ipykernel", "nbclient", "ai-factory-course-kit")
_crew = Crew(
    __name__,
    unended="Grading a submission did not end.",
    ended="The process that grades a submission ended.",
    prepare="prepare",
)


def run_job(job: Job, bundle: Bundle) -> Result:
    """The result of one submission.

    Raises:
        GradingError: the process that grades it ended or broke: a fault of this machine or of the kit, never a mark.
        SandboxError: no sandbox can be had here.
    """
    wall_s = MOST_KERNELS * (bundle.limits.total_cpu_s * bundle.limits.wall_factor + 900)
    pieces = (job.model_dump_json().encode(), bundle.model_dump_json().encode())
    request = json.dumps(bundle.imports_of_checks).encode()
    value = _crew.do(pieces, _warm_for(job, bundle), wall_s=wall_s, where=job.key, request=request)
    return Result.model_validate(value)


def get_ready(bundles: Iterable[Bundle]) -> None:
    """Starts what jobs about these bundles will wait for: their libraries are imported meanwhile."""
    _crew.get_ready()
    for bundle in bundles:
        start_early(bundle.libraries, bundle.env)


def end_jobs() -> None:
    """Ends the submissions that are graded now; each `run_job` raises a GradingError."""
    _crew.end_jobs()


def _warm_for(job: Job, bundle: Bundle) -> list[int]:
    """The descriptor of the warm process for an exercise's libraries; none for a cold sandbox."""
    # `hash()` is seeded when an interpreter starts: another seed needs another process.
    if job.cold or job.trust_learners or job.kernel_seed:
        return []
    return warm_fds(bundle.libraries, bundle.env)


@cache
def grader_versions() -> dict[str, str]:
    """Versions that may change a mark."""
    return {"python": sys.version.split()[0], **{name: version(name) for name in REPORTED}}


def prepare(request: bytes) -> None:
    """Finds the versions once, and imports what the checks of all submissions import. What cannot be had is told where
    the checks load."""
    grader_versions()
    for module in ("numpy.random", "numpy.ma", *json.loads(request)):
        if module not in sys.modules:
            with contextlib.suppress(Exception):
                importlib.import_module(module)


def work(fds: list[int], request: bytes) -> None:
    """One job, in a process of its own: job and bundle come over the pipe, the result goes back."""
    gc.set_threshold(GARBAGE_THRESHOLD)
    nursery = Nursery.fork(referee_main)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    answer(fds, lambda pipe, warm: _result(pipe, warm, nursery).model_dump(mode="json"))
    nursery.close()


def _result(pipe: Connection, warm: list[int], nursery: Nursery) -> Result:
    job = Job.model_validate_json(pipe.recv_bytes())
    bundle = Bundle.model_validate_json(pipe.recv_bytes())
    start: StartKernel = start_unsealed_kernel if job.trust_learners else kernel_starter(warm)
    result = asyncio.run(_grade(job, bundle, nursery, start))
    if _process_lost(result):
        # The learner's code may have ended its kernel, or a check the referee, or something on this machine has: only
        # the former two do so again.
        result = asyncio.run(_grade(job, bundle, nursery, start))
    return result


def _process_lost(result: Result) -> bool:
    kernel = result.status == "kernel died" or any(part.state == "kernel died" for part in result.parts)
    return kernel or any(outcome.check == REFEREE for part in result.parts for outcome in part.outcomes)


async def _grade(job: Job, bundle: Bundle, nursery: Nursery, start: StartKernel) -> Result:
    """All cells in order. A cell that ends its kernel is left out, and the rest goes on in a new one.

    So a fault costs the parts that it touches, and no others.
    """
    start_s = time.monotonic()
    wall_s = bundle.limits.total_cpu_s * bundle.limits.wall_factor + WALL_EXTRA_S
    faults = Faults()
    marks: dict[str, PartMark] = {}
    with tempfile.TemporaryDirectory(prefix="referee-") as folder:
        _lay_out(bundle, Path(folder))
        plan = Plan.of(job, bundle, folder, nursery, start)
        cpu_s, checks_cpu_s, memory_bytes = 0.0, 0.0, 0
        while plan.next_cell is not None and faults.kernels < MOST_KERNELS:
            faults.kernels += 1
            cpu_left_s, wall_left_s = bundle.limits.total_cpu_s - cpu_s, start_s + wall_s - time.monotonic()
            if wall_left_s <= 0:
                faults.note_wall(wall_s)
                break
            async with Attempt(plan, job, bundle, cpu_left_s=cpu_left_s, wall_left_s=wall_left_s) as attempt:
                try:
                    await attempt.run(marks, faults)
                except RefereeBroke as error:
                    plan.give_up_part(marks, str(error))
            cpu_s, checks_cpu_s = cpu_s + attempt.cpu_s, checks_cpu_s + attempt.checks_cpu_s
            memory_bytes = max(memory_bytes, attempt.memory_peak_bytes)
            if cpu_s >= bundle.limits.total_cpu_s:
                faults.note_total(bundle.limits.total_cpu_s)
                break
        await _retell(plan, job, bundle, marks, wall_left_s=start_s + wall_s - time.monotonic())
    parts = part_results(bundle.parts, marks)
    status, sentence = verdict(parts, faults)
    return Result(
        key=job.key,
        learner=job.learner,
        exercise=job.exercise,
        status=status,
        sentence=sentence,
        parts=parts,
        cpu_s=round(cpu_s, 3),
        checks_cpu_s=round(checks_cpu_s, 3),
        wall_s=round(time.monotonic() - start_s, 3),
        memory_peak_mib=round(memory_bytes / 2**20, 1),
        sealed=not job.trust_learners,
        worker=socket.gethostname(),
        versions=grader_versions(),
    )


async def _retell(plan: Plan, job: Job, bundle: Bundle, marks: dict[str, PartMark], *, wall_left_s: float) -> None:
    """Words of the learner's process that may repeat hidden inputs it has seen are not shown.

    Where a visible check failed after hidden ones had run, the visible checks of its part are run once more in a kernel
    that never sees a hidden input, and what is said there is shown.
    """
    doubtful = [name for name in plan.parts_after_first_hidden() if name in marks and marks[name].has_learner_text()]
    if not doubtful:
        return
    for name in doubtful:
        marks[name].forget_texts()
    retold: dict[str, PartMark] = {}
    if wall_left_s <= 0 or not job.retell:
        return
    again, cpu_s = plan.for_visible(doubtful), bundle.limits.total_cpu_s
    async with Attempt(again, job, bundle, cpu_left_s=cpu_s, wall_left_s=wall_left_s) as attempt:
        try:
            await attempt.run(retold, Faults())
        except RefereeBroke:
            return
    for name in doubtful:
        if name in retold:
            marks[name].take_texts(retold[name])


def _lay_out(bundle: Bundle, folder: Path) -> None:
    for name, content in bundle.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
