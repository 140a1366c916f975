"""The skeleton: what is graded is the released notebook with the learner's sources in it, nothing else of theirs."""

import base64
import copy
import json

import nbformat
import pytest

from autograder.grade.models import PartSpec
from autograder.grade.outputs import checked_image, clean_html
from autograder.grade.skeleton import assemble, rebuild, written_hashes

PNG = base64.b64encode(
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    + b"\x00" * 30
).decode()


def nbgrader(grade_id: str, **more: object) -> dict:
    base = {"grade": False, "solution": False, "locked": True, "grade_id": grade_id, "schema_version": 3}
    return {"nbgrader": base | more}


def cell(kind: str, cell_id: str, source: str, metadata: dict) -> dict:
    more = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"cell_type": kind, "id": cell_id, "source": source, "metadata": metadata, **more}


@pytest.fixture
def release() -> dict:
    solution = {"solution": True, "locked": False}
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        "cells": [
            cell("markdown", "cell-title", "# Roofline", nbgrader("cell-title")),
            cell("code", "cell-parameters", "n = 10", nbgrader("cell-parameters") | {"tags": ["parameters"]}),
            cell(
                "code", "solution-peak", "def peak(): raise NotImplementedError", nbgrader("solution-peak", **solution)
            ),
            cell("code", "part-peak", 'wb.check("peak")', nbgrader("part-peak", grade=True, points=3)),
            cell("markdown", "written-why", "(answer)", nbgrader("written-why", grade=True, points=2, **solution)),
        ],
    }


@pytest.fixture
def submitted(release: dict) -> dict:
    made = copy.deepcopy(release)
    made["cells"][2]["source"] = "def peak(): return 7"
    made["cells"][4]["source"] = "Because it is bound by memory."
    return made


def sources(notebook: dict) -> dict[str, str]:
    return {c["id"]: c["source"] for c in notebook["cells"]}


def test_the_answers_are_taken_and_the_rest_is_the_release(release: dict, submitted: dict) -> None:
    before = copy.deepcopy(release)
    made = rebuild(release, submitted)
    expected = sources(release) | {
        "solution-peak": "def peak(): return 7",
        "written-why": "Because it is bound by memory.",
    }
    assert sources(made) == expected
    assert [c["metadata"] for c in made["cells"]] == [c["metadata"] for c in release["cells"]]
    assert release == before, "the release is not changed"
    nbformat.validate(nbformat.from_dict(made))


def test_forged_metadata_and_changed_locked_cells_mean_nothing(release: dict, submitted: dict) -> None:
    submitted["metadata"] = {"kernelspec": {"name": "evil"}, "papermill": "y"}
    submitted["cells"][3]["source"] = "10"
    submitted["cells"][3]["metadata"] = nbgrader("part-peak", grade=True, points=1_000, solution=True, locked=False)
    submitted["cells"][1]["source"] = "n = 1"
    submitted["cells"][1]["metadata"] = {"tags": 7}
    made = assemble(release, submitted)
    assert sources(made.notebook)["part-peak"] == 'wb.check("peak")'
    assert sources(made.notebook)["cell-parameters"] == "n = 10"
    assert made.notebook["metadata"] == release["metadata"]
    assert sum("read-only" in note for note in made.notes) == 2


def test_deleted_cells_come_back_as_released(release: dict) -> None:
    made = assemble(release, {"cells": release["cells"][:1]})
    assert sources(made.notebook) == sources(release)
    assert sum("deleted" in note for note in made.notes) == 2
    assert assemble(release, {"cells": []}).notes == (), "nothing was read: intake says why"


def test_cells_without_ids_are_found_by_grade_id(release: dict, submitted: dict) -> None:
    for own in submitted["cells"]:
        del own["id"]
    assert sources(rebuild(release, submitted))["solution-peak"] == "def peak(): return 7"


def test_a_cell_id_is_believed_before_a_grade_id(release: dict, submitted: dict) -> None:
    pasted = cell("code", "fresh", "copy = 1", nbgrader("solution-peak", solution=True, locked=False))
    submitted["cells"].insert(0, pasted)
    made = rebuild(release, submitted)
    assert sources(made)["solution-peak"] == "def peak(): return 7"
    assert sources(made)["extra-1"] == "copy = 1"


def test_the_first_of_two_cells_with_one_id_is_the_answer(release: dict, submitted: dict) -> None:
    submitted["cells"].append(cell("code", "solution-peak", "def peak(): return 9", {}))
    submitted["cells"].append(cell("code", "part-peak", "forged = 1", {}))
    made = assemble(release, submitted)
    assert sources(made.notebook)["solution-peak"] == "def peak(): return 7"
    assert "forged = 1" not in sources(made.notebook).values()
    assert any("second cell solution-peak" in note for note in made.notes)
    ids = [c["id"] for c in made.notebook["cells"]]
    assert len(ids) == len(set(ids))


