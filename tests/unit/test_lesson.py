"""Lessons as text: header, cells, files; every mistake is named with its line."""

import json
from pathlib import Path

import nbformat
import pytest

from autograder.build.lesson import (
    Lesson,
    lesson_files,
    lesson_notebook,
    lessons_of,
    notebook_bytes,
    read_lesson,
)
from autograder.catalogue.find import EXERCISES_VARIABLE, Course, Exercise, find_catalogue
from autograder.errors import AuthoringError

TEXT = """# title: Counting
# minutes: 15
# profiles:
#   smoke: {parameters: {n_rows: 10}}
#   laptop: {}

# %% [markdown]
# # Counting

# %%
import workbench as wb

# %% tags=["parameters"]
n_rows = 1_000


# %% solution="combine"
def combine(left, right):
    ### BEGIN SOLUTION "Return the sum."
    return left + right
    ### END SOLUTION


# %%
wb.your_turn("combine", lambda: combine(1, 2), want=3)

# %%
wb.quiz("Why?", {"a": "no", "b": "yes"}, right="b")

# %%
n = 3
wb.order(["a", "b", "c"], "question")
"""


def written(folder: Path, text: str = TEXT) -> Lesson:
    path = folder / "unit.py"
    path.write_text(text, encoding="utf-8")
    return Lesson("demo/unit", path, "courses/demo/unit.py")


def changed(folder: Path, old: str, new: str) -> Lesson:
    assert old in TEXT
    return written(folder, TEXT.replace(old, new))


def test_a_lesson_becomes_a_valid_notebook_without_outputs_and_two_builds_are_byte_equal(tmp_path: Path) -> None:
    lesson = written(tmp_path)
    first, second = (notebook_bytes(lesson_notebook(read_lesson(lesson))) for _ in range(2))
    assert first == second
    notebook = nbformat.reads(first.decode(), as_version=4)
    nbformat.validate(notebook)
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells) == 7
    assert all(
        cell.outputs == [] and cell.execution_count is None for cell in notebook.cells if cell.cell_type == "code"
    )
    assert notebook.cells[2].metadata.tags == ["parameters"]
    assert notebook.metadata.title == "Counting"


def test_the_header_is_no_cell(tmp_path: Path) -> None:
    assert "minutes" not in json.dumps(lesson_notebook(read_lesson(written(tmp_path)))["cells"])


def test_the_reader_gets_the_starter_and_a_solved_notebook_the_answer(tmp_path: Path) -> None:
    lesson = read_lesson(written(tmp_path))
    assert lesson.has_steps
    reader, solved = (json.dumps(lesson_notebook(lesson, solved=way)) for way in (False, True))
    assert "NotImplementedError" in reader and "return left + right" not in reader
    assert "return left + right" in solved and "NotImplementedError" not in solved
    assert "BEGIN SOLUTION" not in reader + solved


def test_only_cells_that_are_nothing_but_a_quiz_or_an_order_are_folded(tmp_path: Path) -> None:
    cells = lesson_notebook(read_lesson(written(tmp_path)))["cells"]
    folded = [cell["source"].splitlines() for cell in cells if cell["metadata"].get("jupyter")]
    assert [lines[1][:7] for lines in folded] == ["wb.quiz"]
    assert folded[0][0].startswith("# Run this cell"), "the first line of a folded cell can be read"
    assert cells[5]["metadata"]["tags"] == ["hide-input"]


def test_a_cell_that_its_author_tags_is_folded_with_its_source_as_it_is(tmp_path: Path) -> None:
    cells = lesson_notebook(read_lesson(changed(tmp_path, "# %%\nn = 3", '# %% tags=["hide-input"]\nn = 3')))["cells"]
    assert cells[6]["metadata"] == {"jupyter": {"source_hidden": True}, "tags": ["hide-input"]}
    assert cells[6]["source"].startswith("n = 3")


