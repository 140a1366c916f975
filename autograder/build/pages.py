"""Executed notebooks as they are kept: without live widgets, and as a page that needs no network and no kernel.

A saved widget is empty without its kernel, and viewers prefer it to the text and HTML that stand beside it.
"""

from typing import Any

from nbconvert.exporters import HTMLExporter
from nbformat.notebooknode import from_dict
from traitlets import default
from traitlets.config import Config

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
# nbconvert's page, without what it would fetch: require.js for widgets, MathJax, Mermaid.
TEMPLATE = """{% extends "lab/index.html.j2" %}
{% block html_head_js %}{% endblock %}
{% block html_head_css %}{{ super() }}<style>
/* nbconvert's prompts and numbers are too pale for WCAG 2.2 (1.4.3): below 4.5 on their ground. */
:root { --jp-mirror-editor-number-color: #006400; }
.jp-InputPrompt, .jp-OutputPrompt { color: #595959 !important; opacity: 1 !important; }
.highlight .mi, .highlight .mf, .highlight .mh, .highlight .mo, .highlight .mb { color: #006400 !important; }
</style>{% endblock %}
{% block jupyter_widgets %}{% endblock %}
{% block html_head_js_mathjax %}{% endblock %}
{% block html_head_js_mermaidjs %}{% endblock %}
"""


def without_widgets(notebook: dict[str, Any]) -> dict[str, Any]:
    """Takes live widgets and their state out of the notebook, in place; an output that was only a widget is gone."""
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET_VIEW, None)
        if "outputs" in cell:
            cell["outputs"] = [output for output in cell["outputs"] if output.get("data", True)]
    notebook["metadata"].pop("widgets", None)
    return notebook


class PageExporter(HTMLExporter):
    """A lesson as one HTML file. Cells with the tag `hide-input` show what they showed, and not their source.

    For a notebook that somebody has run: `jupyter nbconvert --to autograder.build.pages.PageExporter lesson.ipynb`.
    """

    @default("raw_template")
    def _default_raw_template(self) -> str:
        return TEMPLATE

    @property
    def default_config(self) -> Config:
        """nbconvert's, and the tag."""
        own = Config({"TagRemovePreprocessor": {"enabled": True, "remove_input_tags": {"hide-input"}}})
        own.merge(super().default_config)
        return own

    def from_notebook_node(self, nb: Any, resources: Any = None, **kw: Any) -> Any:
        """The page of a notebook, whose widgets are taken out first."""
        return super().from_notebook_node(from_dict(without_widgets(nb)), resources, **kw)


def page(notebook: dict[str, Any]) -> str:
    """The page of a notebook."""
    made, _ = PageExporter().from_notebook_node(notebook)  # type: ignore[no-untyped-call]
    return str(made)
