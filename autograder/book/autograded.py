"""Writes `autograded/<learner>/<unit>/<unit>.ipynb`: what formgrader and the feedback pages show of a graded
submission.

It holds the release's notebook with the learner's sources, the outputs that were submitted (cleaned), and tables made
here. Nothing in it comes from the graded run: a learner's code there could print what the referee sent it.
"""

import json
import os
import re
import tempfile
from html import escape
from pathlib import Path
from typing import Any

from autograder.errors import GradingError
from autograder.grade.intake import learner_problem, unit_problem
from autograder.grade.models import OutcomeRecord, PartResult, PartSpec, Record
from autograder.grade.skeleton import Cell, Notebook, Rebuilt, cell_name, is_editable

STATUS_CELL = "kit-status"
PROSE_CHARS = 30_000
CODE_CHARS = 400_000
GAP = "&ensp;"  # formgrader and feedback take styles away, and words of neighbouring cells would run together
TAG = re.compile(r"<(?=[A-Za-z/!?])")
# `[name]: address`, also in a list or a quotation; and `](address` with a scheme, or something that could hide one.
REFERENCE = re.compile(r"^([ \t>*+\-0-9.)]*)(\[[^\]]{0,1000}\]:)", re.M)
TARGET = re.compile(r"\]\([ \t\n]*(?!https?://|mailto:)(?=[^)\s]{0,60}[:&\\])", re.I)
WORDS = {
    "graded": "",
    "timed out": "ran out of time",
    "out of memory": "ran out of memory",
    "kernel died": "the kernel died",
    "not reached": "was not reached",
    "check broke": "a check is broken: a person will look at it",
    "needs a person": "is graded by a person",
}
OUTCOME_WORDS = {
    "passed": "passed",
    "failed": "failed",
    "not_attempted": "not attempted",
    "broke": "check broken",
    "timed_out": "out of time",
    "skipped": "not run",
}


