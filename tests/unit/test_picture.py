"""`wb.picture`: a figure, its alternative text and its numbers; closed, and readable on any ground."""

import base64
import io
from collections.abc import Iterator
from typing import Any

import matplotlib as mpl

mpl.use("agg")
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

import workbench as wb
from workbench.errors import KitError
from workbench.lessons import pictures

ALT = "Two bars: <a> has 3 rows & b has 5."


@pytest.fixture
def figure() -> Iterator[Any]:
    made, axis = plt.subplots(figsize=(2, 1))
    axis.bar(["a", "b"], [3, 5])
    yield made
    plt.close(made)


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The HTML of what is shown."""
    pages: list[str] = []
    monkeypatch.setattr(pictures, "show", lambda _text, page: pages.append(page))
    return pages


def corner(page: str) -> list[float]:
    """Red, green, blue, opacity of the picture's first pixel."""
    png = base64.b64decode(page.partition("base64,")[2].partition('"')[0])
    return [*plt.imread(io.BytesIO(png))[0, 0], 1.0][:4]


def test_without_a_notebook_the_alt_and_the_numbers_are_printed(
    figure: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    wb.picture(figure, ALT, table=pd.DataFrame({"rows": [3, 5]}, index=["a", "b"]))
    said = capsys.readouterr().out
    assert said.startswith(ALT) and "rows" in said and "5" in said


def test_on_a_page_alt_and_table_are_escaped_and_the_width_is_that_of_the_drawing(figure: Any, page: list[str]) -> None:
    wb.picture(figure, ALT, table=pd.Series([3], index=["<b>"], name="rows"))
    assert 'alt="Two bars: &lt;a&gt; has 3 rows &amp; b has 5."' in page[0]
    assert "max-width:192px" in page[0]
    assert "<details>" in page[0] and "&lt;b&gt;" in page[0] and "<b>" not in page[0]


def test_the_figure_is_closed(figure: Any, page: list[str]) -> None:
    assert figure.number in plt.get_fignums()
    wb.picture(figure, ALT)
    assert figure.number not in plt.get_fignums() and len(page) == 1


@pytest.mark.parametrize(("ground", "seen"), [("none", [1, 1, 1, 1]), ("white", [1, 1, 1, 1]), ("black", [0, 0, 0, 1])])
def test_the_ground_is_the_figures_own_or_white_and_never_the_notebooks(
    figure: Any, page: list[str], ground: str, seen: list[float]
) -> None:
    figure.patch.set_facecolor(ground)
    wb.picture(figure, ALT)
    assert np.allclose(corner(page[0]), seen)


def test_no_figure_no_alt_and_no_table_are_refused(figure: Any) -> None:
    with pytest.raises(KitError, match="This is no figure"):
        wb.picture(figure.axes[0], ALT)
    with pytest.raises(KitError, match="The alternative text is missing"):
        wb.picture(figure, " ")
    with pytest.raises(KitError, match="This is no table"):
        wb.picture(figure, ALT, table=[[3, 5]])
