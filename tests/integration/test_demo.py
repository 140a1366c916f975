"""`autograder demo` in small: one exercise, every kind of learner."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from autograder.cli import main
from autograder.errors import KitError
from tests.integration.cohort_course import make_course

pytestmark = [pytest.mark.slow, pytest.mark.needs_sandbox]
WRONG = '''"""Adds two where it should double.  Caught by: double.doubles_all"""


# %% solution="double"
def double(values_N):
    return [value + 2 for value in values_N]
'''
RIGHT = '''"""Adds each value to itself."""


# %% solution="double"
def double(values_N):
    return [value + value for value in values_N]
'''


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    folder = make_course(root).tiny.folder
    for kind, name, text in (("wrong", "adds_two", WRONG), ("correct", "adds", RIGHT)):
        (folder / kind).mkdir(exist_ok=True)
        (folder / kind / f"{name}.py").write_text(text)
    return root


@pytest.fixture(scope="module")
def shown(project: Path) -> Result:
    return demo(project)


def test_it_holds_and_says_so(shown: Result) -> None:
    assert (shown.exit_code, shown.exception) == (0, None), shown.output
    assert "NOT AS EXPECTED" not in shown.output


def test_it_prints_each_submission_with_its_mark_and_status(shown: Result) -> None:
    lines = [line.split() for line in shown.output.splitlines() if "small/tiny" in line and not line.startswith("[")]
    assert len(lines) > 20
    assert {line[-1] for line in lines} == {"yes"}
    table = "\n".join(" ".join(line) for line in lines)
    for words in (
        "the solution 5 of 5 graded",
        "untouched 0 of 5 graded",
        "right: adds 5 of 5 graded",
        "wrong: adds two 3 of 5 graded",
        "an endless loop, and the solution 5 of 5 timed out",
        "os._exit in a cell, and the solution 5 of 5 kernel died",
        "a link to the gradebook 0 of 5 refused",
        "an unknown exercise left aside",
    ):
        assert words in table


def test_forgeries_gain_nothing_and_it_says_how_many_there_were(shown: Result) -> None:
    assert "forgeries gained 0 points" in shown.output
    assert "\n0 forgeries" not in shown.output


def test_it_leaves_marks_and_pages_to_look_at(project: Path, shown: Result) -> None:
    course = project / "build/demo/small"
    assert (course / "gradebook.db").is_file()
    assert len(list((course / "feedback").glob("*/tiny/tiny.html"))) > 20


def test_a_folder_that_is_not_the_demos_is_not_emptied(project: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    refused = demo(project, "--out", str(tmp_path))
    assert refused.exit_code == 1
    assert "holds something else" in refused.output
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def demo(project: Path, *options: str) -> Result:
    here = Path.cwd()
    os.chdir(project)
    try:
        return CliRunner().invoke(main, ["demo", "--only", "small/tiny", *options])
    except KitError as error:
        raise AssertionError(str(error)) from error
    finally:
        os.chdir(here)
