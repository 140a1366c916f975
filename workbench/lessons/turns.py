"""`wb.your_turn`: the step of a worked example that is left to the reader, looked at as soon as it is written."""

from collections.abc import Callable, Sequence
from typing import Any

from workbench.lessons.shown import (
    HINTS,
    OPEN,
    RIGHT,
    WRONG,
    LessonError,
    Mark,
    as_sentence,
    folded,
    is_solved_run,
    pill,
    prose,
    show,
)

_UNSET: Any = object()


def your_turn(title: str, attempt: Callable[[], Any], want: Any = _UNSET, hints: Sequence[str] = ()) -> None:
    """Runs the reader's step and says whether it holds; a step that is not written yet stops nothing.

    Args:
        title: what the step does, a few words.
        attempt: a function of no arguments that calls the reader's code and returns its value. Where `want` is left
            out, it is itself the check: it fails by `expect` or `same_table` of workbench.checks, or by an assert.
        want: the value that should come: numbers and arrays agree within 1e-6, all else by ==.
        hints: two at most, the second plainer than the first.

    Raises:
        LessonError: `attempt` is no function, too many hints; or the notebook holds the author's answer, and it fails.
    """
    title = as_sentence(title, "The step's title", "wb.your_turn")
    where = f"wb.your_turn({title!r})"
    if not callable(attempt):
        raise LessonError("The second argument is no function.", where, repr(attempt)[:200], "lambda: my_function(…)")
    if isinstance(hints, str) or len(hints) > 2:
        raise LessonError("The hints do not fit.", where, repr(hints)[:200], "a list of at most two texts")
    mark, details = _looked_at(attempt, want)
    if mark != RIGHT and is_solved_run():
        told = "; ".join(f"{label} {text}" for label, text in details)
        raise LessonError("The author's answer to this step does not hold.", where, f"{mark[0]}: {told}"[:500])
    show(_text(title, mark, details, hints), _page(title, mark, details, hints))


def _looked_at(attempt: Callable[[], Any], want: Any) -> tuple[Mark, list[tuple[str, str]]]:
    """The mark, and what to say as (label, text)."""
    from workbench.failures import CheckFailed
    from workbench.failures import show as shown

    try:
        came = attempt()
        if want is _UNSET:
            return RIGHT, []
        if came is None and want is not None:
            return OPEN, [("to do", "nothing came back yet: write the step above and run its cell")]
        if _same(came, want):
            return RIGHT, [("came", shown(came) or "None")]
    except NotImplementedError as error:
        return OPEN, [("to do", str(error) or "write the step above and run its cell")]
    except CheckFailed as error:
        fields = [("message", error.why), ("expected", error.expected), ("came", error.came), ("input", error.given)]
        return WRONG, [(label, text) for label, text in fields if text]
    except Exception as error:  # noqa: BLE001 - whatever the reader's code raises is an answer
        return WRONG, [("message", f"your code raised {type(error).__name__}: {error}"[:400])]
    return WRONG, [("expected", shown(want) or "None"), ("came", shown(came) or "None")]


def _same(came: Any, want: Any) -> bool:
    from workbench.checks import close, same_table

    if hasattr(want, "columns") and hasattr(want, "index"):
        same_table(came, want, keys=[])
        return True
    if isinstance(want, dict):
        return isinstance(came, dict) and came.keys() == want.keys() and all(_same(came[k], want[k]) for k in want)
    if isinstance(want, (str, bytes, bool, set, frozenset)) or want is None:
        return type(came) is type(want) and bool(came == want)
    try:
        return close(came, want)
    except (TypeError, ValueError):
        return bool(came == want)


def _text(title: str, mark: Mark, details: list[tuple[str, str]], hints: Sequence[str]) -> str:
    lines = [f"Your turn: {title}: {mark[0]}"]
    for label, text in details:
        first, *rest = text.splitlines() or [""]
        lines += [f"  {label + ':':<10}{first}", *(" " * 12 + line for line in rest)]
    if mark != RIGHT:
        lines += [f"  {name}: {hint}" for name, hint in zip(HINTS, hints, strict=False)]
    return "\n".join(lines)


def _page(title: str, mark: Mark, details: list[tuple[str, str]], hints: Sequence[str]) -> str:
    items = "".join(f"<li>{label}: <code>{prose(text)}</code></li>" for label, text in details)
    inner = "" if mark == RIGHT else folded([prose(hint) for hint in hints])
    listed = f"<ul>{items}</ul>" if items else ""
    return f"<p><strong>Your turn:</strong> {prose(title)} {pill(mark)}</p>{listed}{inner}"
