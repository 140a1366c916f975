"""`wb.quiz`: a reply of its own to every choice, as widget, text and HTML."""

from typing import Any

import pytest

import workbench as wb
from workbench.errors import KitError
from workbench.lessons import quizzes
from workbench.lessons.shown import OTHER, RIGHT

QUESTION = "Two pieces: what is their mean?"
CHOICES = {"3": "You gave 10 rows the same vote as 1,000.", "2.02": "Weighted by `count`.", "<b>?</b>": "Mean & count."}
MARKS = {"3": OTHER, "2.02": RIGHT, "<b>?</b>": OTHER}


def test_the_text_holds_every_choice_and_below_them_every_reply(capsys: pytest.CaptureFixture[str]) -> None:
    wb.quiz(QUESTION, CHOICES, right="2.02")
    choices, replies = capsys.readouterr().out.split("Replies, to be read after choosing:")
    assert "a) 3" in choices and "b) 2.02" in choices and "vote" not in choices
    assert "a) ✗ not this one. You gave 10 rows" in replies
    assert "b) ✓ correct. Weighted" in replies


def test_on_a_page_each_reply_is_behind_its_choice_and_everything_is_escaped() -> None:
    page = quizzes._page(QUESTION, CHOICES, MARKS)
    assert page.count(f"<details>{quizzes._SUMMARY}") == 3
    assert ">&lt;b&gt;?&lt;/b&gt;</summary>" in page and "Mean &amp; count." in page
    assert "<code>count</code>" in page
    assert "<b>" not in page


def test_an_answer_shows_the_reply_of_that_choice_and_says_in_words_whether_it_is_right() -> None:
    quiz = quizzes._choices(QUESTION, CHOICES, MARKS)
    assert quiz.said == "" and "same vote" not in str(quiz.spec)
    assert quiz.spec["choices"][2] == "&lt;b&gt;?&lt;/b&gt;"
    quiz.act({"chosen": 0})
    assert "not this one" in quiz.said and "same vote" in quiz.said
    quiz.act({"chosen": 1})
    assert "correct" in quiz.said and "same vote" not in quiz.said


def test_what_goes_wrong_with_an_action_is_said_where_the_reader_looks() -> None:
    quiz = quizzes._choices(QUESTION, CHOICES, MARKS)
    quiz.act({"chosen": 7})
    assert "IndexError" in quiz.said and quiz.answered == 1


@pytest.mark.parametrize(
    ("choices", "right", "sentence"),
    [
        ({"a": "x"}, "a", "do not fit a question"),
        ({str(n): "x" for n in range(7)}, "1", "do not fit a question"),
        ({"a": "x", "b": "  "}, "a", "The reply to the choice 'b' is missing"),
        ({"a": "x", "": "y"}, "a", "The text of a choice is missing"),
        ({"a": "x", "b": "y"}, "c", "The right choice is none of the choices"),
    ],
)
def test_a_quiz_that_cannot_be_answered_is_refused(choices: Any, right: str, sentence: str) -> None:
    with pytest.raises(KitError, match=sentence):
        wb.quiz(QUESTION, choices, right=right)
