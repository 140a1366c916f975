"""`wb.quiz`: one question, a few choices, and a reply of its own to each."""

from collections.abc import Mapping
from string import ascii_lowercase
from typing import Any

from workbench.lessons.controls import controls
from workbench.lessons.shown import OTHER, RIGHT, LessonError, Mark, as_sentence, prose, reply, show

MOST_CHOICES = 6

# Choices stand below each other: each is tall enough to be hit (WCAG 2.2, 2.5.8: 24 pixels).
_SUMMARY = '<summary style="padding:4px 0">'


def quiz(question: str, choices: Mapping[str, str], right: str) -> None:
    """Shows a question; choosing an answer shows its reply. Nothing is counted and nothing waits.

    Args:
        question: a sentence or two.
        choices: each choice with its reply, which names the belief behind it; 2 to 6.
        right: the choice that is right.

    Raises:
        LessonError: fewer than 2 or more than 6 choices, an empty reply, or `right` is none of them.
    """
    question = as_sentence(question, "The question", "wb.quiz")
    where = f"wb.quiz({question[:60]!r})"
    if not 2 <= len(choices) <= MOST_CHOICES:
        expected = f"a mapping of 2 to {MOST_CHOICES} choices, each with its reply"
        raise LessonError(
            "The choices do not fit a question.", where=where, came=repr(choices)[:200], expected=expected
        )
    for choice, answer in choices.items():
        as_sentence(choice, "The text of a choice", where)
        as_sentence(answer, f"The reply to the choice {choice!r}", where)
    if right not in choices:
        expected = " or ".join(map(repr, choices))
        raise LessonError("The right choice is none of the choices.", where=where, came=repr(right), expected=expected)
    marks = {choice: RIGHT if choice == right else OTHER for choice in choices}
    show(_text(question, choices, marks), _page(question, choices, marks), lambda: _choices(question, choices, marks))


def _text(question: str, choices: Mapping[str, str], marks: dict[str, Mark]) -> str:
    lines = [f"Quiz: {question}"]
    lines += [f"  {letter}) {choice}" for letter, choice in zip(ascii_lowercase, choices, strict=False)]
    lines.append("Replies, to be read after choosing:")
    for letter, (choice, answer) in zip(ascii_lowercase, choices.items(), strict=False):
        lines.append(f"  {letter}) {marks[choice][0]}. {answer}")
    return "\n".join(lines)


def _page(question: str, choices: Mapping[str, str], marks: dict[str, Mark]) -> str:
    folds = "".join(
        f"<details>{_SUMMARY}{prose(choice)}</summary>{reply(marks[choice], answer)}</details>"
        for choice, answer in choices.items()
    )
    return f"<p><strong>Quiz:</strong> {prose(question)}</p>{folds}"


def _choices(question: str, choices: Mapping[str, str], marks: dict[str, Mark]) -> Any:
    """The choices, none chosen at first, and a button that shows the reply to the chosen one."""
    listed = list(choices)

    def answer(action: dict[str, Any]) -> str:
        choice = listed[action["chosen"]]
        return reply(marks[choice], choices[choice])

    asked = f"<strong>Quiz:</strong> {prose(question)}"
    spec = {"kind": "choice", "question": asked, "choices": [prose(each) for each in listed], "button": "Answer"}
    return controls(spec, answer)
