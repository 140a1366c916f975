"""A small course made by hand: a released notebook, nbgrader's gradebook of it, and results to write into it."""

import copy
import json
from pathlib import Path
from typing import Any

from nbformat.notebooknode import from_dict
from nbgrader.utils import compute_checksum

from autograder.book.gradebook import open_gradebook
from autograder.grade.models import OutcomeRecord, PartResult, PartSpec, Record, Result

UNIT = "roofline"
EXERCISE = f"accelerator/{UNIT}"
PARTS = (
    PartSpec(name="peak", title="Peak performance", cell_id="part-peak", max_points=3),
    PartSpec(name="bound", title="What bounds it", cell_id="part-bound", max_points=4),
    PartSpec(name="why", title="Why it is so", cell_id="written-why", max_points=2, kind="written"),
)
CANARY = "CANARY-OF-A-HIDDEN-CHECK"
GRADED_RUN = "PRINTED-BY-THE-GRADED-RUN"


def _cell(kind: str, cell_id: str, source: str, **nbgrader: Any) -> dict[str, Any]:
    base = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3}
    marks = base | {"grade_id": cell_id, "cell_type": kind} | nbgrader
    more = {"outputs": [], "execution_count": None} if kind == "code" else {}
    made = {"cell_type": kind, "id": cell_id, "source": source, "metadata": {"nbgrader": marks}, **more}
    marks["checksum"] = compute_checksum(from_dict(made))
    return made


def release() -> dict[str, Any]:
    """A released notebook with two checked parts and a written one."""
    cells = [
        _cell("markdown", "cell-title", "# Roofline\n\nHow fast **can** it be? Let $x < 1$.", locked=True),
        _cell("code", "solution-peak", "def peak():\n    raise NotImplementedError", solution=True),
        _cell("code", "part-peak", 'wb.check("peak")', grade=True, locked=True, points=3),
        _cell("code", "solution-bound", "bound = None", solution=True),
        _cell("code", "part-bound", 'wb.check("bound")', grade=True, locked=True, points=4),
        _cell("markdown", "written-why", "(your answer)", grade=True, solution=True, points=2),
    ]
    kernel = {"kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}}
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": kernel | {"language_info": {"name": "python"}},
        "cells": cells,
    }


def submitted(answer: str = "Because memory is slow.", **sources: str) -> dict[str, Any]:
    """The release with answers in it."""
    made = copy.deepcopy(release())
    texts = {"solution-peak": "def peak():\n    return 7", "written-why": answer} | sources
    for cell in made["cells"]:
        cell["source"] = texts.get(cell["id"], cell["source"])
    return made


def make_course(folder: Path) -> Path:
    """A course directory with release/, a gradebook that knows the exercise, and an empty submitted/."""
    for step in ("release", "source", "submitted"):
        (folder / step / UNIT).mkdir(parents=True)
    (folder / "submitted" / UNIT).rmdir()
    for step in ("release", "source"):
        (folder / step / UNIT / f"{UNIT}.ipynb").write_text(json.dumps(release()))
    book = open_gradebook(folder)
    with book:
        book.check_course(course_id="accelerator")
        book.add_assignment(UNIT, course_id="accelerator")
        book.add_notebook(UNIT, UNIT, kernelspec=json.dumps(release()["metadata"]["kernelspec"]))
        for cell in release()["cells"]:
            marks = cell["metadata"]["nbgrader"]
            where = (marks["grade_id"], UNIT, UNIT)
            if marks["grade"]:
                book.add_grade_cell(*where, max_score=marks["points"], cell_type=cell["cell_type"])
            if marks["solution"]:
                book.add_solution_cell(*where)
            book.add_source_cell(*where, cell_type=cell["cell_type"], source=cell["source"], checksum=marks["checksum"])
    return folder


def outcomes(earned: float, points: float) -> tuple[OutcomeRecord, ...]:
    """A visible check with all its texts, and a hidden one whose texts must not be shown."""
    visible = OutcomeRecord(
        check="tiny_case",
        title="The tiny case",
        visible=True,
        points=1,
        earned=min(earned, 1),
        state="passed" if earned else "failed",
        message="came 6, expected 7",
        expected="7",
        came="6 <script>alert(1)</script>",
        given="x = [1, 2]",
        hints=("Look at the units.", "Bytes, not bits."),
    )
    hidden = OutcomeRecord(
        check="large_case",
        title="Also for large sizes",
        visible=False,
        points=points - 1,
        earned=0 if earned < points else points - 1,
        state="failed" if earned < points else "passed",
        message=f"{CANARY} {GRADED_RUN}",
        expected=CANARY,
        came=GRADED_RUN,
        given=CANARY,
        hints=("What happens when the data no longer fits the cache?",),
    )
    return (visible, hidden)


def record(
    seq: int = 1,
    learner: str = "anna",
    peak: float = 3,
    bound: float = 1,
    answer_hash: str = "a" * 64,
    notebook: str = "b" * 64,
    bound_state: str = "graded",
    journal: str = "c" * 32,
    **more: Any,
) -> Record:
    """A record as the journal returns it."""
    parts = (
        PartResult(name="peak", earned=peak, max_points=3, state="graded", outcomes=outcomes(peak, 3)),
        PartResult(name="bound", earned=bound, max_points=4, state=bound_state, outcomes=outcomes(bound, 4)),
        PartResult(name="why", earned=0, max_points=2, state="needs a person"),
    )
    result = Result(
        key=f"k{seq}",
        learner=learner,
        exercise=EXERCISE,
        status=more.pop("status", "graded"),
        sentence=more.pop("sentence", "All parts were graded."),
        parts=more.pop("parts", parts),
        sealed=more.pop("sealed", True),
    )
    return Record(
        seq=seq,
        journal=journal,
        result=result,
        notebook_sha256=notebook,
        written_sha256=more.pop("written", {"why": answer_hash}),
        submitted_at="2026-03-01T13:00:00+00:00",
        **more,
    )
