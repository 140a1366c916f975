"""What a report needs to know of an exercise: its parts, its checks, and the beliefs behind its wrong answers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from autograder.build.authored import Authored, read_exercise
from autograder.catalogue.find import Catalogue
from autograder.catalogue.models import Limits
from autograder.errors import KitError
from autograder.grade.models import OutcomeRecord, PartResult, Record


@dataclass(frozen=True)
class PartFacts:
    """A part: `written` ones are graded by a person. `gone`: only records know it."""

    name: str
    title: str
    written: bool
    gone: bool = False


@dataclass(frozen=True)
class CheckFacts:
    """A check. `gone`: only records know it, the exercise has changed."""

    part: str
    name: str
    title: str
    points: float
    visible: bool
    gone: bool = False

    @property
    def full_name(self) -> str:
        """As "Caught by:" names it, `part.check`."""
        return f"{self.part}.{self.name}"


@dataclass(frozen=True)
class Belief:
    """What the author of a wrong answer believes, and the checks (or faults in brackets) that must catch it."""

    sentence: str
    caught_by: frozenset[str]


@dataclass(frozen=True)
class ExerciseFacts:
    """An exercise as far as it is known. `problem` says why something is missing, "" where nothing is."""

    name: str
    title: str
    parts: tuple[PartFacts, ...]
    checks: tuple[CheckFacts, ...]
    beliefs: tuple[Belief, ...] = ()
    limits: Limits | None = None
    problem: str = ""


def exercise_facts(name: str, catalogue: Catalogue, records: Sequence[Record]) -> ExerciseFacts:
    """The facts of an exercise; of one that is gone or does not load, those that its records hold."""
    exercise = catalogue.exercises.get(name)
    if exercise is None:
        lost = "The exercise no longer exists here. Titles are those of the results; its misconceptions are not known."
        return _with_records(ExerciseFacts(name, name, (), (), problem=lost), records, gone=False)
    try:
        authored = read_exercise(exercise)
    except KitError as error:
        lost = (
            f"The exercise has a mistake ({error.where}: {error.what}). Titles are those of the results; its "
            f"misconceptions are not known. `autograder verify {name}` says more."
        )
        return _with_records(ExerciseFacts(name, name, (), (), problem=lost), records, gone=False)
    return _with_records(_of_authored(name, authored), records, gone=True)


def _of_authored(name: str, authored: Authored) -> ExerciseFacts:
    checked = [PartFacts(part.name, part.title, written=False) for part in authored.parts.values()]
    written = [PartFacts(name, rubric.title, written=True) for name, rubric in authored.spec.rubrics.items()]
    checks = [
        CheckFacts(part.name, check.name, check.title, check.points, check.visible)
        for part in authored.parts.values()
        for check in part.checks
    ]
    beliefs = [
        Belief(" ".join(variant.believed.split()), frozenset(variant.caught_by))
        for variant in authored.variants
        if variant.kind == "wrong" and variant.believed
    ]
    spec = authored.spec
    return ExerciseFacts(name, spec.title, (*checked, *written), tuple(checks), tuple(beliefs), spec.limits)


def _with_records(facts: ExerciseFacts, records: Sequence[Record], *, gone: bool) -> ExerciseFacts:
    """Adds parts and checks that only the records know; `gone` marks them as left over from an earlier version."""
    parts = {part.name: part for part in facts.parts}
    checks = {check.full_name: check for check in facts.checks}
    for result in (part for record in records for part in record.result.parts):
        parts.setdefault(result.name, _part_of(result, gone))
        for outcome in result.outcomes:
            check = _check_of(result.name, outcome, gone)
            checks.setdefault(check.full_name, check)
    return replace(facts, parts=tuple(parts.values()), checks=tuple(checks.values()))


def _part_of(result: PartResult, gone: bool) -> PartFacts:
    return PartFacts(result.name, result.name, written=result.state == "needs a person", gone=gone)


def _check_of(part: str, outcome: OutcomeRecord, gone: bool) -> CheckFacts:
    return CheckFacts(part, outcome.check, outcome.title, outcome.points, outcome.visible, gone)
