"""Forged metadata, cells and files of a submitted notebook: what is graded is the release's skeleton."""

import copy
import json
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.grade.intake import IntakeLimits, list_submissions, read_submission
from tests.attacks.attack import bundle, grade

Notebook = dict[str, Any]


def cell(notebook: Notebook, cell_id: str) -> dict[str, Any]:
    return next(cell for cell in notebook["cells"] if cell["id"] == cell_id)


def more_points(notebook: Notebook) -> None:
    """More points for the part that is solved."""
    cell(notebook, "part-pairs")["metadata"]["nbgrader"]["points"] = 1000


def other_grade_id(notebook: Notebook) -> None:
    """The solved part's id on the part that is not."""
    cell(notebook, "part-total")["metadata"]["nbgrader"]["grade_id"] = "part-pairs"
    cell(notebook, "part-total")["id"] = "part-pairs"


def own_checksum(notebook: Notebook) -> None:
    """A test cell emptied, with a checksum that fits."""
    test = cell(notebook, "part-total")
    test["source"] = "100"
    test["metadata"]["nbgrader"] |= {"checksum": "0" * 32, "schema_version": 3}


def unlocked(notebook: Notebook) -> None:
    """Every cell unlocked, the tests replaced by points."""
    for each in notebook["cells"]:
        each["metadata"] |= {"editable": True, "deletable": True}
        if "nbgrader" in each["metadata"]:
            each["metadata"]["nbgrader"] |= {"locked": False, "solution": True, "grade": False}
        if each["id"].startswith("part-"):
            each["source"] = "100"


def further_grade_cells(notebook: Notebook) -> None:
    """Grade cells of the learner's own, with points, outputs and scores."""
    for number in range(3):
        extra = copy.deepcopy(cell(notebook, "part-pairs"))
        extra |= {"id": f"part-mine-{number}", "source": "100"}
        extra["metadata"]["nbgrader"] |= {"grade_id": f"mine-{number}", "points": 100, "auto_score": 100}
        extra["outputs"] = [{"output_type": "execute_result", "data": {"text/plain": "100"}, "metadata": {}}]
        notebook["cells"].append(extra)


def copies_of_a_solved_part(notebook: Notebook) -> None:
    """The solved part ten times."""
    notebook["cells"] += [copy.deepcopy(cell(notebook, "part-pairs")) for _ in range(10)]


def deleted_tests(notebook: Notebook) -> None:
    """All tests deleted that would fail."""
    notebook["cells"] = [each for each in notebook["cells"] if each["id"] not in ("part-total", "part-tray")]


def outputs_with_scores(notebook: Notebook) -> None:
    """Outputs and metadata that say that the tests have passed."""
    for each in notebook["cells"]:
        if each["cell_type"] == "code":
            each["outputs"] = [{"output_type": "execute_result", "data": {"text/plain": "3"}, "execution_count": 1}]
        each["metadata"] |= {"autograder": {"earned": 100}, "nbgrader_score": 100}
    notebook["metadata"] |= {"autograder": {"earned": 100}, "kit-status": "graded"}


def traps_for_programs(notebook: Notebook) -> None:
    """Metadata of types that papermill, nbclient and nbconvert fall over."""
    notebook["metadata"] = {"papermill": "y", "kernelspec": ["sh"], "widgets": 7, "language_info": {"name": None}}
    for each in notebook["cells"]:
        each["metadata"] |= {"tags": 7, "papermill": "y", "execution": []}


def another_kernel(notebook: Notebook) -> None:
    """A kernel that is no Python, or a program."""
    notebook["metadata"]["kernelspec"] = {
        "name": "bash",
        "argv": ["/bin/sh", "-c", "touch /tmp/owned"],
        "language": "sh",
    }


def prose_for_tests(notebook: Notebook) -> None:
    """Cells of another type, so that they are not run."""
    for each in notebook["cells"]:
        each["cell_type"] = "markdown" if each["cell_type"] == "code" else "code"


FORGERIES: list[Callable[[Notebook], None]] = [
    more_points,
    other_grade_id,
    own_checksum,
    unlocked,
    further_grade_cells,
    copies_of_a_solved_part,
    deleted_tests,
    outputs_with_scores,
    traps_for_programs,
    another_kernel,
    prose_for_tests,
]


@pytest.mark.needs_sandbox
@pytest.mark.parametrize("forge", FORGERIES)
def test_a_forged_notebook_keeps_the_points_of_its_honest_code_and_gains_none(
    forge: Callable[[Notebook], None],
) -> None:
    notebook: Notebook = json.loads(json.dumps(bundle().skeleton))
    cell(notebook, "solution-pairs")["source"] = "n_pairs = 66"
    forge(notebook)
    result, _ = grade(notebook)
    assert {part.name: part.earned for part in result.parts} == {"total": 0, "pairs": 2, "tray": 0}
    assert result.max_points == 8


