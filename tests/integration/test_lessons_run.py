"""Every lesson and solution of the tree runs as `smoke`, without a network; introductions as `laptop`, too.

Solutions run as `laptop` in tests/content. All lessons as `laptop` take a quarter of an hour: `autograder build --run`
runs and measures them.
"""

import functools
import shutil
import tempfile
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder.build.lesson import lessons_of
from autograder.build.run import Ran, Runnable, run_notebook, runnables
from autograder.catalogue.find import find_catalogue

pytestmark = [pytest.mark.slow, pytest.mark.needs_sandbox, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
PROFILES = ("smoke", "laptop")
KEPT = Path(tempfile.mkdtemp(prefix="executed-"))
LIMIT_MIB = 4096


def every(profile: str) -> dict[str, Runnable]:
    catalogue = find_catalogue(ROOT)
    found = {}
    for name in sorted(catalogue.course_files):
        course = catalogue.course(name)
        for runnable in runnables(course.exercises, lessons_of(catalogue, course), profile):
            found[f"{runnable.name}, {runnable.kind}"] = runnable
    return found


NAMES = sorted(every("smoke"))
ON_A_LAPTOP = [name for name in NAMES if name.endswith("/introduction, lesson")]
RUNS = [*((name, "smoke") for name in NAMES), *((name, "laptop") for name in ON_A_LAPTOP)]


@functools.cache
def run(name: str, profile: str) -> Ran:
    runnable = every(profile)[name]
    course = runnable.name.split("/")[0]
    return run_notebook(runnable, profile, KEPT / profile / course / runnable.file_name, sandbox=True)


@pytest.fixture(scope="module", autouse=True)
def clean() -> Any:
    yield
    shutil.rmtree(KEPT)


def cells(ran: Ran) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """What a reader sees of the cells, but for that with the profile's parameters."""
    assert ran.executed is not None
    notebook: Any = nbformat.read(ran.executed, as_version=4)
    kept = [cell for cell in notebook.cells if "injected-parameters" not in cell.metadata.get("tags", [])]
    return [(cell.id, cell.cell_type, cell.source, tuple(cell.metadata.get("tags", []))) for cell in kept]


@pytest.mark.parametrize(("name", "profile"), RUNS)
def test_it_runs_to_its_end_without_a_network_and_within_its_memory(name: str, profile: str) -> None:
    ran = run(name, profile)
    assert ran.failure == ""
    assert ran.memory_peak_mib < LIMIT_MIB


@pytest.mark.parametrize("name", ON_A_LAPTOP)
def test_its_cells_are_the_same_in_each_profile(name: str) -> None:
    smoke, laptop = (cells(run(name, profile)) for profile in PROFILES)
    assert smoke == laptop
