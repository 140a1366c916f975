"""The numbers of a report: marks by part, checks and the beliefs behind their failures, time and memory, statuses."""

import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from autograder.grade.models import STATUSES
from autograder.report.cohort import Submission, Unit
from autograder.report.exercise import Belief, CheckFacts, PartFacts

# How a part's points are sorted: the key and its words, best first.
BINS = {
    "full": "all points",
    "most": "half or more",
    "some": "less than half",
    "none": "no points",
    "waits": "waits for a person",
}
# How a check ended, worst first; "passed" is the rest.
ENDINGS = {
    "failed": "fails",
    "timed_out": "out of time",
    "not_attempted": "not attempted",
    "skipped": "not run",
    "broke": "check broken",
}
FAILURES = ("failed", "timed_out")


@dataclass(frozen=True)
class PartRow:
    """A part's marks. `mean`, `median`: of the settled points, None where there are none. `waiting`: who waits.

    `max_points` is None where no result has the part.
    """

    facts: PartFacts
    max_points: float | None
    counts: Mapping[str, int]
    mean: float | None
    median: float | None
    waiting: tuple[str, ...]
    broken: int


@dataclass(frozen=True)
class Fit:
    """Beliefs that lead to failing a check, and how many of the submissions that fail it look like them.

    `sentences`: more than one where the same checks catch several beliefs, so that nothing tells them apart.
    """

    sentences: tuple[str, ...]
    submissions: int


@dataclass(frozen=True)
class CheckRow:
    """How a check ended, by the keys of ENDINGS and "passed"; `fits`: likeliest belief first."""

    facts: CheckFacts
    part_title: str
    counts: Mapping[str, int]
    fits: tuple[Fit, ...]

    @property
    def failures(self) -> int:
        """Submissions that tried and did not pass."""
        return sum(self.counts[state] for state in FAILURES)

    @property
    def total(self) -> int:
        """All submissions."""
        return sum(self.counts.values())

    @property
    def explained(self) -> tuple[Fit, ...]:
        """The beliefs that some submission looks like."""
        return tuple(fit for fit in self.fits if fit.submissions)


@dataclass(frozen=True)
class StatusRow:
    """Submissions that ended alike; `learners` is empty for those that were simply graded, to keep the table short."""

    status: str
    sentence: str
    count: int
    learners: tuple[str, ...]


@dataclass(frozen=True)
class UseRow:
    """What the submissions used of something. `limit` is None where there is none."""

    name: str
    unit: str
    median: float
    nine_of_ten: float
    most: float
    most_by: str
    limit: float | None


@dataclass(frozen=True)
class Summary:
    """All numbers of one exercise. `checks` begins with the one that most submissions fail."""

    unit: Unit
    parts: tuple[PartRow, ...]
    checks: tuple[CheckRow, ...]
    statuses: tuple[StatusRow, ...]
    uses: tuple[UseRow, ...]
    fault_beliefs: Mapping[str, tuple[str, ...]]

    @property
    def submissions(self) -> tuple[Submission, ...]:
        """What was handed in, in order of learner."""
        return self.unit.submissions


def summarise(unit: Unit) -> Summary:
    """The numbers of an exercise with at least one submission."""
    titles = {part.name: part.title for part in unit.facts.parts}
    fits = _fits(unit.submissions, unit.facts.beliefs)
    checks = [
        CheckRow(check, titles.get(check.part, check.part), _endings(unit.submissions, check), fits(check.full_name))
        for check in unit.facts.checks
    ]
    return Summary(
        unit=unit,
        parts=tuple(_part_row(part, unit.submissions) for part in unit.facts.parts),
        checks=tuple(sorted(checks, key=lambda row: -row.failures)),
        statuses=tuple(_statuses(unit.submissions)),
        uses=tuple(_uses(unit)),
        fault_beliefs=_fault_beliefs(unit.facts.beliefs),
    )


def most_failed(summaries: Iterable[Summary]) -> tuple[Summary, CheckRow] | None:
    """The check that most submissions of all units fail; None where nobody fails any."""
    rows = [(summary, row) for summary in summaries for row in summary.checks[:1] if row.failures]
    return max(rows, key=lambda pair: (pair[1].failures, pair[1].failures / pair[1].total), default=None)


def median_share(submissions: Iterable[Submission]) -> float | None:
    """The median share of the settled points, 0 to 1; None where nothing is settled."""
    shares = [submission.share for submission in submissions if submission.share is not None]
    return statistics.median(shares) if shares else None


def failed_checks(submission: Submission) -> frozenset[str]:
    """The checks that a submission tried and did not pass, as `part.check`."""
    return frozenset(name for name, state in submission.states.items() if state in FAILURES)


