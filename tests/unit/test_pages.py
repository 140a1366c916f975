"""Saved lessons: the text and HTML beside a widget are seen, folded source is not, and nothing is fetched."""

import re
from typing import Any

import nbformat
from nbconvert.exporters import HTMLExporter

from autograder.build.notebook import FOLDED
from autograder.build.pages import WIDGET_VIEW, page, without_widgets
from workbench.lessons import shown

TWIN = {"text/plain": "Quiz: why?", "text/html": "<p>Quiz, as HTML</p>"}
VIEW = {WIDGET_VIEW: {"version_major": 2, "version_minor": 0, "model_id": "x"}}


def notebook() -> Any:
    v4: Any = nbformat.v4
    outputs = [v4.new_output("display_data", data={**VIEW, **TWIN}), v4.new_output("display_data", data=VIEW)]
    asked = v4.new_code_cell("wb.quiz(secret)", outputs=outputs, metadata=FOLDED)
    counted = v4.new_code_cell("plain_source", outputs=[v4.new_output("stream", text="counted 3")])
    model = {"model_name": "VBoxModel", "model_module": "@jupyter-widgets/controls", "state": {}}
    state = {"state": {"x": model}, "version_major": 2, "version_minor": 0}
    widgets = {"application/vnd.jupyter.widget-state+json": state}
    return v4.new_notebook(cells=[asked, counted], metadata={"widgets": widgets, "title": "Counting"})


def test_the_name_of_a_widget_view_is_the_workbenchs() -> None:
    assert WIDGET_VIEW == shown.WIDGET_VIEW


def test_nbconvert_prefers_the_widget_until_it_is_taken_out() -> None:
    before, _ = HTMLExporter().from_notebook_node(notebook())
    after, _ = HTMLExporter().from_notebook_node(without_widgets(notebook()))
    assert "Quiz, as HTML" not in before
    assert "<p>Quiz, as HTML</p>" in after


def test_an_output_that_was_only_a_widget_is_gone_and_the_notebook_stays_valid() -> None:
    saved = without_widgets(notebook())
    nbformat.validate(saved)
    assert [output.data for output in saved.cells[0].outputs] == [TWIN]
    assert saved.cells[1].outputs[0].text == "counted 3" and "widgets" not in saved.metadata


def test_a_page_shows_the_twin_and_the_source_but_not_folded_source() -> None:
    made = page(notebook())
    assert "<p>Quiz, as HTML</p>" in made and "counted 3" in made and "<title>Counting</title>" in made
    assert "plain_source" in made and "secret" not in made


def test_a_page_fetches_nothing() -> None:
    made = page(notebook())
    assert not re.search(r"<script|<link|@import|url\(['\"]?https?:", made)