def test_added_cells_stay_after_the_same_cell_and_lose_their_metadata(release: dict, submitted: dict) -> None:
    submitted["cells"].insert(0, cell("code", "../../x", "first = 1", {"tags": ["parameters"]}))
    submitted["cells"].insert(4, cell("markdown", "m", "my notes", nbgrader("forged", grade=True, points=9)))
    submitted["cells"].insert(5, cell("code", "h", "def helper(): ...", {}))
    made = rebuild(release, submitted)
    order = [c["id"] for c in made["cells"]]
    assert order[0] == "extra-1"
    assert order[order.index("solution-peak") :][:4] == ["solution-peak", "extra-2", "extra-3", "part-peak"]
    assert all(c["metadata"] == {} for c in made["cells"] if c["id"].startswith("extra-"))
    nbformat.validate(nbformat.from_dict(made))


def test_an_added_cell_never_takes_an_id_of_the_release(release: dict, submitted: dict) -> None:
    release["cells"][0]["id"] = "extra-1"
    submitted["cells"].append(cell("code", "h", "x = 1", {}))
    assert "extra-2" in sources(rebuild(release, submitted))


def test_a_cell_cannot_change_its_type(release: dict, submitted: dict) -> None:
    submitted["cells"][2]["cell_type"] = "markdown"
    made = assemble(release, submitted)
    assert made.notebook["cells"][2]["cell_type"] == "code"
    assert made.notebook["cells"][2]["source"] == "def peak(): return 7"
    assert any("another type" in note for note in made.notes)


def test_submitted_outputs_are_kept_apart_and_are_harmless(release: dict, submitted: dict) -> None:
    html = "<table onclick=alert(1)><tr><td>7</td></tr></table><script>alert(2)</script><img src=x onerror=alert(3)>"
    submitted["cells"][2]["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": ["a\n", "b\u202e\x08"]},
        {"output_type": "execute_result", "execution_count": 1, "metadata": {"x": 1}, "data": {"text/html": html}},
        {"output_type": "display_data", "data": {"image/svg+xml": "<svg/>", "application/javascript": "alert(4)"}},
        {"output_type": "display_data", "data": {"image/png": PNG}},
        {"output_type": "display_data", "data": {"image/png": base64.b64encode(b"<svg onload=alert(5)>").decode()}},
        "no output",
    ]
    made = assemble(release, submitted)
    assert all(not c.get("outputs") for c in made.notebook["cells"]), (
        "nothing that was submitted is in the graded notebook"
    )
    shown = made.outputs["solution-peak"]
    assert [output["output_type"] for output in shown] == ["stream", "display_data", "display_data"]
    assert shown[0]["text"] == "a\nb\ufffd\ufffd"
    assert shown[1]["data"]["text/html"].startswith("<table>")
    assert shown[2]["data"] == {"image/png": PNG}
    assert "alert" not in json.dumps(shown)
    assert "onerror" not in json.dumps(shown)


@pytest.mark.parametrize("html", ["<b>" * 200, "<p>" * 5_000, "x" * 100_000], ids=["deep nesting", "many tags", "long"])
def test_html_that_would_take_long_to_clean_is_dropped(html: str) -> None:
    assert clean_html(html) is None


@pytest.mark.parametrize("mime", ["image/png", "image/jpeg"])
def test_what_is_no_image_of_its_kind_is_dropped(mime: str) -> None:
    huge = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x01\x00\x00\x00\x01\x00\x00" + b"\x00" * 40
    for raw in (b"", b"GIF89a" * 20, b"\xff\xd8\xff\xe0\x00", huge):
        assert checked_image(mime, base64.b64encode(raw).decode()) is None
    assert checked_image(mime, "no base64 …") is None


def test_a_written_answer_is_hashed_only_where_it_was_changed(release: dict, submitted: dict) -> None:
    parts = [
        PartSpec(name="why", cell_id="written-why", max_points=2, kind="written"),
        PartSpec(name="peak", cell_id="part-peak", max_points=3),
    ]
    changed = written_hashes(release, rebuild(release, submitted), parts)
    assert set(changed) == {"why"}
    assert len(changed["why"]) == 64
    submitted["cells"][4]["source"] = "(answer)\n"
    assert written_hashes(release, rebuild(release, submitted), parts) == {"why": ""}
