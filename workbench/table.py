"""The table that a check shows: text and HTML in one output, and buttons below it where widgets work.

The output is readable without widgets and without colour: on a saved page, in feedback, in a terminal. HTML has
inline styles only, since a sanitiser would leave the text of a style sheet on the page.
"""

import html
from collections.abc import Callable, Mapping
from typing import Any

from workbench.checks import Part
from workbench.lessons import shown as pieces
from workbench.running import BROKE, FAILED, NOT_ATTEMPTED, PASSED, SKIPPED, TIMED_OUT, Outcome

Action = Callable[[], tuple[list[Outcome] | None, str]]
MAX_CHARS, MAX_LINES = 600, 12
MORE = "Further checks may run when your work is graded."
AUTHOR = "A mistake of the exercise, not yours. Please tell whoever gave it to you, with this text: "

# Each mark says by itself what it means; white on these grounds has a contrast of at least 5:1, in any theme.
MARKS = {
    PASSED: ("✓ passed", "#1a7f37"),
    FAILED: ("✗ failed", "#b42318"),
    TIMED_OUT: ("✗ out of time", "#b42318"),
    NOT_ATTEMPTED: ("… not attempted", "#57606a"),
    SKIPPED: ("– not run", "#57606a"),
    BROKE: ("! check broke", "#8a4600"),
}
CELL = "text-align:left;vertical-align:top;padding:4px 8px;white-space:pre-wrap;border-top:1px solid #8c959f"


def show(part: Part, outcomes: list[Outcome], *, actions: Mapping[str, Action]) -> None:
    """Shows the outcomes in the notebook, or prints them where there is none.

    Args:
        actions: buttons below, where widgets work and something did not pass. Each returns other outcomes for the
            table, or None, and what to say below the buttons.
    """
    handle = pieces.show(as_text(part, outcomes), as_html(part, outcomes))
    if not pieces.is_live() or all(outcome.state == PASSED for outcome in outcomes):
        return

    def updating(act: Action) -> Action:
        def pressed() -> tuple[list[Outcome] | None, str]:
            again, said = act()
            if again is not None:
                handle.update(pieces.bundle(as_text(part, again), as_html(part, again)), raw=True)
            return again, said

        return pressed

    updated = {label: updating(act) for label, act in actions.items()}
    twin = f'Run this cell again to check again; wb.hint("{part.name}") gives a hint.'
    pieces.show(twin, f"<p>{_escape(twin)}</p>", lambda: buttons(f"{part.title}: checks", updated))


def buttons(label: str, actions: Mapping[str, Action]) -> Any:
    """The widget with a button for each action; `label` names the group of them."""
    from workbench.lessons.controls import controls

    listed = [{"name": name, "label": name} for name in actions]
    return controls(
        {"kind": "buttons", "label": label, "buttons": listed}, lambda action: actions[action["pressed"]]()[1]
    )


def as_text(part: Part, outcomes: list[Outcome]) -> str:
    """The table as plain text; a sentence where there is nothing to check."""
    if not outcomes:
        return summary(part, outcomes)
    lines = [summary(part, outcomes)]
    for outcome in outcomes:
        mark = MARKS[outcome.state][0]
        lines.append(f"  {mark:<16}{_points(outcome):>7}  {outcome.title}")
        for label, value in _details(outcome):
            first, *rest = _cut(value).splitlines() or [""]
            lines.append(f"      {label + ':':<10}{first}")
            lines.extend(" " * 16 + line for line in rest)
    if _has_hints(outcomes):
        lines.append(f'  A hint: wb.hint("{part.name}")')
    return "\n".join([*lines, f"  {MORE}"])


def as_html(part: Part, outcomes: list[Outcome]) -> str:
    """The table as HTML; every text is escaped. A sentence where there is nothing to check."""
    if not outcomes:
        return f"<p>{_escape(summary(part, outcomes))}</p>"
    heads = ("Result", "Check", "Points", "Expected", "Came", "Input", "Message")
    head = " ".join(f'<th scope="col" style="{CELL}">{name}</th>' for name in heads)
    rows = "".join(_row(outcome) for outcome in outcomes)
    caption = f'<caption style="text-align:left;color:inherit">{_escape(summary(part, outcomes))}</caption>'
    return (
        f'<div style="overflow-x:auto"><table style="border-collapse:collapse">{caption}'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table><p>{MORE}</p></div>"
    )


def _row(outcome: Outcome) -> str:
    first = f'<td style="{CELL}">{pieces.pill(MARKS[outcome.state])}</td>'
    texts = (outcome.expected or "", outcome.came or "", outcome.given or "", _message(outcome))
    cells = [f'<td style="{CELL}">{_escape(text)}</td>' for text in (outcome.title, _points(outcome), *texts[:3])]
    last = f'<td style="{CELL}">{_escape(texts[3])}{_disclosure(outcome)}</td>'
    return f"<tr>{' '.join([first, *cells, last])}</tr>"


def _disclosure(outcome: Outcome) -> str:
    """The hints, each behind a fold, the second inside the first."""
    if outcome.state == PASSED:
        return ""
    return pieces.folded([_escape(hint) for hint in outcome.hints])


def _details(outcome: Outcome) -> list[tuple[str, str]]:
    if outcome.state == PASSED:
        return []
    fields = [("expected", outcome.expected), ("came", outcome.came), ("input", outcome.given)]
    return [(label, text) for label, text in [*fields, ("message", _message(outcome))] if text]


def _message(outcome: Outcome) -> str:
    first = outcome.message.strip().split("\n")[0]
    return AUTHOR + first if outcome.state == BROKE else first


def summary(part: Part, outcomes: list[Outcome]) -> str:
    """How many points the visible checks gave, in words."""
    if not outcomes:
        return f"{part.title}: this part has no visible checks; it is graded after you hand in."
    earned, points = sum(o.earned for o in outcomes), sum(o.points for o in outcomes)
    return f"{part.title}: {earned:g} of {points:g} points of the visible checks"


def _points(outcome: Outcome) -> str:
    return f"{outcome.earned:g}/{outcome.points:g}"


def _has_hints(outcomes: list[Outcome]) -> bool:
    return any(outcome.hints and outcome.state != PASSED for outcome in outcomes)


def _cut(text: str) -> str:
    lines = text[:MAX_CHARS].splitlines()
    cut = len(text) > MAX_CHARS or len(lines) > MAX_LINES
    return "\n".join(lines[:MAX_LINES]) + (" …" if cut else "")


def _escape(text: str) -> str:
    return html.escape(_cut(text))
