"""Helpers checks_*.py beside checks.py: released, and importable where the checks are, and nowhere else."""

import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from autograder.build.authored import read_exercise
from autograder.build.bundle import make_bundle
from autograder.build.files import released_files
from autograder.catalogue.find import exercise_at
from autograder.errors import AuthoringError
from workbench.errors import KitError
from workbench.loading import load_parts
from workbench.local import run_local

TEMPLATE = Path(__file__).parents[2] / "exercises" / "_template"
FILES = {
    "checks_cases.py": "from dataclasses import dataclass\n\n@dataclass\nclass Case:\n    n: int = 3\n",
    "checks_compare.py": "from checks_cases import Case\n\ndef check_is(case, came):\n    assert came == case.n\n",
    "checks.py": """
from checks_cases import Case
from checks_compare import check_is
from workbench.checks import part
one_part = part("one", title="One")

@one_part.check(points=1)
def is_three(submission):
    check_is(Case(), submission.get("n"))
""",
    "hidden.py": """
import checks_compare
from checks import one_part

@one_part.check(points=1)
def is_four(submission):
    checks_compare.check_is(checks_compare.Case(4), submission.get("n"))
""",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def ours() -> set[str]:
    return {name for name in sys.modules if name in ("checks", "hidden") or name.startswith("checks_")}


def test_checks_and_hidden_checks_use_helpers_and_no_module_is_left_behind(folder: Path) -> None:
    finders = list(sys.meta_path)
    for _ in range(2):
        parts = load_parts(folder)
        assert [check.name for check in parts["one"].checks] == ["is_three", "is_four"]
    assert not ours()
    assert sys.meta_path == finders


def test_the_checks_of_a_notebook_use_helpers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    [outcome] = run_local(load_parts(folder, hidden=False)["one"], {"n": 3}, folder)
    assert outcome.state == "passed"


def test_what_a_learner_has_imported_under_such_a_name_is_not_used_and_comes_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = ModuleType("checks_cases")
    monkeypatch.setitem(sys.modules, "checks_cases", theirs)
    monkeypatch.setitem(sys.modules, "checks_gone", ModuleType("checks_gone"))
    load_parts(folder)
    assert sys.modules["checks_cases"] is theirs
    (folder / "checks.py").write_text("import checks_gone\n")
    with pytest.raises(KitError, match="checks_gone is not loaded here"):
        load_parts(folder)
    assert ours() == {"checks_cases", "checks_gone"}


def test_a_file_beside_the_notebook_that_python_would_find_is_not_imported(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    for name in ("checks_more.py", "hidden.py"):
        (elsewhere / name).write_text("raise SystemExit('imported')\n")
    monkeypatch.syspath_prepend(elsewhere)
    for name in ("checks_more", "hidden"):
        (folder / "checks.py").write_text(f"import {name}\n")
        with pytest.raises(KitError, match=f"{name} is not loaded here"):
            load_parts(folder, hidden=False)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("checks_cases.py", "import checks_compare", "line 1: checks_cases.py does not load: ModuleNotFoundError"),
        ("checks_cases.py", "import checks", "the order is checks_cases.py, checks_compare.py, checks.py, hidden.py"),
        ("checks_cases.py", "1 / 0", "line 1: checks_cases.py does not load: ZeroDivisionError"),
        ("checks_more.py", "from workbench.checks import part\npart('two', title='Two')", "A helper declares a part"),
        ("checks_two-words.py", "", "a name that cannot be imported"),
    ],
)
def test_a_helper_with_a_mistake_is_named(folder: Path, name: str, text: str, told: str) -> None:
    (folder / name).write_text(text)
    with pytest.raises(KitError) as caught:
        load_parts(folder)
    assert told in str(caught.value).replace(f"{folder}/", "")
    assert not ours()


def exercise_with_helper(tmp_path: Path) -> Any:
    folder = shutil.copytree(TEMPLATE, tmp_path / "demo" / "unit", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "checks_more.py").write_text("MORE = 1\n")
    text = (folder / "checks.py").read_text()
    (folder / "checks.py").write_text(
        text.replace("from workbench", "from checks_more import MORE\n\nfrom workbench", 1)
    )
    return exercise_at(folder)


def test_helpers_are_released_and_come_to_the_learner_and_to_the_referee(tmp_path: Path) -> None:
    exercise = exercise_with_helper(tmp_path)
    read_exercise(exercise)
    assert released_files(exercise.folder, exercise.shown)["checks_more.py"] == b"MORE = 1\n"
    bundle = make_bundle(exercise)
    assert bundle.files["checks_more.py"] == b"MORE = 1\n"
    (exercise.folder / "checks_more.py").write_text("MORE = 2\n")
    assert make_bundle(exercise).digest != bundle.digest


def test_a_helper_that_is_a_link_is_not_released(tmp_path: Path) -> None:
    exercise = exercise_with_helper(tmp_path)
    (exercise.folder / "checks_link.py").symlink_to(exercise.folder / "hidden.py")
    with pytest.raises(AuthoringError, match="a link or a device"):
        released_files(exercise.folder, exercise.shown)
