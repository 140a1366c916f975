"""Proves the graders of exercises: what `trials` lists is graded, sealed; `judge` compares, `leaks` looks for what
must stay hidden."""

import os
import shutil
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.build.authored import Authored, read_exercise
from autograder.build.bundle import make_bundle
from autograder.catalogue.find import Exercise
from autograder.errors import AuthoringError, GradingError, KitError, SandboxError
from autograder.grade.models import Bundle, Job, Result
from autograder.grade.runner import run_job
from autograder.sandbox.probe import require_sandbox
from autograder.verify.builders import Builders
from autograder.verify.canary import plant
from autograder.verify.judge import Row, judge
from autograder.verify.leaks import Planted, prove_no_leak
from autograder.verify.trials import Trial, trials_of

AHEAD = 1  # exercises whose trials are queued while another's are awaited, so that no worker waits


@dataclass(frozen=True)
class Settings:
    """How to prove. `seeds`: referee seeds per trial. `workers`: None for one per core. `profile`: of the variants.
    `quick`: as `trials_of` says."""

    seeds: int = 3
    workers: int | None = None
    profile: str = "smoke"
    quick: bool = False


@dataclass(frozen=True)
class Step:
    """A row that is ready; `done` of the `total` rows that are known so far."""

    exercise: str
    row: Row
    done: int
    total: int


@dataclass(frozen=True)
class Proof:
    """All rows of one exercise."""

    exercise: str
    rows: tuple[Row, ...]
    wall_s: float

    @property
    def ok(self) -> bool:
        return all(row.ok for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        """The proof for machines."""
        return {
            "exercise": self.exercise,
            "ok": self.ok,
            "wall_s": round(self.wall_s, 2),
            "rows": [
                {
                    "variant": row.name,
                    "expected": row.expected,
                    "came": row.came,
                    "ok": row.ok,
                    "problems": [_error_as_json(error) for error in row.problems],
                }
                for row in self.rows
            ],
        }


def verify(
    exercises: Sequence[Exercise], settings: Settings, watch: Callable[[Step], None] = lambda step: None
) -> Iterator[Proof]:
    """The proof of each exercise, in order.

    Raises:
        SandboxError: no sandbox can be had here; a grader cannot be proved without.
    """
    require_sandbox()
    workers = settings.workers or os.cpu_count() or 1
    counter = _Counter(watch)
    started: deque[_Proving] = deque()
    with (
        tempfile.TemporaryDirectory(prefix="verify-") as scratch,
        closing(Builders(Path(scratch))) as builders,
        ThreadPoolExecutor(workers, thread_name_prefix="verify") as pool,
    ):
        try:
            for number, exercise in enumerate(exercises):
                folder = Path(scratch, str(number))
                started.append(_Proving(exercise, settings, folder, pool, builders, counter))
                if len(started) > AHEAD:
                    yield started.popleft().finish()
            while started:
                yield started.popleft().finish()
        finally:
            pool.shutdown(cancel_futures=True)  # after an interrupt: what runs comes to its end, the rest never begins


class _Counter:
    def __init__(self, watch: Callable[[Step], None]) -> None:
        self._watch = watch
        self.done = self.total = 0

    def step(self, exercise: str, row: Row) -> None:
        self.done += 1
        self._watch(Step(exercise, row, self.done, self.total))


class _Proving:
    """One exercise on its way: its jobs are in the pool."""

    def __init__(
        self,
        exercise: Exercise,
        settings: Settings,
        scratch: Path,
        pool: ThreadPoolExecutor,
        builders: Builders,
        counter: _Counter,
    ) -> None:
        self._exercise, self._scratch, self._counter = exercise, scratch, counter
        self._start_s = time.monotonic()
        self._runs: list[tuple[Trial, list[Future[Any]]]] = []
        self._leaks: Future[list[Row]] | None = None
        self._mistake: Row | None = None
        try:
            # Here, and not in the pool: checks are loaded as modules, one exercise after the other.
            authored = read_exercise(exercise)
            planted = _planted(authored, scratch, settings.profile)
            trials = list(trials_of(authored, settings.profile, settings.seeds, quick=settings.quick))
        except KitError as error:
            self._mistake = _failed("files", "an exercise that can be built", error)
            counter.total += 1
            return
        for trial in trials:
            # Python below 3.11.5 can fail where two threads parse at once: here, and not in the pool.
            _ = trial.bundle.imports_of_checks
        self._leaks = pool.submit(prove_no_leak, planted, _run, builders)
        self._runs = [(trial, [pool.submit(_run, job, trial.bundle) for job in trial.jobs()]) for trial in trials]
        counter.total += len(trials)

    def finish(self) -> Proof:
        rows = list(self._rows())
        shutil.rmtree(self._scratch, ignore_errors=True)
        return Proof(self._exercise.name, tuple(rows), time.monotonic() - self._start_s)

    def _rows(self) -> Iterator[Row]:
        if self._mistake is not None:
            yield self._shown(self._mistake)
        for trial, futures in self._runs:
            try:
                row = judge(trial, [future.result() for future in futures])
            except KitError as error:
                row = _failed(trial.name, trial.expected.words, error)
            yield self._shown(row)
        if self._leaks is not None:
            try:
                rows = self._leaks.result()
            except KitError as error:
                rows = [_failed("builds and leaks", "nothing hidden is found", error)]
            self._counter.total += len(rows)
            yield from (self._shown(row) for row in rows)

    def _shown(self, row: Row) -> Row:
        self._counter.step(self._exercise.name, row)
        return row


def _run(job: Job, bundle: Bundle) -> Result:
    """As in a cohort, a fault of this machine is tried once more: it says nothing about the grader."""
    try:
        result = run_job(job, bundle)
    except (GradingError, SandboxError):
        result = run_job(job, bundle)
    if not job.retell and any(outcome.state == "broke" for part in result.parts for outcome in part.outcomes):
        return run_job(job.model_copy(update={"retell": True}), bundle)  # an author has to read what was raised
    return result


def _planted(authored: Authored, project: Path, profile: str) -> Planted:
    copy = read_exercise(plant(authored, project))
    return Planted(authored, copy, project, profile, make_bundle(authored, profile))


def _failed(name: str, expected: str, error: KitError) -> Row:
    problem = AuthoringError(error.what, error.where, error.came, error.expected, error.mend)
    return Row(name, expected, "an error", (problem,))


def _error_as_json(error: AuthoringError) -> dict[str, str]:
    return {name: getattr(error, name) for name in ("what", "where", "came", "expected", "mend")}
