"""`wb.order`: lines to put in order (a Parsons problem), by buttons that a keyboard reaches."""

import hashlib
import html
import random
from collections.abc import Sequence
from typing import Any

from workbench.lessons.shown import RIGHT, WRONG, LessonError, as_sentence, prose, reply, show

MOST_LINES = 12
_TRIES = 1000
_LINE = "white-space:pre-wrap;margin:0;font-family:monospace"


def order(lines: Sequence[str], question: str, also: Sequence[Sequence[str]] = (), why: str = "") -> None:
    """Shows lines in a wrong order, the same at each run, and checks the order that the reader gives them.

    Args:
        lines: 3 to 12 lines in the right order; leading spaces are kept.
        question: what they do when they are in order.
        also: other right orders of the same lines.
        why: explains the right order; shown with it.

    Raises:
        LessonError: too few or too many lines, or another right order that has other lines.
    """
    question = as_sentence(question, "The question", "wb.order")
    orders = _checked_orders(lines, also, f"wb.order(…, {question[:60]!r})")
    mixed = shuffled(orders)
    twins = _text(question, mixed, orders[0], why), _page(question, mixed, orders[0], why)
    show(*twins, lambda: _rows(question, mixed, orders, why))


def shuffled(orders: Sequence[Sequence[str]]) -> list[str]:
    """The lines in an order that is none of the right ones; the same each time."""
    luck = random.Random(hashlib.sha256("\n".join(orders[0]).encode()).digest())
    for _ in range(_TRIES):
        mixed = luck.sample(list(orders[0]), len(orders[0]))
        if mixed not in [list(right) for right in orders]:
            return mixed
    raise LessonError("Every order is right.", where="wb.order", expected="at least one order that is wrong")


def judged(given: Sequence[str], orders: Sequence[Sequence[str]]) -> tuple[bool, str]:
    """Whether the order is right, and what to say about it."""
    right_from_start = max(_agreeing(given, right) for right in orders)
    if right_from_start == len(given):
        return True, "The lines are in order."
    stay = {0: "", 1: "The first line can stay. "}.get(
        right_from_start, f"The first {right_from_start} lines can stay. "
    )
    line = given[right_from_start].strip()
    return False, f"{stay}Look at line {right_from_start + 1}, `{line}`: has everything that it needs happened by then?"


def _agreeing(given: Sequence[str], right: Sequence[str]) -> int:
    return next((i for i, (a, b) in enumerate(zip(given, right, strict=True)) if a != b), len(given))


def _checked_orders(lines: Sequence[str], also: Sequence[Sequence[str]], where: str) -> list[list[str]]:
    listed = not isinstance(lines, str) and all(str(line).strip() for line in lines)
    if not listed or not 3 <= len(lines) <= MOST_LINES or len(set(lines)) < 2:
        expected = f"a list of 3 to {MOST_LINES} lines of text in the right order"
        raise LessonError("These lines cannot be put in order.", where=where, came=repr(lines)[:200], expected=expected)
    for other in also:
        if sorted(other) != sorted(lines):
            raise LessonError(
                "Another right order has other lines.",
                where=where,
                came=repr(list(other))[:200],
                expected=repr(list(lines))[:200],
            )
    return [list(lines), *(list(other) for other in also)]


def _text(question: str, mixed: list[str], right: list[str], why: str) -> str:
    numbered = [f"  {number}  {line}" for number, line in enumerate(mixed, 1)]
    solution = ["The right order, to be read after trying:", *(f"  {mixed.index(line) + 1}  {line}" for line in right)]
    return "\n".join([f"Put in order: {question}", *numbered, *solution, *filter(None, [why.strip()])])


def _page(question: str, mixed: list[str], right: list[str], why: str) -> str:
    explained = f"<p>{prose(why)}</p>" if why else ""
    return (
        f"<p><strong>Put in order:</strong> {prose(question)}</p>{_list(mixed)}"
        f"<details><summary>The right order</summary>{_list(right)}{explained}</details>"
    )


def _list(lines: list[str]) -> str:
    return f"<ol>{''.join(f'<li>{_code(line)}</li>' for line in lines)}</ol>"


def _code(line: str) -> str:
    return f'<pre style="{_LINE}">{html.escape(line)}</pre>'


def _rows(question: str, mixed: list[str], orders: list[list[str]], why: str) -> Any:
    """A row for each place: two buttons and the line that is there. The focus goes with the line that is moved."""
    import ipywidgets

    now = list(mixed)
    texts = [ipywidgets.HTML(_code(line)) for line in now]
    said = ipywidgets.HTML()
    buttons: list[dict[int, Any]] = []

    def move(place: int, step: int) -> None:
        target = place + step
        now[place], now[target] = now[target], now[place]
        for at in (place, target):
            texts[at].value = _code(now[at])
        said.value = f'<div role="alert"><p>Line {place + 1} is line {target + 1} now.</p></div>'
        onward = buttons[target][step] if not buttons[target][step].disabled else buttons[target][-step]
        onward.focus()

    def check(_button: Any) -> None:
        is_right, words = judged(now, orders)
        said.value = reply(RIGHT if is_right else WRONG, f"{words} {why}".strip() if is_right else words)

    for place in range(len(now)):
        pair = {}
        for step, label in ((-1, "↑ up"), (1, "↓ down")):
            button = ipywidgets.Button(
                description=label,
                tooltip=f"Move line {place + 1} {label.split()[1]}",
                disabled=not 0 <= place + step < len(now),
                layout={"width": "5.5em"},
            )
            button.on_click(lambda _button, place=place, step=step: move(place, step))
            pair[step] = button
        buttons.append(pair)
    rows = [ipywidgets.HBox([*pair.values(), text]) for pair, text in zip(buttons, texts, strict=True)]
    done = ipywidgets.Button(description="Check the order", tooltip=f"Check the order: {question}")
    done.on_click(check)
    head = ipywidgets.HTML(f"<p><strong>Put in order:</strong> {prose(question)}</p>")
    return ipywidgets.VBox([head, *rows, done, said])
