"""Released exercises are ordinary nbgrader notebooks: `wb.check` under `nbgrader validate` and `nbgrader autograde`."""

import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
CHECKS = """
from workbench.checks import as_number, expect, part
double_part = part("double", title="Twice")

@double_part.check(points=1)
def twice_two(submission):
    expect(submission.call("double", 2) == 4, expected=4, came="another number")

@double_part.check(points=1.5)
def twice_less(submission):
    expect(submission.call("double", -1) == -2, expected=-2, came="another number")

later_part = part("later", title="Later")
"""
RIGHT = """import sys, warnings
def double(x):
    print('noise', file=sys.stderr)
    warnings.warn('more')
    return 2 * x"""
HALF = "def double(x):\n    return x * x"
STARTER = "def double(x):\n    raise NotImplementedError('double: …')"
HANGS = "def double(x):\n    while True: pass"


@pytest.fixture(autouse=True)
def exercise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "checks.py").write_text(CHECKS)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nbgrader's own
        yield tmp_path


def notebook(answer: str, part: str, points: float) -> nbformat.NotebookNode:
    def cell(source: str, grade_id: str, **marks: Any) -> nbformat.NotebookNode:
        node = nbformat.v4.new_code_cell(source, id=grade_id)
        marks = {"grade": False, "locked": False, "solution": False, "task": False, **marks}
        node.metadata["nbgrader"] = {"schema_version": 3, "grade_id": grade_id, "cell_type": "code", **marks}
        return node

    cells = [
        cell("import workbench as wb", "start", locked=True),
        cell(answer, "answer", solution=True),
        cell(f'wb.check("{part}")', "check", grade=True, locked=True, points=points),
    ]
    return nbformat.v4.new_notebook(cells=cells)


def validated(folder: Path, answer: str, part: str = "double", points: float = 5) -> dict[str, Any]:
    from nbgrader.validator import Validator

    nbformat.write(notebook(answer, part, points), folder / "work.ipynb")
    return Validator(ignore_checksums=True).validate(str(folder / "work.ipynb"))


def graded(folder: Path, answer: str, part: str = "double", points: float = 5) -> float:
    from nbgrader.preprocessors import Execute
    from nbgrader.utils import determine_grade

    os.environ["NBGRADER_EXECUTION"] = "autograde"
    try:
        executed, _ = Execute().preprocess(notebook(answer, part, points), {"metadata": {"path": str(folder)}})
    finally:
        del os.environ["NBGRADER_EXECUTION"]
    return float(determine_grade(executed.cells[-1])[0])


def test_validate_is_content_when_all_visible_checks_pass_though_hidden_points_remain(exercise: Path) -> None:
    assert validated(exercise, RIGHT) == {}


def test_validate_is_content_with_a_part_that_has_hidden_checks_alone(exercise: Path) -> None:
    assert validated(exercise, STARTER, part="later") == {}


@pytest.mark.parametrize(("answer", "told"), [(HALF, "1 of 2 visible checks"), (STARTER, "2 of 2 visible checks")])
def test_validate_names_the_visible_check_that_failed(exercise: Path, answer: str, told: str) -> None:
    (failed,) = validated(exercise, answer)["failed"]
    assert failed["source"] == 'wb.check("double")'
    assert told in failed["error"]
    assert "Traceback" not in failed["error"]


@pytest.mark.parametrize(
    ("answer", "part", "points"),
    [(RIGHT, "double", 2.5), (HALF, "double", 1), (STARTER, "double", 0), (HALF, "later", 0)],
)
def test_autograde_gives_the_points_of_visible_checks(exercise: Path, answer: str, part: str, points: float) -> None:
    assert graded(exercise, answer, part) == points


def test_autograde_gives_all_points_where_all_checks_are_visible(exercise: Path) -> None:
    assert graded(exercise, RIGHT, points=2.5) == 2.5


def test_autograde_gives_nothing_for_a_part_that_is_not_there(exercise: Path) -> None:
    assert graded(exercise, RIGHT, part="nowhere") == 0


def test_autograde_gives_nothing_to_an_answer_that_was_interrupted(exercise: Path) -> None:
    """nbgrader interrupts a cell whose time is up; a swallowed interrupt would leave no output, which is full marks."""
    from nbgrader.preprocessors import Execute
    from nbgrader.utils import determine_grade

    (exercise / "checks.py").write_text(CHECKS.replace('"double", 2', '"double", 2, timeout_s=60'))
    os.environ["NBGRADER_EXECUTION"] = "autograde"
    try:
        resources = {"metadata": {"path": str(exercise)}}
        executed, _ = Execute(timeout=3).preprocess(notebook(HANGS, "double", 5), resources)
    finally:
        del os.environ["NBGRADER_EXECUTION"]
    assert determine_grade(executed.cells[-1])[0] == 0


def test_a_table_and_its_buttons_are_readable_in_the_saved_notebook(
    exercise: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The buttons are an output of their own, below the sentence that stands for them."""
    from nbclient import NotebookClient

    monkeypatch.setenv("WORKBENCH_WIDGETS", "1")
    work = notebook(HALF, "double", 5)
    NotebookClient(work, timeout=60, kernel_name="python3").execute(cwd=str(exercise))
    shown, twin, buttons = work.cells[-1].outputs
    assert "✗ failed" in shown.data["text/plain"]
    assert "✗ failed" in shown.data["text/html"]
    assert "wb.hint" in twin.data["text/plain"] and "wb.hint" in twin.data["text/html"]
    assert set(buttons.data) == {"application/vnd.jupyter.widget-view+json"}


def test_where_nobody_has_the_notebook_open_there_are_no_buttons(
    exercise: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nbclient import NotebookClient

    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    work = notebook(HALF, "double", 5)
    NotebookClient(work, timeout=60, kernel_name="python3").execute(cwd=str(exercise))
    (shown,) = work.cells[-1].outputs
    assert "✗ failed" in shown.data["text/plain"]
