"""The feedback page: its template, its style, and the exporter that fills it. No script, nothing from outside the
page.
"""

import base64
import hashlib
import re
from html import escape
from typing import Any

from nbconvert.exporters import HTMLExporter
from nbconvert.filters import markdown2html
from nbconvert.preprocessors.sanitize import SanitizeHTML
from nbgrader.preprocessors import GetGrades
from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
from traitlets import default

from autograder.book.autograded import STATUS_CELL

HEADING = re.compile(r"<(/?)h([1-6])\b")
ANCHOR = re.compile(r'<a href="#[^"]*">(?:¶|&#182;)</a>')
TAGS = [
    *("a", "abbr", "b", "blockquote", "br", "caption", "code", "dd", "del", "div", "dl", "dt", "em", "h1", "h2", "h3"),
    *("h4", "h5", "h6", "hr", "i", "img", "li", "ol", "p", "pre", "small", "span", "strong", "sub", "sup", "table"),
    *("tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul"),
]
ATTRIBUTES = {
    "a": ["href", "title"],
    "abbr": ["title"],
    "img": ["alt"],
    "th": ["scope", "colspan", "rowspan"],
    "td": ["colspan", "rowspan"],
}

STYLE = """
:root { color-scheme: light; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem 1.5rem 4rem; color: #1b1b1b; background: #fff;
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
h1, h2, h3, h4 { line-height: 1.25; margin: 1.8em 0 .5em; } h1 { margin-top: .6em; }
h2 { border-bottom: 2px solid #24476b; padding-bottom: .2em; }
a { color: #0b4f9e; } a:focus { outline: 3px solid #b35900; outline-offset: 2px; }
.skip { position: absolute; left: -100rem; } .skip:focus { position: static; }
table { border-collapse: collapse; margin: .6em 0 1em; width: 100%; }
caption { text-align: left; color: #444; padding-bottom: .3em; }
th, td { border: 1px solid #8a94a0; padding: .35em .6em; text-align: left; vertical-align: top;
  overflow-wrap: anywhere; }
thead th { background: #e8eef5; } tfoot th, tfoot td { background: #f3f5f7; font-weight: 700; }
.number { text-align: right; white-space: nowrap; }
/* result and points: words of ours, which never break */
td:nth-of-type(1), thead th:nth-child(2), td:nth-of-type(2), thead th:nth-child(3) { overflow-wrap: normal; }
.status, .comment { border-left: .35rem solid #24476b; background: #f1f5fa; padding: .2em 1em; margin: 1em 0; }
.comment { border-color: #7a4b00; background: #fdf6e9; }
pre { background: #f6f7f9; border: 1px solid #d3d8de; padding: .6em .8em; overflow: auto; margin: .4em 0; }
pre, code { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: .9em; }
.output pre { background: #fff; border-left: .25rem solid #8a94a0; white-space: pre-wrap; overflow-wrap: anywhere; }
blockquote { border-left: .25rem solid #8a94a0; margin: .6em 0; padding: .1em 1em; }
.output img { max-width: 100%; } .ansi-bold { font-weight: 700; }
.ansi-red-fg, .ansi-red-intense-fg { color: #a31515; } .ansi-green-fg, .ansi-green-intense-fg { color: #12631f; }
.ansi-blue-fg, .ansi-blue-intense-fg { color: #0b4f9e; } .ansi-cyan-fg, .ansi-cyan-intense-fg { color: #0b5e6b; }
.ansi-yellow-fg, .ansi-yellow-intense-fg { color: #7a4b00; } .ansi-magenta-fg { color: #7d1f7d; }
@media print { body { max-width: none; padding: 0; } pre, table { break-inside: avoid; } }
"""

