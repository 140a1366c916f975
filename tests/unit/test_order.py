"""`wb.order`: lines are mixed the same way each time, moved by buttons, judged by their first wrong place."""

from typing import Any

import pytest

import workbench as wb
from workbench.errors import KitError
from workbench.lessons import ordering
from workbench.lessons.ordering import judged, shuffled

LINES = ["x = 1", "y = x + 1", "    z = y < 3", "print(z)"]


def test_the_lines_come_mixed_the_same_way_each_time_and_never_in_order() -> None:
    for count in range(3, 5):
        lines = LINES[:count]
        assert shuffled([lines]) == shuffled([lines]) != lines
        assert sorted(shuffled([lines])) == sorted(lines)


def test_another_right_order_is_not_shown_as_the_mixed_one_and_is_accepted() -> None:
    orders = [LINES, [LINES[1], LINES[0], *LINES[2:]]]
    assert shuffled(orders) not in orders
    assert judged(orders[1], orders)[0]


def test_the_first_line_that_is_out_of_place_is_named() -> None:
    right, words = judged([LINES[0], LINES[1], LINES[3], LINES[2]], [LINES])
    assert not right
    assert words.startswith("The first 2 lines can stay. Look at line 3, `print(z)`")


def test_lines_of_one_text_may_change_places() -> None:
    lines = ["a()", "b()", "a()"]
    assert judged(["a()", "b()", "a()"], [lines])[0]
    assert shuffled([lines]) != lines


def test_the_text_shows_the_mixed_lines_and_the_right_order_apart(capsys: pytest.CaptureFixture[str]) -> None:
    wb.order(LINES, "prints whether y is small", why="Each line needs the one before.")
    task, solution = capsys.readouterr().out.split("The right order, to be read after trying:")
    assert [line for line in LINES if line in task] == LINES
    assert [text.split("  ", 2)[2].lstrip() for text in solution.strip("\n").splitlines()[:4]] == [
        line.strip() for line in LINES
    ]
    assert "Each line needs" in solution


def test_the_page_escapes_lines_and_keeps_their_spaces() -> None:
    page = ordering._page("q", LINES, LINES, "")
    assert "    z = y &lt; 3" in page and "<details><summary>The right order</summary>" in page


def test_a_check_answers_for_the_order_that_the_lines_have_now() -> None:
    mixed = [LINES[1], LINES[0], *LINES[2:]]
    lines = ordering._lines("q `x`", mixed, [LINES], "So it is.")
    assert lines.spec["lines"] == mixed and "<code>x</code>" in lines.spec["question"]
    lines.act({"order": [0, 1, 2, 3]})
    assert "not yet" in lines.said and "Look at line 1" in lines.said
    lines.act({"order": [1, 0, 2, 3]})
    assert "correct" in lines.said and "So it is." in lines.said


@pytest.mark.parametrize(
    ("lines", "also", "sentence"),
    [
        (["a", "b"], (), "cannot be put in order"),
        (["a", "a", "a"], (), "cannot be put in order"),
        (["a", "", "b"], (), "cannot be put in order"),
        ("abc", (), "cannot be put in order"),
        (["a", "b", "c"], [["a", "b"]], "has other lines"),
        (["a", "b", "b"], [["b", "a", "b"], ["b", "b", "a"]], "Every order is right"),
    ],
)
def test_lines_that_cannot_be_ordered_are_refused(lines: Any, also: Any, sentence: str) -> None:
    with pytest.raises(KitError, match=sentence):
        wb.order(lines, "q", also=also)
