"""Carries jobs to workers with Dask and brings the results back, in the order in which they are done.

Each worker is introduced to the run before it gets a job: its versions are those of the coordinator, its sandbox holds.
A job is given to one worker, and a thread of a worker has one job at a time: so it is known which job a worker took
with it when it died, and no other job is blamed for it. Workers may come, die and be slow at any time.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from queue import Empty, SimpleQueue

from distributed import Future, KilledWorker

from autograder.errors import GradingError
from autograder.grade.clusters import Workers, workers_timeout_s
from autograder.grade.models import Bundle, Job, Result
from autograder.grade.runner import grader_versions, run_job
from autograder.grade.worker import NotIntroducedError, Work, differences, do_job, introduce, name_of

TRIES = 2
LOOK_EVERY_S = 1.0  # at what workers there are
OTHERS_WITHIN_S = 10.0  # where the workers that came must not grade
FETCH_TIMEOUT_S = 30  # a result whose worker has died since is not waited for


@dataclass(frozen=True)
class Failed:
    """A job that gave no result in two tries: a fault of the infrastructure, never a mark."""

    job: Job
    error: Exception


def run_jobs(
    workers: Workers,
    jobs: Iterable[Job],
    bundles: Mapping[str, Bundle],
    *,
    probe: bool = True,
    work: Work = run_job,
) -> Iterator[Result | Failed]:
    """The results as they come. A job that broke, or whose worker died, is tried once more.

    Args:
        bundles: by the name of the exercise.
        probe: prove that the sandbox holds on each other machine. False only where every learner is trusted.
        work: what a worker does with a job.

    Raises:
        GradingError: no worker comes, none may grade, or the scheduler was lost.
    """
    yield from _Dispatch(workers, jobs, bundles, probe, work).results()


@dataclass(frozen=True)
class _Given:
    """A job that a worker has; `attempt` counts from 1."""

    job: Job
    attempt: int
    address: str


class _WorkerEndedError(GradingError):
    def __init__(self, address: str) -> None:
        super().__init__(
            "The worker ended while it graded this submission, as on the try before.",
            where=address,
            mend="see what ended it there (memory, time limit); then grade again",
        )


class _Dispatch:
    def __init__(
        self, workers: Workers, jobs: Iterable[Job], bundles: Mapping[str, Bundle], probe: bool, work: Work
    ) -> None:
        self._workers, self._jobs, self._bundles, self._work = workers, iter(jobs), bundles, work
        texts = {name: bundle.model_dump_json() for name, bundle in bundles.items()}
        self._names = {name: name_of(text) for name, text in texts.items()}
        self._versions = grader_versions()
        self._introduction = (list(texts.values()), probe and not workers.here)
        self._waiting: deque[tuple[Job, int]] = deque()  # with the number of the try; the next job, or what broke
        self._threads: dict[str, int] = {}  # of the workers that are there, by address
        self._introduced: dict[str, bool] = {}  # whether it may grade; nothing while it is being introduced
        self._free: deque[str] = deque()  # a worker's address for each of its threads that has no job
        self._introducing: dict[Future[str], str] = {}
        self._running: dict[Future[str], _Given] = {}
        self._ended: SimpleQueue[Future[str]] = SimpleQueue()
        self._timeout_s = workers_timeout_s()
        self._alone_since_s = time.monotonic()
        self._next_look_s = 0.0

    def results(self) -> Iterator[Result | Failed]:
        while self._some_wait() or self._running:
            outcomes: list[Result | Failed] = []
            try:
                self._turn(outcomes)
            except GradingError:
                yield from outcomes
                raise
            yield from outcomes  # last: whoever takes them may need time, and no worker shall wait for that

    def _turn(self, outcomes: list[Result | Failed]) -> None:
        """Looks at the workers when it is time, takes what they have answered, gives out jobs."""
        if time.monotonic() >= self._next_look_s:
            outcomes += self._look()
            self._next_look_s = time.monotonic() + LOOK_EVERY_S
        with suppress(Empty):
            outcomes += self._take(self._ended.get(timeout=0 if self._can_give() else LOOK_EVERY_S))
            while True:
                outcomes += self._take(self._ended.get_nowait())
        while self._can_give():
            self._give(*self._waiting.popleft())

    def _can_give(self) -> bool:
        return bool(self._free) and len(self._running) < self._workers.most and self._some_wait()

    def _some_wait(self) -> bool:
        if not self._waiting:
            self._waiting.extend((job, 1) for job in islice(self._jobs, 1))
        return bool(self._waiting)

    def _give(self, job: Job, attempt: int) -> None:
        address = self._free.popleft()
        future = self._submit(address, do_job, self._work, job.model_dump_json(), self._names[job.exercise])
        self._running[future] = _Given(job, attempt, address)

    def _submit(self, address: str, call: Callable[..., str], *arguments: object) -> "Future[str]":
        future = self._workers.client.submit(call, *arguments, workers=[address], pure=False, retries=0)
        future.add_done_callback(self._ended.put)
        return future

    def _look(self) -> Iterator[Failed]:
        """Takes note of workers that came, and of those that are gone with their jobs."""
        there = self._workers.present()
        for address in set(self._threads) - set(there):
            yield from self._forget(address)
        for address, threads in there.items():
            if threads and address not in self._threads:
                self._threads[address] = threads
                self._meet(address)
        if not self._workers.refused:
            self._workers.refill()  # one that was refused would only come back
        self._require_some()

    def _meet(self, address: str) -> None:
        """Compares versions; a worker with the same is introduced, which may take it some seconds.

        The question is not put as a task: one without the kit could not even read that.
        """
        question = self._workers.client.run(differences, self._versions, workers=[address], on_error="return")
        answer = question.get(address, OSError())
        if isinstance(answer, OSError):
            del self._threads[address]  # gone again, or met at the next look
        elif answer:
            self._refuse(address, answer)
        else:
            self._introducing[self._submit(address, introduce, *self._introduction)] = address

    def _require_some(self) -> None:
        """Raises where no worker may grade, or none has come for too long."""
        where = f"--cluster {self._workers.kind}"
        waited_s = time.monotonic() - self._alone_since_s
        if any(self._introduced.values()):
            self._alone_since_s = time.monotonic()
        elif self._introduced and not self._introducing:
            if waited_s > OTHERS_WITHIN_S:
                raise GradingError("No worker may grade.", where, came="\n".join(self._workers.refused))
        else:
            self._workers.require_hope()
            if waited_s > self._timeout_s:
                raise GradingError(
                    f"No worker came within {self._timeout_s:g} s.",
                    where,
                    came=self._workers.awaited(),
                    expected="at least one",
                    mend="see why none starts; autograder.workers-timeout in Dask's configuration waits longer",
                )

    def _take(self, future: "Future[str]") -> Iterator[Result | Failed]:
        """What a worker has answered; nothing where it was given up meanwhile."""
        if (address := self._introducing.pop(future, None)) is not None:
            answer = self._answer(future, address)
            if isinstance(answer, _WorkerEndedError):
                yield from self._forget(address)
            else:
                self._welcome(address, answer)
        elif (given := self._running.pop(future, None)) is not None:
            answer = self._answer(future, given.address)
            if isinstance(answer, (_WorkerEndedError, NotIntroducedError)):
                yield from self._forget(given.address)
            else:
                self._free.append(given.address)
            result = self._result(answer, given.job) if isinstance(answer, str) else answer
            if isinstance(result, Result):
                yield result
            else:
                yield from self._try_again(given, result)

    def _answer(self, future: "Future[str]", address: str) -> str | Exception:
        try:
            error = future.exception(FETCH_TIMEOUT_S)
            if error is None:
                return future.result(FETCH_TIMEOUT_S)
        except (CancelledError, KilledWorker, OSError):
            if self._workers.client.status != "running":
                raise self._workers.lost() from None
            return _WorkerEndedError(address)
        return _WorkerEndedError(address) if isinstance(error, KilledWorker) else error

    def _welcome(self, address: str, answer: str | Exception) -> None:
        if answer:
            self._refuse(address, answer)
        else:
            self._introduced[address] = True
            self._free.extend([address] * self._threads[address] * (1 + self._workers.ahead))

    def _refuse(self, address: str, reason: str | Exception) -> None:
        self._introduced[address] = False
        self._workers.refused.append(f"The worker at {address} was left out: {reason}")

    def _forget(self, address: str) -> Iterator[Failed]:
        """A worker that is gone, or must be introduced again. What it was doing is tried elsewhere."""
        del self._threads[address]
        self._introduced.pop(address, None)
        self._free = deque(free for free in self._free if free != address)
        self._introducing = {future: at for future, at in self._introducing.items() if at != address}
        for future in [future for future, given in self._running.items() if given.address == address]:
            yield from self._try_again(self._running.pop(future), _WorkerEndedError(address))

    def _try_again(self, given: _Given, error: Exception) -> Iterator[Failed]:
        if given.attempt < TRIES:
            self._waiting.append((given.job, given.attempt + 1))
        else:
            yield Failed(given.job, error)

    def _result(self, text: str, job: Job) -> Result | Exception:
        """The result, once it is about this job and its points are those of the exercise."""
        try:
            result = Result.model_validate_json(text)
        except ValueError as error:
            return error
        parts = self._bundles[job.exercise].parts
        expected = (job.key, job.learner, job.exercise, [(part.name, part.max_points) for part in parts])
        came = (result.key, result.learner, result.exercise, [(part.name, part.max_points) for part in result.parts])
        if came != expected:
            return GradingError("A worker sent the result of another job.", came=str(came), expected=str(expected))
        return result