TEMPLATE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{{ resources.kit.policy }}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Feedback: {{ resources.nbgrader.notebook | e }}</title>
<style>{{ resources.kit.style }}</style>
</head>
<body>
<a class="skip" href="#notebook">Skip to your notebook</a>
<main>
<h1>Feedback: {{ resources.nbgrader.notebook | e }}</h1>
<p>For {{ resources.nbgrader.student | e }}</p>
{%- if resources.kit.status %}
<div class="status">{{ resources.kit.status }}</div>
{%- endif %}
<h2 id="marks">Your marks</h2>
<table>
<caption>Points of each part</caption>
<thead><tr><th scope="col">Part</th><th scope="col">Points</th><th scope="col">Of</th><th scope="col">Remark</th></tr></thead>
<tbody>
{%- for part in resources.kit.parts %}
<tr><th scope="row"><a href="#part-{{ loop.index }}">{{ part.title | e }}</a></th>
<td class="number">{{ part.score }}</td><td class="number">{{ part.points }}</td><td>{{ part.remark | e }}</td></tr>
{%- endfor %}
</tbody>
<tfoot>
{%- if resources.nbgrader.late_penalty %}
<tr><th scope="row">Handed in late</th><td class="number">−{{ resources.kit.penalty }}</td><td></td><td></td></tr>
{%- endif %}
<tr><th scope="row">All</th><td class="number">{{ resources.kit.score }}</td>
<td class="number">{{ resources.kit.max_score }}</td><td>{{ resources.kit.waiting | e }}</td></tr>
</tfoot>
</table>
<h2>Part by part</h2>
{%- for part in resources.kit.parts %}
<h3 id="part-{{ loop.index }}">{{ part.title | e }}</h3>
{{ part.table }}
{%- for comment in part.comments %}
<div class="comment"><p><strong>Comment of your grader</strong></p>{{ comment }}</div>
{%- endfor %}
{%- endfor %}
<h2 id="notebook">Your notebook</h2>
<p>As you handed it in, with the outputs that it had then.</p>
{%- for cell in nb.cells if not cell.metadata.get("kit_hidden") %}
{%- if cell.cell_type == "code" %}
{%- if cell.source | length > 50000 %}
<pre>{{ cell.source | e }}</pre>
{%- elif cell.source.strip() %}
{{ cell.source | highlight_code(metadata=cell.metadata) }}
{%- endif %}
{%- for output in cell.outputs %}
<div class="output">
{%- if output.output_type == "stream" %}<pre>{{ output.text | ansi2html }}</pre>
{%- elif output.output_type == "error" %}<pre>{{ output.traceback | join("\\n") | ansi2html }}</pre>
{%- elif output.data["text/html"] %}{{ output.data["text/html"] }}
{%- elif output.data["image/png"] %}<img alt="Figure of the cell above" src="data:image/png;base64,{{ output.data["image/png"] | e }}">
{%- elif output.data["image/jpeg"] %}<img alt="Figure of the cell above" src="data:image/jpeg;base64,{{ output.data["image/jpeg"] | e }}">
{%- elif output.data["text/plain"] %}<pre>{{ output.data["text/plain"] | ansi2html }}</pre>
{%- endif %}</div>
{%- endfor %}
{%- else %}
<div>{{ cell.source }}</div>
{%- endif %}
{%- if cell.metadata.get("kit_comment") %}
<div class="comment"><p><strong>Comment of your grader</strong></p>{{ cell.metadata.kit_comment }}</div>
{%- endif %}
{%- endfor %}
</main>
</body>
</html>
"""  # noqa: E501 : a line break inside a tag would show in the page


class FeedbackMarks(GetGrades):  # type: ignore[misc]
    """nbgrader's marks and comments into the cells, and whether a person still has to look."""

    def _get_score(self, cell: Any, resources: Any) -> None:
        super()._get_score(cell, resources)
        grade_id = cell.metadata["nbgrader"]["grade_id"]
        grade = self.gradebook.find_grade(grade_id, self.notebook_id, self.assignment_id, self.student_id)
        cell.metadata.nbgrader["waits"] = bool(grade.needs_manual_grade)


