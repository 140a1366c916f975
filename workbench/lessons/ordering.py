"""`wb.order`: lines to put in order (a Parsons problem), by buttons that a keyboard reaches."""

import hashlib
import html
import random
from collections.abc import Sequence
from typing import Any

from workbench.lessons.controls import controls
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
    show(*twins, lambda: _lines(question, mixed, orders, why))


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


def _lines(question: str, mixed: list[str], orders: list[list[str]], why: str) -> Any:
    """The lines with two buttons each, and one that checks their order."""

    def answer(action: dict[str, Any]) -> str:
        is_right, words = judged([mixed[place] for place in action["order"]], orders)
        return reply(RIGHT if is_right else WRONG, f"{words} {why}".strip() if is_right else words)

    asked = f"<strong>Put in order:</strong> {prose(question)}"
    return controls({"kind": "order", "question": asked, "lines": mixed, "button": "Check the order"}, answer)