def _part_row(part: PartFacts, submissions: Sequence[Submission]) -> PartRow:
    marks = [
        (submission.learner, submission.marks[part.name]) for submission in submissions if part.name in submission.marks
    ]
    settled = [mark.earned for _, mark in marks if not mark.waits]
    counts = Counter(
        "waits" if mark.waits else _bin(mark.earned / mark.max_points if mark.max_points else 1) for _, mark in marks
    )
    return PartRow(
        facts=part,
        max_points=max((mark.max_points for _, mark in marks), default=None),
        counts={key: counts[key] for key in BINS},
        mean=statistics.fmean(settled) if settled else None,
        median=statistics.median(settled) if settled else None,
        waiting=tuple(learner for learner, mark in marks if mark.waits),
        broken=sum(mark.waits and mark.broken for _, mark in marks),
    )


def _bin(share: float) -> str:
    if share >= 1 - 1e-9:
        return "full"
    if share >= 0.5:
        return "most"
    return "some" if share > 0 else "none"


def _endings(submissions: Sequence[Submission], check: CheckFacts) -> dict[str, int]:
    """A check without an outcome was not run: its part was not reached, or the kernel died before."""
    counts = Counter(submission.states.get(check.full_name, "skipped") for submission in submissions)
    return {state: counts[state] for state in (*ENDINGS, "passed")}


def _fits(submissions: Sequence[Submission], beliefs: Sequence[Belief]) -> Callable[[str], tuple[Fit, ...]]:
    """For each check its beliefs, and how many submissions each fits best.

    A belief fits a submission that fails all checks that the belief names; of several, those fit best that name the
    most. That is a likeness, no proof: the page says "looks like".
    """
    sentences: dict[frozenset[str], tuple[str, ...]] = {}
    for belief in beliefs:
        sentences[belief.caught_by] = (*sentences.get(belief.caught_by, ()), belief.sentence)
    fitting: Counter[tuple[str, frozenset[str]]] = Counter()
    for submission in submissions:
        failed = failed_checks(submission)
        possible = [checks for checks in sentences if checks <= failed]
        for check in failed:
            named = [checks for checks in possible if check in checks]
            most = max(map(len, named), default=0)
            fitting.update((check, checks) for checks in named if len(checks) == most)

    def of_check(name: str) -> tuple[Fit, ...]:
        # Where nothing fits, the belief that names the fewest checks says most about this one.
        named = sorted((c for c in sentences if name in c), key=lambda checks: (-fitting[name, checks], len(checks)))
        return tuple(Fit(sentences[checks], fitting[name, checks]) for checks in named)

    return of_check


def _statuses(submissions: Sequence[Submission]) -> list[StatusRow]:
    groups: dict[tuple[str, str], list[str]] = {}
    for submission in submissions:
        groups.setdefault((submission.status, submission.sentence), []).append(submission.learner)
    rows = [
        StatusRow(status, sentence, len(learners), () if status == "graded" else tuple(learners))
        for (status, sentence), learners in groups.items()
    ]
    return sorted(rows, key=lambda row: (STATUSES.index(row.status), -row.count, row.sentence))


def _uses(unit: Unit) -> list[UseRow]:
    """Time and memory of the submissions that were run."""
    ran = [submission for submission in unit.submissions if submission.ran]
    limits = unit.facts.limits
    total_cpu_s = limits.total_cpu_s if limits else None
    memory_mib = limits.memory_gib * 1024 if limits else None
    columns: list[tuple[str, str, Callable[[Submission], float], float | None]] = [
        ("Computing time", "s", lambda submission: submission.cpu_s, total_cpu_s),
        ("Time on the clock", "s", lambda submission: submission.wall_s, None),
        ("Memory at its peak", "MiB", lambda submission: submission.memory_peak_mib, memory_mib),
    ]
    return [_use(name, unit_name, of, limit, ran) for name, unit_name, of, limit in columns if ran]


def _use(
    name: str, unit: str, of: Callable[[Submission], float], limit: float | None, ran: Sequence[Submission]
) -> UseRow:
    values = sorted(of(submission) for submission in ran)
    nine_of_ten = values[max(0, -(-9 * len(values) // 10) - 1)]
    most = max(ran, key=of)
    return UseRow(name, unit, statistics.median(values), nine_of_ten, of(most), most.learner, limit)


def _fault_beliefs(beliefs: Sequence[Belief]) -> dict[str, tuple[str, ...]]:
    """For a status such as "kernel died": the beliefs of wrong answers that end so."""
    found: dict[str, tuple[str, ...]] = {}
    for belief in beliefs:
        for name in belief.caught_by:
            if name.startswith("("):
                found[name.strip("()")] = (*found.get(name.strip("()"), ()), belief.sentence)
    return found
