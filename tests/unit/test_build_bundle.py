"""What a learner gets and what a worker gets: nbgrader's metadata, ids from the text, and no answer in the release."""

import json
import shutil
from pathlib import Path

import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator

from autograder.build.authored import read_exercise
from autograder.build.bundle import make_bundle, solution_notebook
from autograder.build.notebook import source_notebook
from autograder.build.release import release_notebook
from autograder.build.solution import solution_lines
from autograder.catalogue.find import exercise_at
from autograder.errors import AuthoringError

TEMPLATE = Path(__file__).parents[2] / "exercises" / "_template"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the template as the exercise demo/unit."""
    return Path(shutil.copytree(TEMPLATE, tmp_path / "demo" / "unit", ignore=shutil.ignore_patterns("__pycache__")))


def sources(notebook: dict) -> dict[str, str]:
    return {cell["id"]: cell["source"] for cell in notebook["cells"]}


def test_nbgrader_and_nbformat_accept_source_and_release(folder: Path) -> None:
    authored = read_exercise(exercise_at(folder))
    for notebook in (source_notebook(authored), release_notebook(authored)):
        nbformat.validate(notebook)
        MetadataValidator().validate_nb(notebook)


def test_ids_are_derived_and_points_are_sums(folder: Path) -> None:
    cells = {cell["id"]: cell["metadata"]["nbgrader"] for cell in make_bundle(exercise_at(folder)).skeleton["cells"]}
    assert all(name == marks["grade_id"] for name, marks in cells.items())
    assert all(marks["schema_version"] == 3 for marks in cells.values())
    graded = {name: marks["points"] for name, marks in cells.items() if marks["grade"]}
    assert graded == {"part-running-mean": 5, "part-n-means": 2, "part-spike": 1, "written-edges": 2}
    unlocked = [name for name, marks in cells.items() if not marks["locked"]]
    assert unlocked == ["solution-running-mean", "solution-n-means", "solution-spike", "written-edges"]


def test_the_rubric_stands_above_its_written_cell(folder: Path) -> None:
    notebook = make_bundle(exercise_at(folder)).skeleton
    ids = list(sources(notebook))
    above = ids[ids.index("written-edges") - 1]
    assert above == "rubric-edges"
    assert "- 1 point: Names a use" in sources(notebook)[above]


def test_the_parameters_cell_keeps_its_tag(folder: Path) -> None:
    tagged = [cell for cell in make_bundle(exercise_at(folder)).skeleton["cells"] if "tags" in cell["metadata"]]
    assert [(cell["source"], cell["metadata"]["tags"]) for cell in tagged] == [("n_minutes = 240", ["parameters"])]


def test_no_line_of_a_solution_or_of_hidden_py_is_in_the_release(folder: Path) -> None:
    authored = read_exercise(exercise_at(folder))
    bundle = make_bundle(authored)
    released = json.dumps(bundle.skeleton, ensure_ascii=False) + "".join(
        content.decode() for name, content in bundle.files.items() if name != "hidden.py"
    )
    secret = [line for cell in authored.text.cells if cell.name for line in solution_lines(cell.source)]
    body = (folder / "hidden.py").read_text().split("\n\n\n", 1)[1].splitlines()
    shared = (folder / "checks.py").read_text()
    secret += [line.strip() for line in body if len(line.strip()) > 3 and line.strip() not in shared]
    assert len(secret) > 15
    assert [line for line in secret if line in released] == []


def test_a_bundle_holds_what_a_worker_needs_and_is_the_same_twice(folder: Path) -> None:
    bundle = make_bundle(exercise_at(folder), "smoke")
    assert list(bundle.files) == ["checks.py", "data/celsius.txt", "hidden.py", "probes/input_after_call.py"]
    assert [(part.name, part.cell_id, part.max_points, part.kind) for part in bundle.parts] == [
        ("running-mean", "part-running-mean", 5, "checked"),
        ("n-means", "part-n-means", 2, "checked"),
        ("spike", "part-spike", 1, "checked"),
        ("edges", "written-edges", 2, "written"),
    ]
    assert bundle.parameters == {"n_minutes": 60}
    assert bundle.limits.total_cpu_s == 60
    assert bundle.model_dump_json() == make_bundle(exercise_at(folder), "smoke").model_dump_json()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("hidden.py", "size=40", "size=41"),
        ("checks.py", "size=6", "size=7"),
        ("exercise.py", "A sensor", "One sensor"),
        ("exercise.yaml", "cpu_s: 10", "cpu_s: 11"),
        ("exercise.yaml", "n_minutes: 60", "n_minutes: 61"),
        ("data/make_data.py", "2026", "2027"),
        ("probes/input_after_call.py", "nothing", "no line"),
    ],
)
def test_the_digest_changes_with_everything_that_can_change_a_mark(folder: Path, file: str, old: str, new: str) -> None:
    before = make_bundle(exercise_at(folder), "smoke").digest
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))
    assert make_bundle(exercise_at(folder), "smoke").digest != before


def test_the_digest_does_not_change_with_the_folder_or_a_variant(folder: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(folder, tmp_path / "elsewhere" / "demo" / "unit"))
    (other / "wrong" / "in_place.py").unlink()
    assert make_bundle(exercise_at(other)).digest == make_bundle(exercise_at(folder)).digest


def test_the_solution_notebook_is_the_release_with_the_answers_in_it(folder: Path) -> None:
    released, solved = make_bundle(exercise_at(folder)).skeleton, solution_notebook(exercise_at(folder))
    changed = {name for name, source in sources(solved).items() if source != sources(released)[name]}
    assert changed == {"solution-running-mean", "solution-n-means", "solution-spike", "written-edges"}
    assert sources(solved)["solution-spike"] == 'spike = "window"'
    assert [cell["metadata"] for cell in solved["cells"]] == [cell["metadata"] for cell in released["cells"]]


def test_a_solution_can_be_replaced_by_name_and_no_other_name(folder: Path) -> None:
    notebook = solution_notebook(exercise_at(folder), {"spike": "spike = 1"}, {"edges": "Text."})
    assert sources(notebook)["solution-spike"] == "spike = 1"
    assert sources(notebook)["written-edges"] == "Text."
    assert sources(notebook)["solution-n-means"] == "n_means = 1000 - 25 + 1"
    with pytest.raises(AuthoringError, match="one of: running-mean, n-means, spike"):
        solution_notebook(exercise_at(folder), {"nail": "x = 1"})


def test_the_template_bundles_too() -> None:
    assert make_bundle(exercise_at(TEMPLATE)).exercise == "_template"