def write_autograded(
    course_dir: Path, unit: str, rebuilt: Rebuilt, record: Record, specs: tuple[PartSpec, ...]
) -> Path:
    """Write the notebook of one graded submission atomically; return its path.

    Raises GradingError: a learner's or unit's name that could leave the folder (intake refuses them earlier), a disk
    that is full.
    """
    problem = learner_problem(record.learner) or unit_problem(unit)
    if problem:
        raise GradingError(problem, where=str(course_dir / "autograded"))
    path = autograded_path(course_dir, record.learner, unit)
    folder = path.parent
    notebook = autograded_notebook(rebuilt, record, specs)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(path, json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")
        # formgrader compares this time with the one in submitted/ to tell whether there is something newer.
        if record.submitted_at:
            replace_file(folder / "timestamp.txt", record.submitted_at)
    except OSError as error:
        raise GradingError(
            "an autograded notebook cannot be written",
            where=str(folder),
            came=str(error),
            mend="make room or mend the folder's owner, then run again: marks are kept in the journal",
        ) from error
    return path


def autograded_path(course_dir: Path, learner: str, unit: str) -> Path:
    """Where the notebook of a graded submission lies."""
    return course_dir / "autograded" / learner / unit / f"{unit}.ipynb"


def autograded_notebook(rebuilt: Rebuilt, record: Record, specs: tuple[PartSpec, ...]) -> Notebook:
    """The notebook as it is written: nbformat 4.5, the release's metadata, a status on top, a table at each part."""
    results = {part.name: part for part in record.result.parts}
    part_of = {spec.cell_id: spec for spec in specs}
    cells = [_status_cell(record)]
    for cell in rebuilt.notebook["cells"]:
        made = _shown(cell, released=_is_released(cell))
        spec = part_of.get(cell_name(cell))
        result = results.get(spec.name) if spec else None
        if cell["cell_type"] == "code":
            made["outputs"] = rebuilt.outputs.get(cell.get("id", ""), [])
        if spec and result:
            made["metadata"] = dict(made["metadata"]) | {"autograder": _part_metadata(spec, result)}
            if cell["cell_type"] == "code":
                made["outputs"] = [part_output(spec, result)]
        cells.append(made)
    head = {key: value for key, value in rebuilt.notebook.items() if key != "cells"}
    return head | {"nbformat": 4, "nbformat_minor": 5, "cells": cells}


def part_output(spec: PartSpec, result: PartResult) -> dict[str, Any]:
    """The table of a part's checks as a notebook output, as HTML and as text."""
    data = {"text/plain": part_text(spec, result), "text/html": part_html(spec, result)}
    return {"output_type": "display_data", "data": data, "metadata": {}}


def part_text(spec: PartSpec, result: PartResult) -> str:
    """The table as plain text."""
    lines = [_headline(spec, result)]
    for outcome in result.outcomes:
        lines.append(f"  [{OUTCOME_WORDS[outcome.state]}] {outcome.title} ({_points(outcome)})")
        lines += [f"      {label}: {text}" for label, text in _details(outcome)]
        lines += [f"      hint: {hint}" for hint in _hints(outcome)]
    return "\n".join(lines)


def part_html(spec: PartSpec, result: PartResult) -> str:
    """The table as HTML that sanitisers let through: no attributes but `scope`."""
    rows = []
    for outcome in result.outcomes:
        details = "".join(f"<br>{label}: <code>{escape(text)}</code>" for label, text in _details(outcome))
        hints = "".join(f"<br>Hint: {escape(hint)}" for hint in _hints(outcome))
        rows.append(
            f'<tr><th scope="row">{escape(outcome.title)}{GAP}</th><td>{OUTCOME_WORDS[outcome.state]}{GAP}</td>'
            f"<td>{_points(outcome)}{GAP}</td><td>{_without_break(details + hints)}</td></tr>"
        )
    head = "".join(f'<th scope="col">{text}{GAP}</th>' for text in ("Check", "Result", "Points", "What came out"))
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>" if rows else ""
    return f"<p><strong>{escape(_headline(spec, result))}</strong></p>{table}"


def replace_file(path: Path, text: str, mode: int = 0o644) -> Path:
    """Write a text file so that a reader sees the old or the new one, never half of it."""
    fd, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path


def harmless_markdown(text: str, bound: int = PROSE_CHARS) -> str:
    """A learner's markdown for formgrader, which renders it beside the instructor's session: no HTML, no images, no
    hidden links.
    """
    if len(text) > bound:
        text = text[:bound] + f"\n\n… ({len(text) - bound} more characters left out)"
    # A space after the bracket makes a tag no tag, and reads well in prose, code and formulas alike.
    text = TAG.sub("< ", text).replace("![", "[")
    text = REFERENCE.sub(r"\1\\\2", text)
    return TARGET.sub("](#", text)


def _status_cell(record: Record) -> Cell:
    result = record.result
    lines = [f"**{result.status.capitalize()}.** {harmless_markdown(result.sentence, 2_000)}"]
    if not result.sealed:
        lines.append("These marks are **unsealed**: the code ran without a sandbox.")
    lines += [f"- {harmless_markdown(note, 500)}" for note in record.notes[:20]]
    return {"cell_type": "markdown", "id": STATUS_CELL, "metadata": {}, "source": "\n\n".join(lines)}


def _is_released(cell: Cell) -> bool:
    """Whether the text of a rebuilt cell is the release's."""
    return bool(cell.get("metadata")) and not is_editable(cell)


def _shown(cell: Cell, *, released: bool) -> Cell:
    made = {key: value for key, value in cell.items() if key in ("cell_type", "id", "metadata", "source")}
    if cell["cell_type"] == "code":
        source = cell["source"] if len(cell["source"]) <= CODE_CHARS else cell["source"][:CODE_CHARS] + "\n# … cut"
        return made | {"source": source, "outputs": [], "execution_count": None}
    if not released:
        # A raw cell can carry HTML past a renderer; as markdown it goes the same way as prose.
        made |= {"cell_type": "markdown", "source": harmless_markdown(cell["source"])}
    return made


def _part_metadata(spec: PartSpec, result: PartResult) -> dict[str, Any]:
    """What the feedback page needs of a part, in the cell's metadata."""
    return {
        "part": spec.name,
        "title": spec.title or spec.name,
        "kind": spec.kind,
        "state": result.state,
        "words": WORDS[result.state],
    }


def _headline(spec: PartSpec, result: PartResult) -> str:
    points = f"{result.earned:g} of {result.max_points:g} points"
    words = WORDS[result.state]
    return f"{spec.title or spec.name}: {points}" + (f" ({words})" if words else "")


def _points(outcome: OutcomeRecord) -> str:
    return f"{outcome.earned:g} of {outcome.points:g}"


def _details(outcome: OutcomeRecord) -> list[tuple[str, str]]:
    """Expected, came, input of a visible check that did not pass; of a hidden one nothing."""
    if not outcome.visible or outcome.state == "passed":
        return []
    texts = (
        ("message", outcome.message),
        ("expected", outcome.expected),
        ("came", outcome.came),
        ("given", outcome.given),
    )
    return [(label, text) for label, text in texts if text]


def _hints(outcome: OutcomeRecord) -> tuple[str, ...]:
    return () if outcome.state == "passed" else outcome.hints


def _without_break(html: str) -> str:
    return html.removeprefix("<br>")
