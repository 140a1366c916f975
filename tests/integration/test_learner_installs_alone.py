"""A learner installs the kit without the grader: `pip install ai-factory-course-kit`, no extra."""

import importlib.metadata
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "workbench", "autograder")

# Runs in an interpreter that sees the installed wheel and, of all other distributions, only what the wheel requires.
IN_LEARNERS_ENVIRONMENT = """
import importlib, importlib.metadata, json, pkgutil, sys
from pathlib import Path
site, allowed, exercise = sys.argv[1], set(json.loads(sys.argv[2])), Path(sys.argv[3])
owners = importlib.metadata.packages_distributions()

class OnlyWhatIsRequired:
    def find_spec(self, name, path=None, target=None):
        owner = {d.lower().replace("_", "-").replace(".", "-") for d in owners.get(name, [])}
        if owner and not owner & allowed:
            raise ModuleNotFoundError(f"No module named {name!r}: a learner's environment has no {owner}", name=name)

sys.path.insert(0, site)
sys.meta_path.insert(0, OnlyWhatIsRequired())

def is_missing(name):
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        return True
    return False

import workbench
modules = [m.name for m in pkgutil.walk_packages(workbench.__path__, "workbench.")]
for module in modules:
    importlib.import_module(module)

from workbench.loading import load_parts
from workbench.local import run_local
right = run_local(load_parts(exercise)["double"], {"double": lambda x: 2 * x}, exercise)
wrong = run_local(load_parts(exercise)["double"], {"double": lambda x: x + 1}, exercise)

from autograder.__main__ import main as autograder
try:
    autograder()
except SystemExit as refused:
    said = str(refused)
print(json.dumps({
    "autograder": said,
    "from": workbench.__file__,
    "modules": modules,
    "missing": [name for name in ("nbgrader", "dask", "papermill", "torch", "click", "pydantic") if is_missing(name)],
    "right": [outcome.state for outcome in right],
    "wrong": [outcome.state for outcome in wrong],
}))
"""

CHECKS = """
from workbench.checks import as_array, close, expect, part
double_part = part("double", title="Doubles")

@double_part.check(points=1)
def doubles(submission):
    x = submission.rng.normal(size=3)
    y = as_array(submission.call("double", x), shape=(3,))
    expect(close(y, 2 * x), expected=2 * x, came=y, given=x)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The kit's wheel, built offline from a copy of the sources."""
    folder = tmp_path_factory.mktemp("wheel")
    tree = folder / "tree"
    tree.mkdir()
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tree / name)
    pip("wheel", "--no-build-isolation", "--wheel-dir", str(folder), str(tree))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def site(wheel: Path) -> Path:
    """The wheel, installed in a folder of its own."""
    folder = wheel.parent / "site"
    pip("install", "--target", str(folder), str(wheel))
    return folder


def pip(command: str, *arguments: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "pip", command, "--quiet", "--no-deps", "--no-index", *arguments],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert run.returncode == 0, run.stderr


def closure(requirements: list[str]) -> set[str]:
    """Names of what these requirements bring, by the metadata of what is installed here."""
    closed: set[str] = set()
    waiting = [Requirement(requirement) for requirement in requirements]
    while waiting:
        requirement = waiting.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        name = canonicalize_name(requirement.name)
        if name not in closed:
            closed.add(name)
            waiting += map(Requirement, importlib.metadata.requires(name) or [])
    return closed


def requirements(site: Path) -> list[str]:
    (distribution,) = importlib.metadata.distributions(name="ai-factory-course-kit", path=[str(site)])
    return distribution.requires or []


def test_a_learner_gets_no_part_of_the_grader(site: Path) -> None:
    assert closure(requirements(site)) & {"nbgrader", "dask", "papermill", "torch", "sqlalchemy", "pydantic"} == set()


def test_workbench_checks_an_answer_where_only_what_it_requires_is_installed(site: Path, tmp_path: Path) -> None:
    (tmp_path / "checks.py").write_text(CHECKS)
    allowed = sorted({"ai-factory-course-kit"} | closure(requirements(site)))
    run = subprocess.run(
        [sys.executable, "-I", "-c", IN_LEARNERS_ENVIRONMENT, str(site), json.dumps(allowed), str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    seen = json.loads(run.stdout)
    assert Path(seen["from"]).is_relative_to(site)
    assert "workbench.checks" in seen["modules"]
    assert seen["missing"] == ["nbgrader", "dask", "papermill", "torch", "click", "pydantic"]
    assert "pip install 'ai-factory-course-kit[grader]'" in seen["autograder"]
    assert (seen["right"], seen["wrong"]) == (["passed"], ["failed"])


def test_the_wheel_carries_both_packages_their_types_and_the_licence(site: Path) -> None:
    (distribution,) = importlib.metadata.distributions(name="ai-factory-course-kit", path=[str(site)])
    files = {str(path) for path in distribution.files or []}
    assert {"workbench/py.typed", "autograder/py.typed", "workbench/__init__.py"} <= files
    assert any(name.endswith("/LICENSE") for name in files)
    assert not [name for name in files if name.split("/")[0] in ("tests", "courses", "exercises", "benchmarks")]
