"""Runs the checks of a part against a submission; the same for a learner's notebook and for the grader."""

import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from workbench.checks import Check, CheckFailed, LearnerGone, NotAttempted, Part, TimedOut
from workbench.submission import Submission

PASSED, FAILED, NOT_ATTEMPTED = "passed", "failed", "not_attempted"
BROKE, TIMED_OUT, SKIPPED = "broke", "timed_out", "skipped"


@dataclass(frozen=True)
class Outcome:
    """What one check found; `points` is what it is worth.

    `message`, `expected`, `came` and `given` are texts for people.
    """

    check: str
    title: str
    visible: bool
    points: float
    earned: float
    state: str
    message: str = ""
    expected: str | None = None
    came: str | None = None
    given: str | None = None
    hints: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def run_part(part: Part, submission_for: Callable[[Check], Submission], *, hidden: bool = True) -> list[Outcome]:
    """The outcomes of the part's checks, in order.

    Once the learner's code ran out of time or ended, the rest is skipped.
    """
    outcomes: list[Outcome] = []
    stopped = ""
    for check in part.checks:
        if not (hidden or check.visible):
            continue
        if stopped:
            outcomes.append(_outcome(check, SKIPPED, message=stopped))
            continue
        outcome = _run_check(check, submission_for(check))
        outcomes.append(outcome)
        if outcome.state == TIMED_OUT:
            stopped = "not run: an earlier check of this part ran out of time"
        elif outcome.state == SKIPPED:
            stopped = outcome.message
    return outcomes


def _run_check(check: Check, submission: Submission) -> Outcome:
    try:
        check.function(submission)
    except NotAttempted as failure:
        return _outcome(check, NOT_ATTEMPTED, message=failure.why)
    except LearnerGone as failure:
        return _outcome(check, SKIPPED, message=failure.why)
    except TimedOut as failure:
        return _failed(check, TIMED_OUT, failure)
    except CheckFailed as failure:
        return _failed(check, FAILED, failure)
    except AssertionError as failure:
        return _outcome(check, FAILED, message=str(failure) or "this does not hold yet", hints=check.hints)
    except Exception as error:  # noqa: BLE001 - the author's fault, and so told: never a mark without a person who looks
        line = traceback.extract_tb(error.__traceback__)[-1]
        text = f"{type(error).__name__}: {error} ({line.name}, line {line.lineno})"
        return _outcome(check, BROKE, message=text[:2000])
    return _outcome(check, PASSED, earned=check.points)


def _failed(check: Check, state: str, failure: CheckFailed) -> Outcome:
    seen: dict[str, Any] = {"expected": failure.expected, "came": failure.came, "given": failure.given}
    return _outcome(check, state, message=failure.why, hints=check.hints, **seen)


def _outcome(check: Check, state: str, earned: float = 0.0, **fields: Any) -> Outcome:
    return Outcome(check.name, check.title, check.visible, check.points, earned, state, **fields)