@pytest.mark.parametrize(
    ("old", "new", "where", "what"),
    [
        ("# minutes: 15", "# minuets: 15", "line 2, key minuets", "unknown"),
        ("# minutes: 15", "# minutes: long", "line 2, key minutes", "integer"),
        ("# minutes: 15\n", "", "line 1, key minutes", "missing"),
        ("#   laptop: {}\n", "", "line 1", "laptop is missing"),
        ("{n_rows: 10}", "{rows: 10}", "line 4, key profiles.smoke.parameters.rows", "does not"),
        ("# title: Counting", "\n# title: Counting", "line 1", "header is missing"),
        ("# title: Counting", "# title: [", "line", "no valid YAML"),
        ('solution="combine"', 'part="combine"', "line 17", "part cell holds its check"),
        ('tags=["parameters"]', 'tags=["parameter"]', "line 13", "tags are unknown"),
        ('"Return the sum."', "", "line 19", "no starter"),
        ("import workbench as wb", "import workbench", "line 10", "does not import the workbench"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, old: str, new: str, where: str, what: str) -> None:
    with pytest.raises(AuthoringError) as caught:
        read_lesson(changed(tmp_path, old, new))
    assert caught.value.where.startswith("courses/demo/unit.py") and where in caught.value.where
    assert what in caught.value.what


@pytest.mark.parametrize(
    "cell",
    [
        '# %% part="x"\nwb.check("x")\n',
        '# %% [markdown] written="x"\n# ### BEGIN SOLUTION "Your answer"\n# a\n# ### END SOLUTION\n',
    ],
)
def test_a_graded_cell_is_refused(tmp_path: Path, cell: str) -> None:
    with pytest.raises(AuthoringError, match="a lesson is not graded"):
        read_lesson(written(tmp_path, TEXT + "\n" + cell))


def test_files_of_the_lesson_lie_beside_it_and_links_are_refused(tmp_path: Path) -> None:
    lesson = written(tmp_path)
    assert lesson_files(lesson) == {}
    folder = tmp_path / "data" / "unit"
    folder.mkdir(parents=True)
    (folder / "h100.json").write_bytes(b"{}")
    (tmp_path / "data" / "other").mkdir()
    (tmp_path / "data" / "other" / "x.json").write_bytes(b"")
    assert lesson_files(lesson) == {"data/unit/h100.json": b"{}"}
    (folder / "link").symlink_to("/etc/passwd")
    with pytest.raises(AuthoringError, match="a link or a device"):
        lesson_files(lesson)


def test_lessons_follow_the_order_of_the_course_after_its_introduction_and_a_stray_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(EXERCISES_VARIABLE, raising=False)
    folder = tmp_path / "courses" / "demo"
    folder.mkdir(parents=True)
    (folder / "course.yaml").write_text("title: D\naudience: a\noutcomes: [a, b]\nunits: [{unit: two}, {unit: one}]\n")
    for name in ("one", "two", "_draft"):
        (folder / f"{name}.py").write_text(TEXT)
    catalogue = find_catalogue(tmp_path)
    units = tuple(Exercise(f"demo/{unit}", tmp_path, unit) for unit in ("two", "one"))
    whole = Course("demo", object(), units)  # type: ignore[arg-type]  # only whether there is a course.yaml counts
    assert [lesson.name for lesson in lessons_of(catalogue, whole)] == ["demo/two", "demo/one"]
    assert [lesson.name for lesson in lessons_of(catalogue, Course("demo", None, units[1:]))] == ["demo/one"]
    (folder / "introduction.py").write_text(TEXT)
    assert [lesson.name for lesson in lessons_of(catalogue, whole)] == ["demo/introduction", "demo/two", "demo/one"]
    (folder / "tow.py").write_text(TEXT)
    with pytest.raises(AuthoringError, match="no unit of its course") as caught:
        lessons_of(catalogue, whole)
    assert caught.value.where == "courses/demo/tow.py" and "two, one" in caught.value.expected
