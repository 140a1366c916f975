"""How the plug-in for nbgrader takes in an ordinary submission: its cells, and the files beside it."""

import ast
import base64
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.preprocessors import Execute, NbGraderPreprocessor
from traitlets.config import Config

from autograder.errors import GradingError
from autograder.plugin import use_sandbox
from autograder.plugin.execute import LabelUnsealed, SandboxedExecute
from autograder.plugin.kit import is_of_the_kit
from autograder.plugin.ordinary import KnownCell, rebuild
from autograder.plugin.places import Work, files_for

PLAIN = {"grade": False, "locked": False, "solution": False, "task": False, "schema_version": 3}


def known(name: str, kind: str = "code", **marks: Any) -> KnownCell:
    return KnownCell(name, kind, f"released {name}", {**PLAIN, "grade_id": name, **marks}, {})


KNOWN = [
    known("helper", locked=True),
    known("answer", solution=True),
    known("test", grade=True, locked=True, points=2.0),
    known("essay", "markdown", grade=True, solution=True, points=1.0),
]


def release() -> NotebookNode:
    cells = [new_code_cell("free", id="free", metadata={"tags": ["raises-exception"]})]
    for cell in KNOWN:
        make = new_code_cell if cell.cell_type == "code" else new_markdown_cell
        cells.append(make(cell.source, id=f"id-{cell.name}", metadata={"nbgrader": dict(cell.marks)}))
    return new_notebook(cells=cells)


def theirs(source: str, grade_id: str = "", cell_id: str = "", kind: str = "code") -> dict[str, Any]:
    return {"cell_type": kind, "source": source, "id": cell_id, "grade_id": grade_id, "outputs": []}


def rebuilt(*cells: dict[str, Any]) -> tuple[list[tuple[str, str]], list[str]]:
    """Grade id and text of each cell, and the notes."""
    notebook, notes = rebuild(cells, KNOWN, release(), {})
    return [(cell.metadata.get("nbgrader", {}).get("grade_id", ""), cell.source) for cell in notebook.cells], notes


def complete() -> list[dict[str, Any]]:
    return [theirs(f"own {cell.name}", cell.name, kind=cell.cell_type) for cell in KNOWN]


def test_locked_cells_are_the_gradebooks_and_answers_the_learners_in_the_learners_order() -> None:
    cells = complete()
    made, notes = rebuilt(cells[1], cells[0], theirs("more"), *cells[2:])
    assert made == [
        ("answer", "own answer"),
        ("helper", "released helper"),
        ("", "more"),
        ("test", "released test"),
        ("essay", "own essay"),
    ]
    assert notes == []


def test_deleted_cells_come_back_behind_the_one_that_they_follow() -> None:
    made, notes = rebuilt(theirs("own answer", "answer"), theirs("more"))
    assert [name for name, _ in made] == ["helper", "answer", "test", "essay", ""]
    assert len(notes) == 3


def test_a_deleted_answer_stays_deleted_because_it_may_stand_elsewhere() -> None:
    cells = complete()
    made, _ = rebuilt(cells[0], theirs("own answer, elsewhere"), *cells[2:])
    assert [text for name, text in made if name in ("", "answer")] == ["own answer, elsewhere"]


def test_of_copies_the_last_one_counts() -> None:
    made, notes = rebuilt(*complete(), theirs("again", "answer"))
    assert made[1] == ("", "own answer")
    assert made[-1] == ("answer", "again")
    assert "several cells answer" in notes[0]


def test_cells_that_lost_their_metadata_are_known_by_their_ids() -> None:
    cells = [theirs(f"own {cell.name}", cell_id=f"id-{cell.name}") for cell in KNOWN]
    made, notes = rebuilt(*cells)
    assert [name for name, _ in made] == ["helper", "answer", "test", "essay"]
    assert notes == []


def test_a_cell_has_the_type_and_the_tags_of_the_release() -> None:
    cells = [theirs("x", "answer", kind="markdown"), theirs("y", cell_id="free"), theirs("z", kind="raw")]
    notebook, _ = rebuild(cells, KNOWN, release(), {})
    by_source = {cell.source: cell for cell in notebook.cells}
    assert by_source["x"].cell_type == "code"
    assert by_source["y"].metadata == {"tags": ["raises-exception"]}
    assert by_source["z"].cell_type == "raw"


def test_ids_are_valid_and_differ() -> None:
    cells = [theirs("1", cell_id="same"), theirs("2", cell_id="same"), theirs("3", cell_id="not valid!"), *complete()]
    ids = [cell.id for cell in rebuild(cells, KNOWN, release(), {})[0].cells]
    assert len(set(ids)) == len(ids)
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz-0123456789") for name in ids)


