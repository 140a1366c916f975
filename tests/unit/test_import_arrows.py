"""Imports point one way, workbench ← autograder ← hub-config; courses and exercises are data; no notebook is in git."""

import ast
import importlib.metadata
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# Data and configuration, found by path: no code of the kit may import them.
NEVER_IMPORTED = {"benchmarks", "courses", "exercises", "hub_config", "jupyterhub_config", "nbgrader_config", "tests"}
# `inside` is what the sandbox mounts autograder/sandbox/inside as.
OWN = {"autograder", "inside", "workbench"}
MODULES = sorted([*ROOT.glob("workbench/**/*.py"), *ROOT.glob("autograder/**/*.py")])


def imports(source: Path, text: str) -> Iterator[tuple[str, int]]:
    """Full name and line of every import in the file, inside functions and under TYPE_CHECKING too."""
    package = source.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(text, str(source))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else ()
            yield ".".join([*base, *filter(None, [node.module])]), node.lineno
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            yield from ((str(name.value), node.lineno) for name in node.args[:1] if isinstance(name, ast.Constant))


def crossings(source: Path, text: str) -> list[str]:
    """Imports of the file that point the wrong way."""
    path = source.relative_to(ROOT)
    inside = path.is_relative_to("autograder/sandbox/inside")
    forbidden = NEVER_IMPORTED | ({"autograder"} if inside or path.parts[0] == "workbench" else set())
    return [
        f"{path}:{line} imports {name}"
        for name, line in imports(source, text)
        if name.split(".")[0] in forbidden and not (inside and f"{name}.".startswith("autograder.sandbox.inside."))
    ]


def test_no_import_points_the_wrong_way() -> None:
    assert MODULES, "no module found: the test looks in the wrong place"
    assert [crossing for module in MODULES for crossing in crossings(module, module.read_text())] == []


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("workbench/check.py", "import autograder.build"),
        ("workbench/check.py", "def late():\n    from autograder import cli"),
        ("workbench/check.py", "import importlib; importlib.import_module('autograder.cli')"),
        ("autograder/cli.py", "import hub_config"),
        ("autograder/build/text.py", "from exercises.dask import dataframes"),
        ("autograder/sandbox/inside/init.py", "from ..limits import Limits"),
    ],
)
def test_an_import_that_points_the_wrong_way_is_found(path: str, line: str) -> None:
    assert crossings(ROOT / path, line) != []


def test_data_folders_are_no_packages() -> None:
    folders = ("courses", "exercises", "hub-config")
    assert [str(path) for folder in folders for path in (ROOT / folder).rglob("__init__.py")] == []


@pytest.mark.parametrize(
    ("package", "extras"), [("workbench", ["lessons"]), ("autograder", ["lessons", "grader", "hub"])]
)
def test_every_library_that_a_package_imports_is_declared(package: str, extras: list[str]) -> None:
    lists = [PROJECT["dependencies"], *(PROJECT["optional-dependencies"][extra] for extra in extras)]
    declared = {canonicalize_name(Requirement(name).name) for names in lists for name in names}
    distributions = importlib.metadata.packages_distributions()
    undeclared = []
    for module in MODULES:
        if module.relative_to(ROOT).parts[0] != package:
            continue
        for name, line in imports(module, module.read_text()):
            top = name.split(".")[0]
            if top in sys.stdlib_module_names or top in OWN:
                continue
            if not declared & {canonicalize_name(d) for d in distributions.get(top, [top])}:
                undeclared.append(f"{module.relative_to(ROOT)}:{line} imports {top}")
    assert undeclared == []


def test_no_notebook_is_in_git_outside_the_data_of_tests() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    # The checkout may belong to another user (a test run as root): git would refuse it.
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "--cached", "-z", "*.ipynb"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert [name for name in listed.stdout.split("\0") if name and not name.startswith("tests/data/")] == []
