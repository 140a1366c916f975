"""`wb.picture`: a figure with its alternative text, and its numbers beside it."""

import base64
import html
import io
from typing import Any

from workbench.lessons.shown import LessonError, as_sentence, show

DPI = 150
_CSS_PIXELS_PER_INCH = 96
_SUMMARY = "The numbers of this picture"


def picture(figure: Any, alt: str, table: Any = None) -> None:
    """Shows a matplotlib figure and closes it. Who does not see it gets `alt`, and the numbers where there is a table.

    It keeps its own ground, and a white one where it has none, so that its ink can be read in a dark notebook too.

    Args:
        figure: the matplotlib figure.
        alt: what the picture says, in a sentence or two with its numbers; also the text where there are no pictures.
        table: a pandas DataFrame or Series with the numbers; folded below the picture.

    Raises:
        LessonError: this is no figure, the alt is empty, or the table is none.
    """
    if not hasattr(figure, "savefig") or not hasattr(figure, "get_size_inches"):
        expected = "a matplotlib figure, as from `figure, axes = plt.subplots()`"
        raise LessonError("This is no figure.", where="wb.picture", came=repr(figure)[:200], expected=expected)
    alt = as_sentence(alt, "The alternative text", "wb.picture")
    below_text, below_page = table_twins(table, "wb.picture")
    page = f'<img src="{_drawn(figure)}" alt="{html.escape(alt)}" style="{_style(figure)}">'
    show(alt + below_text, page + below_page)
    _close(figure)


def table_twins(table: Any, where: str) -> tuple[str, str]:
    """A table that stands below something: its text and its HTML, both empty where there is none.

    Raises:
        LessonError: it is no table.
    """
    if table is None:
        return "", ""
    framed = table.to_frame() if hasattr(table, "to_frame") and not hasattr(table, "columns") else table
    if not hasattr(framed, "to_html") or not hasattr(framed, "columns"):
        expected = "a pandas DataFrame or Series"
        raise LessonError("This is no table.", where=where, came=repr(table)[:200], expected=expected)
    page = f"<details><summary>{_SUMMARY}</summary>{framed.to_html(border=0)}</details>"
    return f"\n{_SUMMARY}:\n{framed.to_string()}", page


def _drawn(figure: Any) -> str:
    """The figure as a PNG in a data URL."""
    *_, opacity = figure.patch.get_facecolor()
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=DPI, facecolor="auto" if opacity == 1 else "white", transparent=False)
    return "data:image/png;base64," + base64.b64encode(png.getvalue()).decode("ascii")


def _style(figure: Any) -> str:
    """As wide as it was drawn, and never wider than the page."""
    return f"width:100%;max-width:{figure.get_size_inches()[0] * _CSS_PIXELS_PER_INCH:.0f}px;height:auto"


def _close(figure: Any) -> None:
    """Takes the figure from pyplot, which would show it a second time at the end of the cell, and keep its memory."""
    from matplotlib import pyplot

    pyplot.close(figure)