def test_images_of_a_written_answer_are_kept() -> None:
    image = {"drawing.png": {"image/png": base64.b64encode(b"png").decode()}}
    notebook, _ = rebuild(complete(), KNOWN, release(), {1: image, 3: image})
    assert [cell.get("attachments") for cell in notebook.cells] == [None, None, None, image]


@pytest.fixture
def work(tmp_path: Path) -> Work:
    for name, text in {
        "release/ps/data.csv": "released",
        "release/ps/sub/table.csv": "released",
        "release/ps/ps.ipynb": "{}",
        "submitted/ada/ps/data.csv": "own",
        "submitted/ada/ps/own.py": "own",
        "submitted/ada/ps/sub": "a file where the release has a folder",
        "submitted/ada/ps/__pycache__/x.pyc": "own",
        "submitted/ada/ps/deep/er/notes.txt": "own",
        "submitted/ada/ps/ps.ipynb": "{}",
        "secret/hidden.py": "hidden",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return Work("ada", "ps", tmp_path / "submitted/ada/ps", tmp_path / "release/ps")


def given(work: Work, keep_own: tuple[str, ...] = (), disk_mib: float = 1) -> dict[str, str]:
    files = files_for(work, ("__pycache__", "*.pyc"), keep_own, disk_mib)
    return {name: data.decode() for name, data in files.items()}


def test_released_files_win_and_no_notebook_is_given(work: Work) -> None:
    assert given(work) == {
        "data.csv": "released",
        "sub/table.csv": "released",
        "own.py": "own",
        "deep/er/notes.txt": "own",
    }


def test_a_file_that_the_learner_may_replace_is_the_learners(work: Work) -> None:
    assert given(work, keep_own=("data.csv",))["data.csv"] == "own"


def test_links_pipes_and_large_files_of_the_learner_are_left_out_and_noted(work: Work) -> None:
    secret = work.submitted.parents[2] / "secret"
    (work.submitted / "link.py").symlink_to(secret / "hidden.py")
    (work.submitted / "folder").symlink_to(secret)
    os.mkfifo(work.submitted / "pipe")
    (work.submitted / "large.bin").write_bytes(b"x" * 2**20)
    assert set(given(work)) == {"data.csv", "sub/table.csv", "own.py", "deep/er/notes.txt"}
    assert sorted(note.split("'")[1] for note in work.notes) == ["folder", "large.bin", "link.py", "pipe"]


def test_a_submission_whose_folder_is_a_link_gives_no_file(work: Work) -> None:
    work.submitted.rename(work.submitted.with_name("elsewhere"))
    work.submitted.symlink_to(work.submitted.with_name("elsewhere"))
    assert set(given(work)) == {"data.csv", "sub/table.csv"}


def test_released_files_larger_than_the_disk_are_the_instructors_fault(work: Work) -> None:
    with pytest.raises(GradingError, match="disk_mib"):
        given(work, disk_mib=1e-6)


def test_only_what_autograder_build_made_is_of_the_kit(tmp_path: Path) -> None:
    def notebook(part: str, grade_id: str) -> str:
        marks = {"grade": True, "grade_id": grade_id}
        cell = {"cell_type": "code", "source": [f'wb.check("{part}")'], "metadata": {"nbgrader": marks}}
        return json.dumps({"cells": [cell]})

    for name, text in {
        "kit": notebook("softmax", "part-softmax"),
        "other": notebook("mean", "part-softmax"),
        "plain": notebook("softmax", "softmax"),
        "damaged": "{",
    }.items():
        (tmp_path / name).write_text(text)
    assert [name for name in os.listdir(tmp_path) if is_of_the_kit(tmp_path / name)] == ["kit"]
    assert not is_of_the_kit(tmp_path / "missing")


def test_another_exporter_in_the_configuration_is_named() -> None:
    config = Config()
    config.Autograde.exporter_class = "somebodys.Exporter"
    with pytest.raises(GradingError, match=r"somebodys\.Exporter"):
        use_sandbox(config)


def test_the_page_names_each_setting_with_its_default() -> None:
    """Only those that are ours; nbgrader documents what it has itself."""
    text = (Path(__file__).parents[2] / "docs/nbgrader.md").read_text()
    told = {
        (name, setting): ast.literal_eval(value)
        for name, setting, value in re.findall(r"^c\.(\w+)\.(\w+) = ([^#\n]+)", text, re.M)
        if name in ("SandboxedExecute", "LabelUnsealed")
    }
    there = {
        (kind.__name__, name): getattr(kind(), name)
        for kind, base in ((SandboxedExecute, Execute), (LabelUnsealed, NbGraderPreprocessor))
        for name in set(kind.class_traits(config=True)) - set(base.class_traits(config=True))
    }
    assert told == there
