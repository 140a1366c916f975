"""Grades a cohort: what was handed in becomes jobs, results become journal, autograded notebooks and marks.

One coordinator, many workers, one writer. The journal is the truth: end this process at any time, run again, and every
mark is there once, and only what changed is graded again.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from autograder.book.autograded import autograded_notebook, autograded_path, write_autograded
from autograder.book.gradebook import Writer
from autograder.build.bundle import make_bundle
from autograder.catalogue.find import Exercise
from autograder.errors import GradingError, SandboxError
from autograder.grade.course import course_secret, known_units, require_release
from autograder.grade.intake import Intake, Submission, list_submissions, read_submission
from autograder.grade.journal import Journal
from autograder.grade.models import Bundle, Job, Record, Result
from autograder.grade.runner import get_ready, grader_versions
from autograder.grade.skeleton import Rebuilt, assemble, written_hashes
from autograder.grade.unchanged import file_sha256, fingerprint
from autograder.sandbox.probe import require_sandbox

JOURNAL = "journal.jsonl"
APPLY_EVERY = 25  # results between two writes to the gradebook
READERS = 4  # each submission is read by a short process of its own


@dataclass(frozen=True)
class Settings:
    """How to grade.

    `cluster`, `workers`: as `clusters.connect` takes them. `force`: grade again what has not changed.
    """

    profile: str = "laptop"
    cluster: str | None = "local"
    workers: int | None = None
    trust_learners: bool = False
    force: bool = False

    def here(self) -> bool:
        """Whether submissions are graded on this machine."""
        from autograder.grade.kind import LOCAL, cluster_kind  # Dask: where nothing waits, it is not needed

        return cluster_kind(self.cluster) == LOCAL


@dataclass(frozen=True)
class Progress:
    """Where grading is: submissions done of all, and what was graded last."""

    done: int
    total: int
    record: Record | None = None


@dataclass
class Summary:
    """What one run did. `records`: the standing result of each submission; `problems`: sentences for the instructor."""

    records: list[Record] = field(default_factory=list)
    graded: int = 0
    unchanged: int = 0
    not_graded: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Prepared:
    """A submission on its way: what came in, rebuilt from the release, and the key of its result."""

    submission: Submission
    intake: Intake
    bundle: Bundle
    rebuilt: Rebuilt
    notebook_sha256: str
    key: str
    fingerprint: str


def grade_course(
    course_dir: Path,
    exercises: Sequence[Exercise],
    settings: Settings,
    watch: Callable[[Progress], None] = lambda progress: None,
) -> Summary:
    """Grades what lies in `course_dir`/submitted for these exercises.

    Raises:
        SandboxError: strangers' code cannot be run safely here, and `trust_learners` was not given.
        GradingError: no submissions, no gradebook, another release than the exercises', an unreachable scheduler.
        JournalError: another grading run is going on, or the disk is full.
        AuthoringError: an exercise has a mistake.
    """
    bundles = {exercise.unit: make_bundle(exercise, settings.profile) for exercise in exercises}
    found = list_submissions(course_dir, known_units(course_dir) | set(bundles))
    submissions = [submission for submission in found if submission.problem or submission.unit in bundles]
    for unit in sorted({submission.unit for submission in submissions if not submission.problem}):
        require_release(course_dir, unit, bundles[unit])
    summary = Summary()
    with Journal(course_dir / JOURNAL) as journal:
        run = CohortRun(course_dir, journal, settings, summary, watch)
        run.recover()
        waiting = list(run.prepare(submissions, bundles))
        try:
            if waiting:
                if not settings.trust_learners:
                    require_sandbox()
                run.grade(waiting, {bundle.exercise: bundle for bundle in bundles.values()})
        except (GradingError, SandboxError, KeyboardInterrupt):
            run.apply()  # what was graded until then
            raise
        run.apply()
        summary.records = sorted(journal.latest().values(), key=lambda record: (record.exercise, record.learner))
        summary.problems += [f"{journal.path}, {damage}" for damage in journal.damage]
    return summary


class CohortRun:
    """One run over a course's submissions, with the journal's lock held."""

    def __init__(
        self,
        course_dir: Path,
        journal: Journal,
        settings: Settings,
        summary: Summary,
        watch: Callable[[Progress], None],
    ) -> None:
        self._course_dir, self._journal, self._settings = course_dir, journal, settings
        self._summary, self._watch = summary, watch
        self._secret = course_secret(course_dir)
        self._writer = Writer(course_dir)
        self._latest = journal.latest()
        self._unapplied: list[Record] = []
        self._done = self._total = 0

    def recover(self) -> None:
        """Applies what an earlier run wrote to the journal and not to the gradebook; what is there changes nothing."""
        self._write_marks(self._latest.values())

    def prepare(self, submissions: Sequence[Submission], bundles: Mapping[str, Bundle]) -> Iterator[Prepared]:
        """What has to be graded; whatever needs no run is recorded at once."""
        self._total = len(submissions)
        changed = []
        for submission in submissions:
            if submission.problem is not None:
                self._leave_aside(submission, submission.problem)
                continue
            bundle = bundles[submission.unit]
            mark = fingerprint(submission, self._facts(bundle))  # before it is read: it may change at any time
            if (before := self._as_it_was(submission, bundle, mark)) is not None:
                self._summary.unchanged += 1
                self._step(before)
            else:
                changed.append((submission, mark))
        for prepared in self._read(changed, bundles):
            before = self._latest.get((prepared.submission.learner, prepared.bundle.exercise))
            if before is not None and before.result.key == prepared.key and not self._settings.force:
                self._summary.unchanged += 1
                self._mend_autograded(prepared, before)
                self._step(before)
            elif not prepared.intake.readable:
                self._keep(prepared, _never_run(prepared))
            else:
                yield prepared

    def grade(self, waiting: Sequence[Prepared], bundles: Mapping[str, Bundle]) -> None:
        """Lets workers grade what waits, and keeps each result as it comes."""
        # Dask: where nothing waits, it is not needed.
        from autograder.grade.clusters import connect
        from autograder.grade.dispatch import Failed, run_jobs

        by_key = {prepared.key: prepared for prepared in waiting}
        jobs = (self._job(prepared) for prepared in waiting)
        strangers = not self._settings.trust_learners
        with connect(self._settings.cluster, self._settings.workers, most=len(waiting)) as workers:
            for outcome in run_jobs(workers, jobs, bundles, probe=strangers):
                if isinstance(outcome, Failed):
                    name = f"{outcome.job.learner}, {outcome.job.exercise}"
                    self._summary.not_graded.append(f"{name}: {outcome.error}")
                    self._step(None)
                else:
                    self._keep(by_key[outcome.key], outcome)
            self._summary.problems += workers.refused

    def apply(self) -> None:
        """Writes the marks that wait into the gradebook."""
        self._write_marks(self._unapplied)
        self._unapplied = []

    def _leave_aside(self, submission: Submission, problem: Intake) -> None:
        name = ascii(submission.learner)[1:-1] + (f", {ascii(submission.unit)[1:-1]}" if submission.unit else "")
        self._summary.not_graded.append(f"{name}: {problem.sentence}")
        self._step(None)

    def _read(self, submissions: Sequence[tuple[Submission, str]], bundles: Mapping[str, Bundle]) -> Iterator[Prepared]:
        units = {submission.unit for submission, _ in submissions}
        if units and not self._settings.trust_learners and self._settings.here():
            get_ready(bundles[unit] for unit in sorted(units))
        with ThreadPoolExecutor(READERS) as pool:
            intakes = pool.map(lambda found: read_submission(found[0].folder, found[0].unit), submissions)
            for (submission, mark), intake in zip(submissions, intakes, strict=True):
                yield self._prepare_one(submission, mark, intake, bundles[submission.unit])

    def _as_it_was(self, submission: Submission, bundle: Bundle, mark: str) -> Record | None:
        """The standing record, where submission, exercise and autograded notebook are those that it is about."""
        before = self._latest.get((submission.learner, bundle.exercise))
        if before is None or not mark or mark != before.fingerprint or self._settings.force:
            return None
        there = file_sha256(autograded_path(self._course_dir, submission.learner, submission.unit))
        return before if there == before.autograded_sha256 else None

    def _facts(self, bundle: Bundle) -> list[str]:
        """What decides a result beside the submission."""
        settings = self._settings
        facts = [bundle.digest, self._secret, settings.profile, str(settings.trust_learners)]
        return [*facts, *grader_versions().values()]

    def _prepare_one(self, submission: Submission, mark: str, intake: Intake, bundle: Bundle) -> Prepared:
        rebuilt = assemble(bundle.skeleton, intake.notebook or {"cells": []})
        content = json.dumps(rebuilt.notebook, sort_keys=True).encode("utf-8", "replace")
        notebook_sha256 = hashlib.sha256(content).hexdigest()
        facts = [submission.learner, notebook_sha256, intake.status, intake.sentence, *self._facts(bundle)]
        key = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:40]
        return Prepared(submission, intake, bundle, rebuilt, notebook_sha256, key, mark)

    def _job(self, prepared: Prepared) -> Job:
        return Job(
            key=prepared.key,
            learner=prepared.submission.learner,
            exercise=prepared.bundle.exercise,
            notebook=prepared.rebuilt.notebook,
            notebook_sha256=prepared.notebook_sha256,
            seed_hex=self._secret,
            profile=self._settings.profile,
            trust_learners=self._settings.trust_learners,
        )

    def _keep(self, prepared: Prepared, result: Result) -> None:
        """Writes what people look at, then the journal; where it ends between the two, the next run mends it."""
        submission, bundle = prepared.submission, prepared.bundle
        record = Record(
            result=result,
            notebook_sha256=prepared.notebook_sha256,
            written_sha256=written_hashes(bundle.skeleton, prepared.rebuilt.notebook, bundle.parts),
            submitted_at=submission.submitted_at,
            notes=(*submission.notes, *prepared.intake.notes, *prepared.rebuilt.notes)[:100],
            fingerprint=prepared.fingerprint,
        )
        path = write_autograded(self._course_dir, submission.unit, prepared.rebuilt, record, bundle.parts)
        record = self._journal.append(record.model_copy(update={"autograded_sha256": file_sha256(path)}))
        self._summary.graded += 1
        self._unapplied.append(record)
        if len(self._unapplied) >= APPLY_EVERY:
            self.apply()
        self._step(record)

    def _mend_autograded(self, prepared: Prepared, record: Record) -> None:
        """Writes the autograded notebook again where it is lost, damaged, or that of a run that was ended."""
        unit, parts = prepared.submission.unit, prepared.bundle.parts
        path = autograded_path(self._course_dir, record.learner, unit)
        wanted = json.dumps(autograded_notebook(prepared.rebuilt, record, parts), sort_keys=True)
        try:
            there = json.dumps(json.loads(path.read_bytes()), sort_keys=True)
        except (OSError, ValueError):
            there = ""
        if there != wanted:
            write_autograded(self._course_dir, unit, prepared.rebuilt, record, parts)

    def _write_marks(self, records: Iterable[Record]) -> None:
        records = list(records)
        if records:
            self._summary.problems += self._writer.apply(records).problems

    def _step(self, record: Record | None) -> None:
        self._done += 1
        self._watch(Progress(self._done, self._total, record))


def _never_run(prepared: Prepared) -> Result:
    intake, bundle = prepared.intake, prepared.bundle
    learner, status = prepared.submission.learner, intake.status
    assert status != "read"
    return Result.without_run(prepared.key, learner, bundle.exercise, status, intake.sentence, bundle.parts)
