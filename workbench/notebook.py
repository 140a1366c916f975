"""`wb.check` and `wb.hint`: the visible checks of a part, run in the learner's own notebook."""

import contextlib
import html
import io
import os
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench import graded, notes, table
from workbench.checks import Check, Part
from workbench.errors import KitError
from workbench.lessons.shown import is_live, show
from workbench.loading import load_parts
from workbench.local import run_local
from workbench.printed import bounded
from workbench.running import BROKE, FAILED, NOT_ATTEMPTED, PASSED, TIMED_OUT, Outcome

EXERCISE_FOLDER = "WORKBENCH_EXERCISE"
NBGRADER_MODE = "NBGRADER_EXECUTION"  # set by nbgrader to "autograde" or "validate"


@dataclass
class _Hints:
    """Of one part. `missed`: the checks that did not pass last, None where all did; `shown`: hints shown, by check."""

    missed: list[Check] | None = None
    shown: Counter[str] = field(default_factory=Counter)


_hints: dict[str, _Hints] = {}  # by part
STOPPED = "The check was stopped. Nothing was decided; run the cell again when you like."


class CheckError(KitError):
    """The checks could not run, or not pass; shown in a notebook without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def check(part: str) -> float | None:
    """Runs the visible checks of a part and shows what they found.

    Returns:
        None. Where nbgrader grades by itself, the points that were earned, which is its partial credit; where it
        validates, None when all visible checks passed.

    Raises:
        CheckError: there is no such part, or no checks.py; or nbgrader validates and a visible check did not pass.
    """
    if graded.is_graded():
        print("The checks of this part are run by the grader.")
        return None
    mode = os.environ.get(NBGRADER_MODE, "")
    declared = _find(part)
    try:
        with bounded(), _quiet_stderr() if mode else contextlib.nullcontext():
            outcomes = run_local(declared, _namespace(), _folder())
    except KeyboardInterrupt:
        if mode:  # its time is up: swallowing that would be full marks
            raise
        print(STOPPED)
        return None
    _note(declared, outcomes)
    table.show(declared, outcomes, actions={"Check again": lambda: _again(part), "Next hint": lambda: _page(part)})
    if mode == "validate":
        _refuse_failed(part, outcomes)
        return None
    if mode:
        return float(sum(outcome.earned for outcome in outcomes))
    notes.part(part, [outcome.state == PASSED for outcome in outcomes])
    return None


def hint(part: str) -> None:
    """Shows the next hint for the checks of this part that did not pass: first a question, then a plainer one.

    A check that runs again and still does not pass goes on with the hint after the last one that was shown.

    Raises:
        CheckError: there is no such part, or no checks.py.
    """
    first = _next_hint(part)
    show(first, f"<p>{html.escape(first)}</p>")
    if is_live() and part in _hints and _hints[part].missed:
        again = "Run this cell again for the next hint."
        show(again, f"<p>{again}</p>", lambda: table.buttons(f"Hints: {part}", {"Next hint": lambda: _page(part)}))


def _again(part: str) -> tuple[list[Outcome] | None, str]:
    """Checks once more, for a button: the outcomes, if any, and what to say, as HTML."""
    declared, printed = _find(part), io.StringIO()
    try:
        with bounded(printed):
            outcomes = run_local(declared, _namespace(), _folder())
    except KeyboardInterrupt:
        return None, f"<p>{STOPPED}</p>"
    _note(declared, outcomes)
    notes.part(part, [outcome.state == PASSED for outcome in outcomes])
    said = f"<p>Checked again. {html.escape(table.summary(declared, outcomes))}.</p>"
    if text := printed.getvalue():
        said += f"<details><summary>What your code printed</summary><pre>{html.escape(text)}</pre></details>"
    return outcomes, said


def _page(part: str) -> tuple[None, str]:
    """The next hint, for a button."""
    return None, f"<p>{html.escape(_next_hint(part))}</p>"


def _next_hint(part: str) -> str:
    if part not in _hints:
        _find(part)
        return f'First run wb.check("{part}"): hints are for the checks that do not pass yet.'
    hints = _hints[part]
    if hints.missed is None:
        return "All visible checks of this part pass: there is nothing to hint at."
    left = [check for check in hints.missed if hints.shown[check.name] < len(check.hints)]
    if not left:
        again = " The next one is the first again." if any(check.hints for check in hints.missed) else ""
        hints.shown.clear()
        return f"There are no more hints for this part. Talk to somebody: saying it aloud often helps.{again}"
    check = min(left, key=lambda check: hints.shown[check.name])  # all first hints, then the second ones
    hints.shown[check.name] += 1
    return f"Hint for “{check.title}”: {check.hints[hints.shown[check.name] - 1]}"


def _find(name: str) -> Part:
    folder = _folder()
    if not (folder / "checks.py").is_file():
        raise CheckError(
            "The checks of this exercise are not here.",
            where=f"wb.check({name!r})",
            came=f"no checks.py in {folder}",
            expected="checks.py beside the notebook, as the exercise was handed out",
            mend=f"open the notebook in its own folder, or set {EXERCISE_FOLDER} to that folder",
        )
    try:
        parts = load_parts(folder, hidden=False)
    except KitError as error:
        mend = "a mistake of the exercise, not yours: tell whoever gave it to you"
        raise CheckError(error.what, error.where, error.came, error.expected, mend) from error
    if name not in parts:
        raise CheckError(
            "This exercise has no such part.",
            where=f"wb.check({name!r})",
            came=repr(name),
            expected=" or ".join(repr(known) for known in parts) or "(it has no parts)",
        )
    return parts[name]


def _folder() -> Path:
    return Path(os.environ.get(EXERCISE_FOLDER) or Path.cwd())


def _namespace() -> dict[str, Any]:
    """The names of the notebook, or of the script where there is no notebook."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return shell.user_ns if shell is not None else vars(sys.modules["__main__"])


def _note(part: Part, outcomes: list[Outcome]) -> None:
    """What hints are for, in order; also what was not attempted yet. A check that passes begins anew, should it fail
    again.
    """
    hints = _hints.setdefault(part.name, _Hints())
    states = {outcome.check: outcome.state for outcome in outcomes}
    missed = [check for check in part.checks if states.get(check.name) in (FAILED, TIMED_OUT, NOT_ATTEMPTED)]
    hints.missed = None if all(state == PASSED for state in states.values()) else missed
    for name, state in states.items():
        if state == PASSED:
            del hints.shown[name]


def _refuse_failed(part: str, outcomes: list[Outcome]) -> None:
    """nbgrader's validator takes an error for a failed cell, and shows its text."""
    missed = [outcome for outcome in outcomes if outcome.state != PASSED]
    if not missed:
        return
    first = missed[0]
    raise CheckError(
        f"{len(missed)} of {len(outcomes)} visible checks did not pass; the first: {first.title}.",
        where=f"wb.check({part!r})",
        came=first.message + (f": {first.came}" if first.came else ""),
        expected=first.expected or "",
        mend="tell whoever gave you this exercise" if first.state == BROKE else "",
    )


@contextlib.contextmanager
def _quiet_stderr() -> Iterator[None]:
    """nbgrader gives no point to a cell that wrote to stderr: what a learner's code writes there goes to stdout."""
    with contextlib.redirect_stderr(sys.stdout):
        yield
