"""Intake: whatever lies in a folder of submissions ends in a status and a sentence, never in an exception."""

import hashlib
import json
import os
import socket
from pathlib import Path

import nbformat
import pytest

from autograder.errors import GradingError
from autograder.grade.intake import IntakeLimits, learner_problem, list_submissions, read_submission

SMALL = IntakeLimits(file_mib=1, memory_mib=512, cpu_s=10)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "submitted" / "anna" / "roofline"
    made.mkdir(parents=True)
    return made


def notebook(*cells: dict, **more: object) -> dict:
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells), **more}


def code(source: object = "x = 1", **more: object) -> dict:
    return {"cell_type": "code", "id": "c", "metadata": {}, "source": source, "outputs": [], **more}


def write(folder: Path, content: object) -> Path:
    path = folder / "roofline.ipynb"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_an_ordinary_notebook_is_read_with_its_hash_and_size(folder: Path) -> None:
    made = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("a = 1\nb = 2"), nbformat.v4.new_markdown_cell("text")]
    )
    nbformat.write(made, folder / "roofline.ipynb")
    raw = (folder / "roofline.ipynb").read_bytes()
    intake = read_submission(folder, "roofline")
    assert (intake.status, intake.sentence) == ("read", "")
    assert [cell["source"] for cell in intake.notebook["cells"]] == ["a = 1\nb = 2", "text"]
    assert intake.sha256 == hashlib.sha256(raw).hexdigest()
    assert intake.size_bytes == len(raw)


