"""requirements.lock is the one place of versions; pyproject.toml, environment.yml and this machine agree with it."""

import importlib.metadata
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text()
ENVIRONMENT = (ROOT / "environment.yml").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

# The CUDA build of torch pins these itself; the CPU build has none of them.
OF_CUDA = ("nvidia-", "cuda-")
LINUX_ONLY = '; sys_platform == "linux"'  # the one condition under which a line may stand


def pins(lock: str) -> dict[str, str]:
    """Version of each distribution; a line that is no exact pin, or a second one of the same name, is an error."""
    found: dict[str, str] = {}
    for line in filter(None, (line.split("#")[0].strip() for line in lock.splitlines())):
        line = line.removesuffix(LINUX_ONLY)
        match = re.fullmatch(r"([A-Za-z0-9._-]+)==([^\s;,*]+)", line)
        assert match, f"requirements.lock: {line!r} is no exact pin NAME==VERSION"
        name = canonicalize_name(match[1])
        assert name not in found, f"requirements.lock: {name} is pinned twice"
        found[name] = match[2]
    return found


def purposes(lock: str) -> dict[str, str]:
    """The sentence beside each direct dependency."""
    lines = re.findall(r"^([A-Za-z0-9._-]+)==\S+ +# (.+)$", lock.replace(LINUX_ONLY, ""), flags=re.MULTILINE)
    return {canonicalize_name(name): purpose for name, purpose in lines}


def drift(environment: str, lock: str) -> list[str]:
    """Every way in which environment.yml would install something else than requirements.lock says."""
    complaints = []
    dependencies: list[Any] = yaml.safe_load(environment)["dependencies"]
    by_pip = [line for entry in dependencies if isinstance(entry, dict) for line in entry["pip"]]
    conda_lines = [entry for entry in dependencies if isinstance(entry, str)]
    by_conda = {re.split("[=<>!~ ]", line)[0]: line for line in conda_lines}
    if by_pip != ["-r requirements.lock", "-e ."]:
        complaints.append(f"pip installs {by_pip}, not requirements.lock and the kit")
    python = re.search(r"Python (3\.\d+)", lock)
    if python is None or by_conda.get("python") != f"python={python[1]}":
        complaints.append(f"conda-forge brings {by_conda.get('python', 'no python')}: the lock was made for another")
    if set(by_conda) != {"python", "pip", "nodejs", "bubblewrap"}:
        complaints.append(f"conda-forge brings {sorted(by_conda)}")
    return complaints


def required_by(names: set[str]) -> set[str]:
    """The names and all that they need here, by the metadata of what is installed, without what CUDA brings."""
    closed: set[str] = set()
    waiting: list[tuple[str, frozenset[str]]] = [(name, frozenset()) for name in names]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen or name.startswith(OF_CUDA):
            continue
        seen.add((name, extras))
        closed.add(name)
        for requirement in map(Requirement, importlib.metadata.requires(name) or []):
            asked = any(requirement.marker is None or requirement.marker.evaluate({"extra": e}) for e in extras | {""})
            if asked:
                waiting.append((canonicalize_name(requirement.name), frozenset(requirement.extras)))
    return closed


def test_every_direct_dependency_has_a_purpose_and_stands_in_pyproject() -> None:
    lists = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    declared = {canonicalize_name(Requirement(name).name) for names in lists for name in names}
    assert set(purposes(LOCK)) == declared | {"pip"}


def test_versions_stand_in_the_lock_alone() -> None:
    lists = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    assert [name for names in lists for name in names if Requirement(name).specifier] == []


def test_the_lock_pins_the_direct_dependencies_and_all_that_they_need_and_nothing_else() -> None:
    assert set(pins(LOCK)) == required_by(set(purposes(LOCK)))


def test_what_is_installed_is_what_the_lock_pins() -> None:
    installed = {name: Version(importlib.metadata.version(name)).public for name in pins(LOCK)}
    assert installed == pins(LOCK)


def test_every_pin_can_be_installed_with_the_python_of_debian_12() -> None:
    supported = {name: importlib.metadata.metadata(name).get("Requires-Python", "") for name in pins(LOCK)}
    assert {name: spec for name, spec in supported.items() if not SpecifierSet(spec).contains("3.11.2")} == {}


def test_environment_yml_is_in_step_with_the_lock() -> None:
    assert drift(ENVIRONMENT, LOCK) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("- -r requirements.lock", "- torch==2.12.0"),
        ("      - -e .\n", ""),
        ("python=3.11", "python=3.12"),
        ("  - bubblewrap ", "  - bubblewrap\n  - numpy=2.4 "),
        ("  - nodejs ", "  # "),
    ],
)
def test_a_drift_of_environment_yml_is_found(before: str, after: str) -> None:
    assert before in ENVIRONMENT
    assert drift(ENVIRONMENT.replace(before, after), LOCK) != []


@pytest.mark.parametrize("line", ["numpy>=2.4", "numpy==2.*", "numpy", "Numpy==2.4.6", "-e ."])
def test_a_line_of_the_lock_that_is_no_single_exact_pin_is_refused(line: str) -> None:
    with pytest.raises(AssertionError):
        pins(f"{LOCK}{line}\n")
