"""From outcomes to marks: what a part earned, its state, and the sentence that a learner reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from autograder.grade.models import OutcomeRecord, PartResult, PartSpec, PartState, Status, bounded
from workbench.running import Outcome

TEXTS = ("message", "expected", "came", "given")
FAULTS_IN_PARTS: dict[Status, str] = {
    "timed out": "took too long",
    "out of memory": "needed too much memory",
    "kernel died": "ended the kernel",
}


@dataclass
class PartMark:
    """What the referee found for one part: outcomes per round, and the fault that touched it, if any."""

    rounds: list[list[Outcome]] = field(default_factory=list)
    fault: PartState | None = None

    def add(self, outcomes: Sequence[Mapping[str, Any]]) -> None:
        self.rounds.append([Outcome(**{**outcome, "hints": tuple(outcome["hints"])}) for outcome in outcomes])

    @property
    def earned(self) -> float:
        return min((_earned(outcomes) for outcomes in self.rounds), default=0.0)

    @property
    def worst(self) -> list[Outcome]:
        return min(self.rounds, key=_earned, default=[])

    @property
    def state(self) -> PartState:
        states = {outcome.state for outcomes in self.rounds for outcome in outcomes}
        if "broke" in states:
            return "check broke"
        if self.fault is not None:
            return self.fault
        return "timed out" if "timed_out" in states else "graded"

    def has_learner_text(self) -> bool:
        """Whether a visible outcome holds words that may come from the learner's process."""
        return any(o.visible and o.state in ("failed", "timed_out", "not_attempted", "broke") for o in self.worst)

    def forget_texts(self) -> None:
        worst = self.worst
        self.rounds[self.rounds.index(worst)] = [_without_texts(o) if o.visible else o for o in worst]

    def take_texts(self, other: "PartMark") -> None:
        """The texts of the other's visible outcomes, where both came to the same state."""
        texts = {o.check: o for o in other.worst if o.visible}
        worst = self.worst
        self.rounds[self.rounds.index(worst)] = [
            replace(o, **{name: getattr(texts[o.check], name) for name in TEXTS})
            if o.visible and o.check in texts and texts[o.check].state == o.state
            else o
            for o in worst
        ]


def part_results(specs: Sequence[PartSpec], marks: Mapping[str, PartMark]) -> tuple[PartResult, ...]:
    """One result per part of the exercise; what was never reached earns nothing and says so."""
    results = []
    for spec in specs:
        mark = marks.get(spec.name)
        if spec.kind == "written":
            state: PartState = "needs a person"
        else:
            state = mark.state if mark is not None else "not reached"
        results.append(
            PartResult(
                name=spec.name,
                earned=mark.earned if mark is not None else 0.0,
                max_points=spec.max_points,
                state=state,
                outcomes=tuple(record_of(outcome) for outcome in mark.worst) if mark is not None else (),
                rounds=tuple(_earned(outcomes) for outcomes in mark.rounds) if mark is not None else (),
            )
        )
    return tuple(results)


def record_of(outcome: Outcome) -> OutcomeRecord:
    """An outcome as it travels; of a hidden check only title, state and hints, nothing from the learner's process."""
    if not outcome.visible and outcome.state != "broke":
        outcome = _without_texts(outcome)
    return OutcomeRecord.of(outcome)


def verdict(parts: Sequence[PartResult], faults: "FaultNotes") -> tuple[Status, str]:
    """The status of a submission, decided by the first fault in the notebook, and a sentence that names them all."""
    broken = [part.name for part in parts if part.state == "check broke"]
    sentences = list(faults.sentences)
    if broken:
        names = ", ".join(broken)
        sentences.append(f"A check of {names} broke; that is not your fault, and a person will look at it.")
        return "check broke", bounded(" ".join(sentences), 2000)
    if faults.first is not None:
        return faults.first, bounded(" ".join(sentences), 2000)
    for state, what in FAULTS_IN_PARTS.items():
        names = ", ".join(part.name for part in parts if part.state == state)
        if names:
            return state, f"While it was checked, the code of {names} {what}; the other parts were graded."
    return "graded", " ".join(sentences) or "All parts were graded."


class FaultNotes:
    """What went wrong with whole cells, in the order in which it did."""

    first: Status | None
    sentences: list[str]


def _earned(outcomes: Sequence[Outcome]) -> float:
    return sum(outcome.earned for outcome in outcomes)


def _without_texts(outcome: Outcome) -> Outcome:
    return replace(outcome, message="", expected=None, came=None, given=None)
