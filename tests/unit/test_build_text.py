"""Percent text with the kit's markers: what becomes of each cell, and what is refused, with its line."""

import ast
from pathlib import Path

import pytest

from autograder.build.solution import released_source, solution_lines, solved_source
from autograder.build.text import ExerciseText, read_exercise_text
from autograder.errors import AuthoringError

TEXT = '''\
# A note for the author.

# %% [markdown]
# # Softmax

# %%
import workbench as wb

# %% tags=["parameters"]
n_rows = 10

# %% solution="softmax"
def softmax(x_BC):
    """Row-wise softmax.
# %% this is no cell
    """
    # cat the pieces
    ### BEGIN SOLUTION "Exponentiate, \\"then\\" divide."
    return secret(x_BC)
    ### END SOLUTION

# %% part="softmax"
wb.check("softmax")

# %% solution="bound"
### BEGIN SOLUTION bound = None  # one of "memory", "compute"
bound = "memory"
### END SOLUTION

# %% [markdown] written="trade-off"
# Before.
# ### BEGIN SOLUTION "*Your answer*"
# A model answer.
# ### END SOLUTION
'''


def read(tmp_path: Path, text: str) -> ExerciseText:
    (tmp_path / "exercise.py").write_text(text)
    return read_exercise_text(tmp_path / "exercise.py", "demo/exercise.py")


def release(text: ExerciseText, kind: str, name: str) -> str:
    cell = text.named(kind)[name]  # type: ignore[arg-type]
    return released_source(cell.source, cell.name, cell.is_code, text.shown, cell.line)


def test_each_marker_gives_its_kind_of_cell_and_the_note_above_gives_none(tmp_path: Path) -> None:
    text = read(tmp_path, TEXT)
    assert [(cell.kind, cell.name, cell.line) for cell in text.cells] == [
        ("prose", "", 3),
        ("code", "", 6),
        ("parameters", "", 9),
        ("solution", "softmax", 12),
        ("part", "softmax", 22),
        ("solution", "bound", 25),
        ("written", "trade-off", 30),
    ]


def test_a_comment_stays_a_comment(tmp_path: Path) -> None:
    assert "    # cat the pieces" in read(tmp_path, TEXT).named("solution")["softmax"].source


def test_a_quoted_starter_raises_what_is_to_be_done(tmp_path: Path) -> None:
    source = release(read(tmp_path, TEXT), "solution", "softmax")
    assert source.endswith('    raise NotImplementedError("softmax: Exponentiate, \\"then\\" divide.")')
    assert "secret" not in source
    assert "SOLUTION" not in source
    ast.parse(source)


def test_a_starter_without_quotes_is_the_line_itself(tmp_path: Path) -> None:
    assert release(read(tmp_path, TEXT), "solution", "bound") == 'bound = None  # one of "memory", "compute"'


def test_a_written_cell_shows_its_sentence_and_keeps_the_rest(tmp_path: Path) -> None:
    assert release(read(tmp_path, TEXT), "written", "trade-off") == "Before.\n*Your answer*"


def test_the_solution_is_what_stands_between_the_marks(tmp_path: Path) -> None:
    cell = read(tmp_path, TEXT).named("solution")["softmax"]
    assert solution_lines(cell.source) == ["return secret(x_BC)"]
    assert solved_source(cell.source).endswith("    return secret(x_BC)")
    assert "SOLUTION" not in solved_source(cell.source)


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ('# %% part="softmax"', '# %% prat="softmax"', 22, "the marker is unknown"),
        ('# %% part="softmax"', "# %% part=softmax", 22, "in double quotes"),
        ('# %% part="softmax"', "# %% softmax", 22, "the marker is unknown"),
        ('# %% part="softmax"', '# %% part="softmax" points=3', 22, "came:     points"),
        ('# %% part="softmax"', '# %% part="a" solution="a"', 22, "a cell has one marker"),
        ('# %% part="softmax"', '# %% part="../x"', 22, "does not have the right form"),
        ('# %% part="softmax"', "# %% part=3", 22, "does not have the right form"),
        ('# %% part="softmax"', '# %% [markdown] part="softmax"', 22, "a part cell is a code cell"),
        ('[markdown] written="trade-off"', 'written="trade-off"', 30, "a written cell is a markdown cell"),
        ('# %% part="softmax"', "# %% [raw]", 22, "only code and markdown"),
        ('tags=["parameters"]', 'tags=["parametres"]', 9, "the tags are unknown"),
        ('wb.check("softmax")', 'wb.check("softmax")\nprint(1)', 22, "its check and nothing else"),
        ('wb.check("softmax")', 'wb.check("other")', 22, "its check and nothing else"),
        ('wb.check("softmax")', "", 22, "an empty cell"),
        ('solution="bound"', 'solution="softmax"', 25, "two solution cells have the name softmax"),
        (
            '# %% solution="bound"',
            '# %% part="softmax"\nwb.check("softmax")\n# %% solution="bound"',
            25,
            "two part cells",
        ),
        ("# %%\nimport", '# %% [markdown] written="trade-off"\n# x\n# %%\nimport', 32, "two written cells"),
        ("    ### BEGIN SOLUTION", "    # BEGIN SOLUTION", 18, "another form"),
        ('SOLUTION "Exponentiate, \\"then\\" divide."', "SOLUTION", 18, "the solution has no starter"),
        ('"Exponentiate, \\"then\\" divide."', '"Exponentiate', 18, "not one quoted text"),
        ('"Exponentiate, \\"then\\" divide."', '"   "', 18, "not one quoted text"),
        (
            '"Exponentiate, \\"then\\" divide."',
            "Exponentiate, then divide.",
            12,
            "the released starter is no valid Python",
        ),
        ("    ### END SOLUTION\n", "", 18, "a solution does not end"),
        ("    return secret(x_BC)", '    ### BEGIN SOLUTION "b"', 19, "begins inside another"),
        ('    ### BEGIN SOLUTION "Exponentiate, \\"then\\" divide."\n', "", 19, "a solution ends that never began"),
        ("n_rows = 10", '### BEGIN SOLUTION "a"\nn_rows = 10\n### END SOLUTION', 9, "outside a solution cell"),
        ("# # Softmax", '# ### BEGIN SOLUTION "a"', 3, "outside a solution cell"),
        ("import workbench as wb", "import workbench", 6, "does not import the workbench"),
        ("n_rows = 10", "n_rows = ", 10, "no valid Python"),
        ("# A note for the author.", "n_notes = 1", 1, "code stands above the first cell"),
        ("n_rows = 10", 'n_rows = 10\n# %% tags=["parameters"]\nn = 1', 11, "two cells have the tag parameters"),
    ],
)
def test_a_mistake_in_the_text_names_its_line(tmp_path: Path, old: str, new: str, line: int, says: str) -> None:
    assert old in TEXT
    with pytest.raises(AuthoringError) as caught:
        read(tmp_path, TEXT.replace(old, new, 1))
    assert caught.value.where == f"demo/exercise.py, line {line}"
    assert says in str(caught.value)


def test_a_solution_cell_without_a_region_is_refused(tmp_path: Path) -> None:
    without_marks = "\n".join(line for line in TEXT.split("\n") if "SOLUTION" not in line)
    with pytest.raises(AuthoringError, match="the solution cell softmax has no solution"):
        read(tmp_path, without_marks)


def test_a_text_without_code_and_a_missing_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AuthoringError, match="no code cell"):
        read(tmp_path, "# %% [markdown]\n# Text\n")
    with pytest.raises(AuthoringError, match="the file is missing"):
        read_exercise_text(tmp_path / "nothing.py", "nothing.py")