class SafePage(SanitizeHTML):
    """Renders prose, then cleans what came out, as it cleans outputs; gathers the tables of the parts for the template.

    Cleaning after rendering leaves markdown whole and also sees links that markdown makes. nbconvert's preprocessor
    is used because the exporter's own switch let `onerror=` pass.
    """

    @default("enabled")
    def _default_enabled(self) -> bool:
        return True

    @default("tags")
    def _default_tags(self) -> list[str]:
        return TAGS

    @default("attributes")
    def _default_attributes(self) -> dict[str, list[str]]:
        return ATTRIBUTES

    @default("strip")
    def _default_strip(self) -> bool:
        return True

    @default("safe_output_keys")
    def _default_safe_output_keys(self) -> set[str]:
        return {"text/plain", "image/png", "image/jpeg"}

    @default("sanitized_output_types")
    def _default_sanitized_output_types(self) -> set[str]:
        return {"text/html"}

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Clean every cell, then fill `resources.kit`."""
        nb, resources = super().preprocess(nb, resources)  # type: ignore[no-untyped-call]
        resources["kit"] = page_facts(nb, resources["nbgrader"], self.prose)
        return nb, resources

    def preprocess_cell(self, cell: Any, resources: Any, index: int) -> tuple[Any, Any]:
        """Prose becomes clean HTML; raw cells go the same way; outputs keep what is safe."""
        if cell.cell_type == "code":
            cell.outputs = self.sanitize_code_outputs(cell.outputs)  # type: ignore[no-untyped-call]
        else:
            cell.cell_type = "markdown"
            cell.source = self.prose(cell.source)
        return cell, resources

    def prose(self, text: str) -> str:
        """Markdown as clean HTML, its headings two levels lower: the page has its own."""
        html: str = ANCHOR.sub("", self.sanitize_html_tags(markdown2html(text)))  # type: ignore[no-untyped-call]
        return HEADING.sub(lambda tag: f"<{tag[1]}h{min(6, int(tag[2]) + 2)}", html)


class FeedbackExporter(HTMLExporter):
    """nbconvert's HTML exporter with the page of this module."""

    @default("raw_template")
    def _default_raw_template(self) -> str:
        return TEMPLATE


def page_facts(nb: Any, marks: dict[str, Any], prose: Any) -> dict[str, Any]:
    """What the template shows above the notebook: status, parts with points and tables, sums, style and policy."""
    parts: list[dict[str, Any]] = []
    pending: list[tuple[Any, str]] = []
    status = ""
    for cell in nb.cells:
        own, nbgrader = cell.metadata.get("autograder"), cell.metadata.get("nbgrader", {})
        comment = prose(nbgrader["comment"]) if nbgrader.get("comment") else ""
        if cell.get("id") == STATUS_CELL:
            status = cell.source
            cell.metadata["kit_hidden"] = True
            continue
        if comment:
            pending.append((cell, comment))
        if nbgrader.get("grade"):
            # A comment on a solution cell belongs to the part that checks it, which follows.
            parts.append(_part(cell, own, nbgrader, [text for _, text in pending]))
            pending = []
    for cell, comment in pending:
        cell.metadata["kit_comment"] = comment
    waiting = sum(part["waits"] for part in parts)
    style = STYLE + HtmlFormatter(style="default").get_style_defs(".highlight")
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    return {
        "status": status,
        "parts": parts,
        "score": f"{float(marks['score']):g}",
        "max_score": f"{float(marks['max_score']):g}",
        "penalty": f"{float(marks.get('late_penalty') or 0):g}",
        "waiting": f"{waiting} still to be looked at by a person" if waiting else "",
        "style": style,
        "policy": f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'",
    }


def _part(cell: Any, own: Any, nbgrader: Any, comments: list[str]) -> dict[str, Any]:
    """One part: its row in the table of marks, and its checks. The cell that only runs the check is not shown again."""
    table = f"<p>A person reads this part.</p><pre>{escape(cell.source)}</pre>" if cell.cell_type == "code" else ""
    if cell.cell_type == "code" and own:
        table = "".join(output.data.get("text/html", "") for output in cell.outputs if "data" in output)
        cell.metadata["kit_hidden"] = True
    waits = bool(nbgrader.get("waits"))
    words = own["words"] if own else ""
    settled = own is not None and own["state"] in ("needs a person", "check broke") and not waits
    return {
        "title": own["title"] if own else nbgrader["grade_id"],
        "score": f"{float(nbgrader.get('score') or 0):g}",
        "points": f"{float(nbgrader.get('points') or 0):g}",
        "remark": "" if settled else words or ("a person will look at it" if waits else ""),
        "table": table or f"<p>A person reads your answer:</p><blockquote>{cell.source}</blockquote>",
        "comments": comments,
        "waits": waits,
    }