def hand_in(course: Path, learner: str, make: Callable[[Path], None]) -> Path:
    folder = course / "submitted" / learner / "unit"
    folder.mkdir(parents=True)
    make(folder / "unit.ipynb")
    return folder


def _device(path: Path) -> None:
    os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))  # /dev/zero: reading it would never end


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))


FILES = {
    "a link to a secret": lambda path: path.symlink_to("/etc/shadow"),
    "a link to another's work": lambda path: path.symlink_to("../../honest/unit/unit.ipynb"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a pipe": os.mkfifo,
    "a folder": Path.mkdir,
    "a socket": _socket,
}


@pytest.mark.parametrize("kind", FILES)
def test_what_is_no_plain_file_is_refused_and_not_opened(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    hand_in(tmp_path, "honest", lambda path: path.write_text(json.dumps(bundle().skeleton)))
    intake = read_submission(hand_in(tmp_path, "mallory", FILES[kind]), "unit")
    assert intake.status == "refused" and intake.notebook is None, intake


@pytest.mark.needs_root
def test_a_device_is_refused_and_not_read(tmp_path: Path) -> None:
    assert read_submission(hand_in(tmp_path, "mallory", _device), "unit").status == "refused"


def test_a_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "elsewhere"
    secret.mkdir()
    (secret / "unit.ipynb").write_text(json.dumps(bundle().skeleton))
    (tmp_path / "submitted" / "mallory").mkdir(parents=True)
    (tmp_path / "submitted" / "mallory" / "unit").symlink_to(secret)
    (tmp_path / "submitted" / "trudy").symlink_to(tmp_path / "submitted" / "mallory")
    assert read_submission(tmp_path / "submitted" / "mallory" / "unit", "unit").status == "refused"
    problems = {found.learner: found.problem for found in list_submissions(tmp_path, {"unit"})}
    assert problems["trudy"] is not None and problems["trudy"].status == "refused"


def test_a_file_with_a_hole_of_a_terabyte_is_too_large(tmp_path: Path) -> None:
    def sparse(path: Path) -> None:
        with path.open("wb") as stream:
            stream.truncate(2**40)

    assert read_submission(hand_in(tmp_path, "mallory", sparse), "unit").status == "too large"


TEXTS = {
    "no JSON": b"PK\x03\x04 a zip file",
    "gzip": b"\x1f\x8b\x08\x00" + bytes(100),
    "nested deeply": b'{"cells": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "a number of a million digits": b'{"nbformat": 4, "cells": [], "metadata": ' + b"9" * 1_000_000 + b"}",
    "cells that are numbers": b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [1, 2, null, "x", []]}',
    "empty": b"",
    "a pickle": b"\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x94\x85\x94R\x94.",
}


@pytest.mark.parametrize("kind", TEXTS)
def test_what_is_no_notebook_ends_in_a_status_and_a_sentence(kind: str, tmp_path: Path) -> None:
    intake = read_submission(hand_in(tmp_path, "mallory", lambda path: path.write_bytes(TEXTS[kind])), "unit")
    assert intake.status in ("notebook unreadable", "too large") or intake.notebook == {
        "cells": [],
        "notes": list(intake.notes),
    }
    assert intake.status == "read" or intake.sentence


def test_a_notebook_that_would_fill_memory_costs_only_its_reader(tmp_path: Path) -> None:
    def bomb(path: Path) -> None:
        path.write_bytes(b'{"nbformat": 4, "metadata": {}, "cells": [' + b"[],{}," * 6_000_000 + b"1]}")

    limits = IntakeLimits(memory_mib=256, cpu_s=10)
    assert read_submission(hand_in(tmp_path, "mallory", bomb), "unit", limits).status == "too large"


@pytest.mark.parametrize(
    "learner", ["..", "a..b", "-rf", "a b", "a\nb", "$(id)", "a;b", "\u202eabc", "x" * 200, ".hidden", "a'--", "%2e%2e"]
)
def test_a_learner_id_that_is_a_path_or_a_program_is_refused(learner: str, tmp_path: Path) -> None:
    folder = tmp_path / "submitted" / "other" if learner == ".." else tmp_path / "submitted" / learner
    folder.mkdir(parents=True)
    read = read_submission(tmp_path / "submitted" / learner / "unit", "unit")
    assert read.status == "refused"
    if learner not in ("..", ".hidden"):
        problems = [found.problem for found in list_submissions(tmp_path, {"unit"})]
        assert problems and all(problem is not None and problem.status == "refused" for problem in problems)