def test_a_link_to_a_notebook_elsewhere_is_refused(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "other.ipynb"
    elsewhere.write_text(json.dumps(notebook(code("secret = 1"))))
    (folder / "roofline.ipynb").symlink_to(elsewhere)
    intake = read_submission(folder, "roofline")
    assert intake.status == "refused"
    assert intake.notebook is None
    assert "secret" not in intake.sentence


@pytest.mark.parametrize("level", ["learner", "unit"])
def test_a_linked_folder_is_refused_at_every_level(folder: Path, tmp_path: Path, level: str) -> None:
    write(folder, notebook(code()))
    linked = tmp_path / "submitted" / "bert"
    if level == "learner":
        linked.symlink_to(folder.parent)
    else:
        linked.mkdir()
        (linked / "roofline").symlink_to(folder)
    assert read_submission(linked / "roofline", "roofline").status == "refused"


def test_a_pipe_a_socket_and_a_folder_are_refused_without_waiting(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "roofline.ipynb"
    os.mkfifo(path)
    assert read_submission(folder, "roofline").status == "refused"
    path.unlink()
    monkeypatch.chdir(folder)  # a socket's path may have only 107 characters
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("roofline.ipynb")
        assert read_submission(folder, "roofline").status == "refused"
    path.unlink()
    path.mkdir()
    assert read_submission(folder, "roofline").status == "refused"


@pytest.mark.skipif(os.geteuid() != 0, reason="making a device needs root")
def test_a_device_is_refused(folder: Path) -> None:
    try:
        os.mknod(folder / "roofline.ipynb", 0o20666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("devices cannot be made here")
    assert read_submission(folder, "roofline").status == "refused"


def test_a_file_of_1_gb_is_too_large_and_not_read(folder: Path) -> None:
    with open(folder / "roofline.ipynb", "wb") as file:
        file.truncate(10**9)
    intake = read_submission(folder, "roofline")
    assert intake.status == "too large"
    assert intake.sha256 is None, "it was not read"
    assert "954 MiB" in intake.sentence
    assert "256 MiB" in intake.sentence
    assert "Clear" in intake.sentence


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ("import torch", "no JSON"),
        ('{"cells": [', "no JSON"),
        ("[1, 2]", "no list of cells"),
        ('{"cells": 7, "nbformat": 4}', "no list of cells"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        ('{"nbformat": 3, "worksheets": []}', "version 3"),
        ('{"nbformat": 5, "cells": []}', "version 5"),
        ('{"nbformat": true, "cells": []}', "version"),
        ('{"nbformat": "4", "cells": []}', "version"),
        ('{"cells": []}', "version none"),
    ],
)
def test_what_is_no_notebook_is_unreadable_and_says_why(folder: Path, content: str, words: str) -> None:
    write(folder, content)
    intake = read_submission(folder, "roofline")
    assert intake.status == "notebook unreadable"
    assert words in intake.sentence


def test_bytes_that_are_no_utf8_are_unreadable(folder: Path) -> None:
    (folder / "roofline.ipynb").write_bytes(b'{"cells": "\xff\xfe"}')
    assert "UTF-8" in read_submission(folder, "roofline").sentence


def test_numbers_of_5000_digits_and_nan_cost_nothing(folder: Path) -> None:
    text = json.dumps(notebook(code(), metadata={"n": "DIGITS", "x": "NAN"}))
    write(folder, text.replace('"DIGITS"', "9" * 5_000).replace('"NAN"', "NaN"))
    intake = read_submission(folder, "roofline")
    assert intake.status == "read"
    assert intake.notebook["cells"][0]["source"] == "x = 1"


def test_hostile_metadata_is_dropped_and_the_sources_are_kept(folder: Path) -> None:
    hostile = {"papermill": "y", "tags": 7, "nbgrader": {"grade_id": ["part"], "points": 1_000}}
    write(
        folder, notebook(code("a = 1", metadata=hostile), code("b = 2", metadata="text"), metadata={"papermill": "y"})
    )
    intake = read_submission(folder, "roofline")
    assert [cell["source"] for cell in intake.notebook["cells"]] == ["a = 1", "b = 2"]
    assert set(intake.notebook["cells"][0]) == {"cell_type", "source", "id", "grade_id", "outputs"}
    assert intake.notebook["cells"][0]["grade_id"] == ""


def test_cells_without_source_or_type_do_not_cost_the_others(folder: Path) -> None:
    write(
        folder, notebook({"cell_type": "code"}, {"source": "lost"}, 7, code(["a = 1\n", "b = 2"]), code({"no": "text"}))
    )
    intake = read_submission(folder, "roofline")
    assert [cell["source"] for cell in intake.notebook["cells"]] == ["", "a = 1\nb = 2", ""]
    assert len(intake.notes) == 4


def test_lone_surrogates_become_replacement_characters(folder: Path) -> None:
    write(folder, json.dumps(notebook(code("s = 'SURROGATE'"))).replace("SURROGATE", "\\ud800"))
    intake = read_submission(folder, "roofline")
    assert intake.notebook["cells"][0]["source"] == "s = '\ufffd'"
    json.dumps(intake.notebook, ensure_ascii=False).encode("utf-8")


def test_large_outputs_are_cut_and_the_sources_stay(folder: Path) -> None:
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": "x" * 20_000_000},
        {"output_type": "display_data", "data": {"image/png": "A" * 20_000_000}, "metadata": {}},
        {"output_type": "display_data", "data": {"application/javascript": "alert(1)"}, "metadata": {}},
    ]
    write(folder, notebook(code("answer = 42", outputs=outputs)))
    intake = read_submission(folder, "roofline")
    (cell,) = intake.notebook["cells"]
    assert (intake.status, cell["source"]) == ("read", "answer = 42")
    assert len(json.dumps(cell["outputs"])) < 100_000
    assert "2 outputs were left out" in cell["outputs"][-1]["text"]
    assert "alert" not in json.dumps(cell["outputs"])


def test_a_notebook_that_needs_more_memory_than_allowed_is_too_large(folder: Path) -> None:
    write(folder, '{"cells": [' + "[]," * 5_000_000 + '[]], "nbformat": 4}')
    intake = read_submission(folder, "roofline", IntakeLimits(memory_mib=256))
    assert intake.status == "too large"
    assert "Clear its outputs" in intake.sentence


def test_too_much_source_and_too_many_cells_are_too_large(folder: Path) -> None:
    write(folder, notebook(code("#" * 2_000)))
    assert read_submission(folder, "roofline", IntakeLimits(source_chars=1_000)).status == "too large"
    write(folder, notebook(*[code() for _ in range(11)]))
    assert read_submission(folder, "roofline", IntakeLimits(cells=10)).status == "too large"


def test_a_notebook_under_another_name_is_named(folder: Path) -> None:
    (folder / "Roofline copy.ipynb").write_text("{}")
    intake = read_submission(folder, "roofline")
    assert intake.status == "notebook unreadable"
    assert "Roofline copy.ipynb" in intake.sentence
    assert "rename it to roofline.ipynb" in intake.sentence


@pytest.mark.parametrize("learner", ["anna", "A-1_x", "anna.b@uni.eu", "x+y", "_guest", "7"])
def test_ordinary_ids_are_accepted(learner: str) -> None:
    assert learner_problem(learner) == ""


@pytest.mark.parametrize(
    "learner",
    ["", ".", "..", "../bert", "a/b", "a\\b", "/etc", "a..b", "ends.", ".hidden", "-rf", "=1+1", "@sum", "a\nb",
     "a\x00b", "a b", "аnna", "anna\u202e", "ﬁ", "a\u0301", "a" * 101, "~root", "$(id)", "a;b"],
)  # fmt: skip
def test_ids_that_could_leave_their_folder_or_deceive_are_refused(learner: str) -> None:
    problem = learner_problem(learner)
    assert "cannot be used" in problem
    assert problem.isascii()
    assert problem.isprintable()


def test_a_hostile_id_touches_nothing_outside(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "roofline").mkdir()
    (tmp_path / "roofline" / "roofline.ipynb").write_text(json.dumps(notebook(code())))
    outside = read_submission(tmp_path / "submitted" / ".." / "roofline", "roofline")
    assert outside.status == "refused"
    assert read_submission(folder, "../roofline").status == "refused"


def test_the_list_of_submissions_names_each_with_time_and_problem(tmp_path: Path) -> None:
    submitted = tmp_path / "submitted"
    for learner, unit in [
        ("anna", "roofline"),
        ("anna", "unknown"),
        ("bert", "roofline"),
        ("Carl", "roofline"),
        ("carl", "roofline"),
    ]:
        (submitted / learner / unit).mkdir(parents=True)
    (submitted / "анна" / "roofline").mkdir(parents=True)
    (submitted / "stray.txt").write_text("")
    (submitted / "anna" / "roofline" / "timestamp.txt").write_text("2026-03-01 14:00:00.000000 CET")
    (submitted / "bert" / "roofline" / "timestamp.txt").write_text("yesterday" * 1_000)
    found = {(s.learner, s.unit): s for s in list_submissions(tmp_path, {"roofline"})}
    assert found["anna", "roofline"].submitted_at == "2026-03-01T13:00:00+00:00"
    assert found["anna", "roofline"].problem is None
    assert found["anna", "unknown"].problem.status == "unknown exercise"
    assert found["bert", "roofline"].submitted_at is None
    assert found["bert", "roofline"].notes
    assert found["Carl", ""].problem.status == found["carl", ""].problem.status == "refused"
    assert "case" in found["carl", ""].problem.sentence
    assert found["анна", ""].problem.status == "refused"
    assert found["stray.txt", ""].problem.status == "refused"
    assert len(found) == 7


def test_a_timestamp_that_is_a_link_is_not_followed(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "time").write_text("2026-03-01 14:00:00 UTC")
    (folder / "timestamp.txt").symlink_to(tmp_path / "time")
    (submission,) = list_submissions(tmp_path, {"roofline"})
    assert submission.submitted_at is None
    assert submission.notes


def test_a_course_without_submissions_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(GradingError, match=r"mend: +collect submissions"):
        list_submissions(tmp_path)
