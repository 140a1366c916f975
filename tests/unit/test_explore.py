"""`wb.explore`: what is shown at the start and after a move, and what is refused."""

from typing import Any

import pandas as pd
import pytest

import workbench as wb
from workbench.errors import KitError
from workbench.lessons import sliders
from workbench.lessons.sliders import _answered, _board, _scales


def speedup(share_percent: int = 50, n_workers: int = 4) -> str:
    print(f"share {share_percent} %")
    return f"<{100 / share_percent:g} times>"


def test_without_widgets_it_shows_the_offer_the_start_and_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    wb.explore(speedup, share_percent=(1, 90), n_workers=[4, 1024], table=pd.Series([2.0], name="at most"))
    said = capsys.readouterr().out
    assert "sliders are here. share percent: 1 to 90; n workers: 4 · 1,024." in said
    assert "Shown for share percent = 50, n workers = 4:" in said
    assert "share 50 %" in said and "<2 times>" in said and "at most" in said


def test_html_of_texts_is_escaped() -> None:
    _, page = _answered(speedup, {"share_percent": 50, "n_workers": 4})
    assert "&lt;2 times&gt;" in page and "share 50 %" in page


def test_a_slider_starts_at_the_default_else_in_its_middle() -> None:
    def function(a: int, b: float, c: str, d: int, e: int = 7) -> None: ...

    offered = {"a": (1, 9), "b": (0.0, 1.0), "c": {"low": "l", "mid": "m", "high": "h"}, "d": (0, 10, 3), "e": (1, 9)}
    scales = _scales(function, offered, "wb.explore")
    assert [scale.start for scale in scales] == [5, 0.5, "m", 3, 7]
    told = _board(scales, str).spec["sliders"]
    assert [(slider["at"], slider["last"]) for slider in told] == [(4, 8), (50, 100), (1, 2), (1, 3), (6, 8)]
    assert told[2]["labels"] == ["low", "mid", "high"] and told[1]["labels"][50] == "0.5"


def test_the_browser_writes_the_values_of_a_slider_with_very_many_places() -> None:
    (scale,) = _scales(lambda n: None, {"n": (1, 1_000_000)}, "wb.explore")
    assert sliders._slider(scale) == {"name": "n", "label": "n", "last": 999_999, "at": 499_999, "low": 1, "step": 1}


def test_each_move_draws_again_with_all_values() -> None:
    seen: list[dict[str, Any]] = []
    scales = _scales(speedup, {"share_percent": (1, 90), "n_workers": {"few": 4, "many": 64}}, "wb.explore")

    def again(values: dict[str, Any]) -> str:
        seen.append(values)
        return "drawn"

    board = _board(scales, again)
    board.act({"places": {"share_percent": 24, "n_workers": 0}})
    board.act({"places": {"share_percent": 24, "n_workers": 1}})
    assert seen == [{"share_percent": 25, "n_workers": 4}, {"share_percent": 25, "n_workers": 64}]
    assert (board.said, board.answered) == ("drawn", 2)


def test_a_start_between_two_places_stays_until_its_slider_is_moved() -> None:
    seen: list[dict[str, Any]] = []
    scales = _scales(lambda a=0.35, b=1: None, {"a": (0.0, 1.0, 0.5), "b": (0, 3)}, "wb.explore")
    board = _board(scales, lambda values: seen.append(values) or "")
    for places in ({"a": 1, "b": 2}, {"a": 2, "b": 2}):
        board.act({"places": places})
    assert seen == [{"a": 0.35, "b": 2}, {"a": 1.0, "b": 2}]


def test_a_move_changes_the_output_that_the_cell_already_has(monkeypatch: pytest.MonkeyPatch) -> None:
    boards, updates = [], []

    class Handle:
        def update(self, data: dict[str, str], raw: bool) -> None:
            updates.append(data["text/plain"])

    def show(_text: str, _page: str, widget: Any = None) -> Handle:
        if widget is not None:
            boards.append(widget())
        return Handle()

    monkeypatch.setattr(sliders, "show", show)
    wb.explore(speedup, share_percent=(0, 90))
    boards[0].act({"places": {"share_percent": 10}})
    boards[0].act({"places": {"share_percent": 0}})
    assert "share percent = 10" in updates[0] and "<10 times>" in updates[0]
    assert "✗ no result: ZeroDivisionError" in updates[1]


def test_a_step_that_is_not_written_yet_stops_nothing_and_a_mistake_of_the_lesson_does(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def not_written(n: int) -> None:
        raise NotImplementedError("Return the sum.")

    wb.explore(not_written, n=(1, 3))
    assert "… not attempted: Return the sum." in capsys.readouterr().out
    with pytest.raises(ZeroDivisionError):
        wb.explore(lambda n: 1 / 0, n=(1, 3))


@pytest.mark.parametrize(
    ("offered", "sentence"),
    [
        ({}, "no number of sliders"),
        ({"share": (1, 2)}, "do not fit the function"),
        ({"n_workers": (8, 4)}, "nothing to choose from"),
        ({"n_workers": (1, 8, 0)}, "nothing to choose from"),
        ({"n_workers": [4]}, "nothing to choose from"),
        ({"n_workers": [4, 4]}, "nothing to choose from"),
        ({"n_workers": "48"}, "nothing to choose from"),
        ({"n_workers": (8, 16)}, "cannot start there"),
        ({"n_workers": [8, 16]}, "cannot start there"),
    ],
)
def test_sliders_that_offer_nothing_are_refused(offered: dict[str, Any], sentence: str) -> None:
    with pytest.raises(KitError, match=sentence):
        wb.explore(speedup, **offered)
