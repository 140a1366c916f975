"""Compares what came of a trial with what had to come; each difference is an error that an author can act on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autograder.build.variants import FAULTS
from autograder.errors import AuthoringError
from autograder.grade.models import OutcomeRecord, PartResult, Result
from autograder.verify.trials import Caught, FullMarks, Nothing, Trial

FAILED = ("failed", "timed_out", "not_attempted")


@dataclass(frozen=True)
class Row:
    """One line of a proof: what was tried, what had to come, what came."""

    name: str
    expected: str
    came: str
    problems: tuple[AuthoringError, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.problems


def judge(trial: Trial, results: Sequence[Result]) -> Row:
    """The row of a trial whose jobs gave these results, in the order of `trial.jobs()`."""
    problems = [problem for result in results for problem in _broken_checks(result, trial)]
    if not problems:
        if trial.expected == FullMarks():  # a wrong answer may itself be random: which other checks it fails is luck
            problems += _same_marks(results, trial)
        problems += (problem for result in results for problem in _as_expected(result, trial))
    return Row(trial.name, trial.expected.words, _came(results[0], trial), tuple(problems))


def checked(result: Result) -> list[PartResult]:
    """The parts that checks grade."""
    return [part for part in result.parts if part.state != "needs a person"]


def _broken_checks(result: Result, trial: Trial) -> Iterator[AuthoringError]:
    for part in result.parts:
        broken = [outcome for outcome in part.outcomes if outcome.state == "broke"]
        told = [(f"{'checks' if one.visible else 'hidden'}.py, {part.name}.{one.check}", one.message) for one in broken]
        if part.state == "check broke" and not told:  # with another seed than that of the lowest mark
            told = [(f"checks.py or hidden.py, part {part.name}", "an exception with one of the seeds")]
        for place, message in told:
            yield AuthoringError(
                "a check broke: it raised something that is not its own failure",
                where=f"{trial.folder}/{place}",
                came=f"{message}, with {trial.name}",
                expected="CheckFailed (by expect and the comparators) or a plain assert, whatever the answer is",
                mend="look at the answer with as_array, as_number, as_text, … before computing with it",
            )


def _as_expected(result: Result, trial: Trial) -> Iterator[AuthoringError]:
    match trial.expected:
        case FullMarks():
            yield from _not_through(result, trial) if result.status != "graded" else _not_full(trial, checked(result))
        case Nothing():
            yield from _not_nothing(result, trial)
        case Caught():
            yield from _not_caught(result, trial, trial.expected)


def _not_through(result: Result, trial: Trial) -> Iterator[AuthoringError]:
    yield AuthoringError(
        "a right answer did not run through",
        where=trial.where,
        came=f"{result.status}: {result.sentence}",
        expected="each cell runs without an error, within the exercise's limits",
        mend="correct the cell that is named, or raise the limit in exercise.yaml",
    )


def _not_full(trial: Trial, parts: Sequence[PartResult]) -> Iterator[AuthoringError]:
    for part in parts:
        if part.state != "graded" or _lowest(part) < part.max_points:
            yield AuthoringError(
                "a right answer lost points" if trial.expected == FullMarks() else "a part that is right lost points",
                where=f"{trial.where}, part {part.name}",
                came=f"{_points(part)}; {_failures(part)}",
                expected=f"{part.max_points:g} of {part.max_points:g} points, with every seed",
                mend="correct the check, whose inputs or tolerance a right answer does not always meet, or the answer",
            )


def _not_nothing(result: Result, trial: Trial) -> Iterator[AuthoringError]:
    untouched = trial.name == "released notebook"
    for part in checked(result):
        if max(part.rounds, default=0.0) > 0:
            passed = [f"{part.name}.{outcome.check}" for outcome in part.outcomes if outcome.state == "passed"]
            yield AuthoringError(
                "the released notebook, untouched, earns points"
                if untouched
                else f"the {trial.name} earns points without an answer",
                where=f"{trial.where}, part {part.name}",
                came=f"{_points(part)}; passed: {', '.join(passed) or 'a check with some of the seeds'}",
                expected="0 points, with every seed",
                mend="let the check ask for something that only an answer can give, together with what it asks now",
            )


def _not_caught(result: Result, trial: Trial, expected: Caught) -> Iterator[AuthoringError]:
    states = {f"{part}.{outcome.check}": outcome.state for part, outcome in _outcomes(result)}
    for name in expected.by:
        caught = _has_fault(result, name) if name in FAULTS else states.get(name) in FAILED
        if not caught:
            yield AuthoringError(
                "a wrong answer is not caught by the check that it names",
                where=trial.where,
                came=f"{name}: {states.get(name, result.status)}; {_came(result, trial)}",
                expected=f"{name} fails, with every seed",
                mend="sharpen the check, or correct 'Caught by' where another check has to catch it",
            )
    if all(name in FAULTS or states.get(name) in FAILED for name in expected.by):
        yield from _caught_by_luck(result, trial, expected)
    touched = {name.split(".")[0] for name in expected.by if name not in FAULTS}
    if any(name in FAULTS for name in expected.by):
        touched |= {part.name for part in result.parts if part.state != "graded"} | expected.replaced
    others = [part for part in checked(result) if part.name not in touched]
    yield from _not_full(trial, [part for part in others if not trial.only_parts or part.name in trial.only_parts])


def _caught_by_luck(result: Result, trial: Trial, expected: Caught) -> Iterator[AuthoringError]:
    """Outcomes are those of the seed with the lowest mark; a seed with more points than the other checks have must have
    passed a named one."""
    for part in checked(result):
        named = [outcome for outcome in part.outcomes if f"{part.name}.{outcome.check}" in expected.by]
        most = part.max_points - sum(outcome.points for outcome in named)
        if named and max(part.rounds, default=0.0) > most + 1e-9:
            yield AuthoringError(
                "a wrong answer is caught with some seeds only",
                where=trial.where,
                came=f"{_points(part)}; the named checks are worth {part.max_points - most:g}",
                expected=f"{', '.join(f'{part.name}.{outcome.check}' for outcome in named)} fails, with every seed",
                mend="choose inputs that always tell this answer from a right one",
            )


def _has_fault(result: Result, fault: str) -> bool:
    words = fault.strip("()")
    return result.status == words or any(part.state == words for part in result.parts)


def _same_marks(results: Sequence[Result], trial: Trial) -> Iterator[AuthoringError]:
    first = results[0]
    for part in checked(first):
        if len(set(part.rounds)) > 1:
            points = ", ".join(f"{points:g}" for points in part.rounds)
            yield _unfair(trial, part, f"with {len(part.rounds)} seeds on one live kernel: {points} points")
    for result in results[1:]:
        for part, again in zip(checked(first), checked(result), strict=True):
            if part.earned != again.earned and len(set(part.rounds)) <= 1:
                came = f"{part.earned:g} points, and {again.earned:g} in a new process with other seeds"
                yield _unfair(trial, part, f"{came}; then {_failures(again)}")


def _unfair(trial: Trial, part: PartResult, came: str) -> AuthoringError:
    return AuthoringError(
        "the marks depend on chance",
        where=f"{trial.where}, part {part.name}",
        came=f"{came}; at the lowest {_failures(part)}",
        expected="the same marks for the same answer, whatever the seeds are",
        mend="choose inputs that always tell right from wrong; use submission.rng alone, and keep no state in a check",
    )


def _came(result: Result, trial: Trial) -> str:
    """What came, in words for the table."""
    parts = checked(result)
    failed = [f"{part}.{outcome.check}" for part, outcome in _outcomes(result) if outcome.state in FAILED]
    fault = f" ({result.status})" if result.status != "graded" else ""
    if isinstance(trial.expected, Caught):
        others = [name for name in failed if name not in trial.expected.by]
        named = [name for name in trial.expected.by if name in failed or _has_fault(result, name)]
        return (", ".join(named) or "nothing named") + (f"; also {', '.join(others)}" if others else "") + fault
    earned, most = sum(_lowest(part) for part in parts), sum(part.max_points for part in parts)
    if isinstance(trial.expected, Nothing):
        earned = sum(max(part.rounds, default=0.0) for part in parts)
    used = f", {result.cpu_s:.1f} s of CPU, {result.memory_peak_mib:.0f} MiB" if "profile" in trial.name else ""
    return f"{earned:g} of {most:g}{fault}{used}"


def _outcomes(result: Result) -> Iterator[tuple[str, OutcomeRecord]]:
    for part in result.parts:
        for outcome in part.outcomes:
            yield part.name, outcome


def _lowest(part: PartResult) -> float:
    return min(part.rounds, default=0.0)


def _points(part: PartResult) -> str:
    rounds = sorted({f"{points:g}" for points in part.rounds}) or ["0"]
    state = f" ({part.state})" if part.state != "graded" else ""
    return f"{' or '.join(rounds)} of {part.max_points:g} points{state}"


def _failures(part: PartResult) -> str:
    """The checks that did not pass, with what a visible one said."""
    said = []
    for outcome in part.outcomes:
        if outcome.state != "passed":
            details = [text for text in (outcome.message, outcome.came and f"came {outcome.came}") if text]
            said.append(
                f"{part.name}.{outcome.check} {outcome.state}" + (f" ({'; '.join(details)})" if details else "")
            )
    return ", ".join(said) or "no check failed"
