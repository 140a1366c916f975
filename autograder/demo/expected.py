"""What a submission of the demo must come to; a mark that differs makes the demo fail."""

from dataclasses import dataclass
from typing import Literal

from autograder.build.variants import FAULTS
from autograder.grade.models import Record, Result

CAUGHT = ("failed", "timed_out", "not_attempted")


@dataclass(frozen=True)
class Expected:
    """Points and status.

    Attributes:
        points: "full": all that checks can give; "nothing": 0; "some": more than 0, less than all; "left aside": no
            mark, but a sentence for the instructor; "caught": the checks of `caught_by` fail.
        statuses: that are right.
        caught_by: `part.check` names, or a fault in brackets.
    """

    points: Literal["full", "nothing", "some", "left aside", "caught"]
    statuses: tuple[str, ...] = ("graded",)
    caught_by: tuple[str, ...] = ()

    def problem(self, record: Record | None, sentences: list[str]) -> str:
        """What differs; "" where all is as expected. `sentences`: what the grader said about it, for no mark."""
        if record is None or self.points == "left aside":
            as_expected = record is None and self.points == "left aside" and bool(sentences)
            return "" if as_expected else f"expected {self._words()}, came {_came(record, sentences)}"
        result = record.result
        earned, most = checked_points(record)
        right = {
            "full": earned == most,
            "nothing": earned == 0,
            "some": 0 < earned < most,
            "caught": all(_is_caught(result, name) for name in self.caught_by),
        }[self.points]
        fine = right and (self.points == "caught" or result.status in self.statuses)
        return "" if fine else f"expected {self._words()}, came {_came(record, sentences)}"

    def _words(self) -> str:
        if self.points == "caught":
            return f"caught by {', '.join(self.caught_by)}"
        return self.points if self.points == "left aside" else f"{self.points}, {' or '.join(self.statuses)}"


def checked_points(record: Record) -> tuple[float, float]:
    """Points earned in the parts that checks grade, and the most that can be; written parts wait for a person."""
    parts = [part for part in record.result.parts if part.name not in record.written_sha256]
    return sum(part.earned for part in parts), sum(part.max_points for part in parts)


def _is_caught(result: Result, name: str) -> bool:
    if name in FAULTS:
        return name.strip("()") in (result.status, *(part.state for part in result.parts))
    part_name, check = name.split(".")
    outcomes = [outcome for part in result.parts if part.name == part_name for outcome in part.outcomes]
    return any(outcome.check == check and outcome.state in CAUGHT for outcome in outcomes)


def _came(record: Record | None, sentences: list[str]) -> str:
    if record is None:
        return f"no mark: {'; '.join(sentences) or 'and no word about it'}"
    earned, most = checked_points(record)
    return f"{earned:g} of {most:g} points, {record.result.status}: {record.result.sentence}"
