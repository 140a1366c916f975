"""`autograder new`, `autograder build` and the command line around them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from autograder.build.authored import read_exercise
from autograder.build.new import new_exercise
from autograder.catalogue.find import EXERCISES_VARIABLE, find_catalogue
from autograder.cli import COMMANDS, main
from autograder.errors import AuthoringError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the template alone, as the working directory."""
    shutil.copytree(ROOT / "exercises" / "_template", tmp_path / "exercises" / "_template")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(EXERCISES_VARIABLE, raising=False)
    return tmp_path


def test_a_new_exercise_is_complete_and_has_its_own_name(project: Path) -> None:
    folder = new_exercise("dask/tree-sums", project)
    assert folder == project / "exercises" / "dask" / "tree-sums"
    authored = read_exercise(find_catalogue(project).exercise("dask/tree-sums"))
    assert authored.spec.title == "Tree sums"
    assert authored.text.cells[0].source.startswith("# Tree sums")
    assert not list(project.rglob("__pycache__"))
    assert not list(project.glob("exercises/dask/.*"))


@pytest.mark.parametrize(
    "name",
    [
        "dask",
        "",
        "/",
        "dask/",
        "/x",
        "../x",
        "dask/..",
        "a/b/c",
        "dask/x\n",
        "Dask/x",
        "dask/_x",
        "da sk/x",
        "dask/" + "x" * 61,
    ],
)
def test_a_name_that_is_not_course_and_unit_is_refused_and_makes_nothing(project: Path, name: str) -> None:
    with pytest.raises(AuthoringError, match="cannot be that of an exercise"):
        new_exercise(name, project)
    assert [path.name for path in (project / "exercises").iterdir()] == ["_template"]
    assert [path.name for path in project.iterdir()] == ["exercises"]


def test_an_exercise_that_exists_is_never_written_over(project: Path) -> None:
    folder = new_exercise("a/one", project)
    (folder / "exercise.py").write_text("mine")
    with pytest.raises(AuthoringError, match="exists already"):
        new_exercise("a/one", project)
    assert (folder / "exercise.py").read_text() == "mine"
    (project / "exercises" / "a" / "two").symlink_to(project / "nowhere")
    with pytest.raises(AuthoringError, match="exists already"):
        new_exercise("a/two", project)


def test_new_says_which_files_to_edit_and_what_to_do_then(project: Path) -> None:
    result = CliRunner().invoke(main, ["new", "dask/tree-sums"])
    assert result.exit_code == 0
    for word in (
        "exercise.yaml",
        "exercise.py",
        "checks.py",
        "hidden.py",
        "wrong/",
        "autograder verify dask/tree-sums",
    ):
        assert word in result.output


@pytest.mark.parametrize("arguments", [["new", "../x"], ["build", "nothing"], ["build", "no/thing"]])
def test_an_error_is_text_on_stderr_with_status_1_and_no_traceback(project: Path, arguments: list[str]) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert "expected:" in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_an_unknown_command_is_a_usage_error(project: Path) -> None:
    assert CliRunner().invoke(main, ["frobnicate"]).exit_code == 2


@pytest.mark.parametrize("command", ["new", "build"])
def test_each_command_has_help(command: str) -> None:
    result = CliRunner().invoke(main, [command, "--help"])
    assert result.exit_code == 0
    assert COMMANDS[command].split()[0] in result.output


def test_help_imports_none_of_the_commands() -> None:
    code = (
        "import sys; from autograder.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print('loaded:', sorted(m for m in sys.modules if m.split('.')[0] in ('nbgrader', 'pydantic', 'jupytext')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert "build" in done.stdout
    assert done.stdout.splitlines()[-1] == "loaded: []"
