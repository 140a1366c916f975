"""A bundle is installed where there is no network; a lesson and the exercise of each kind run there and get a mark."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.build.bundle import solution_notebook
from autograder.catalogue.find import find_catalogue

ROOT = Path(__file__).parents[2]
# Served devices and clocks, tables, ranks that talk.
EXERCISES = ("accelerator/roofline", "dask/dataframes", "training/data-parallel")
LESSON = "dask/dataframes"
NO_NETWORK = ["bwrap", "--dev-bind", "/", "/", "--unshare-net", "--unshare-pid", "--proc", "/proc", "--die-with-parent"]

pytestmark = [pytest.mark.slow, pytest.mark.needs_sandbox, pytest.mark.timeout(1500)]


def run(*command: str, cwd: Path, network: bool = False, **more: str) -> str:
    """What the program printed; its end with another status than 0 fails the test."""
    plain = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    done = subprocess.run(
        [*([] if network else NO_NETWORK), *command],
        cwd=cwd,
        env={**(os.environ if network else plain), **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1400,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of this checkout, made by the command and unpacked; about 550 MiB, most of it torch and triton."""
    folder = tmp_path_factory.mktemp("bundle")
    archive = folder / "kit.tar.gz"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--dest",
        str(folder / "probe"),
        "cloudpickle",
    ]
    if subprocess.run(pip, capture_output=True, timeout=120, check=False).returncode:
        pytest.skip("no package index can be reached: a bundle cannot be made here")
    said = run(sys.executable, "-m", "workbench", "bundle", str(archive), cwd=ROOT, network=True)
    assert "Its checksum is in kit.tar.gz.sha256" in said
    run("sha256sum", "--check", "kit.tar.gz.sha256", cwd=folder)
    run("tar", "xzf", str(archive), cwd=folder)
    archive.unlink()
    (unpacked,) = folder.glob("ai-factory-course-kit-*")
    return unpacked


@pytest.fixture(scope="module")
def installed(bundle: Path) -> Path:
    """The environment that install.sh made, without a network."""
    target = bundle.parent / "venv"
    said = run("sh", str(bundle / "install.sh"), str(target), cwd=Path("/"), PYTHON=sys.executable, PIP_NO_COMPILE="1")
    assert f"{target}/bin/workbench start" in said
    return target


@pytest.fixture(scope="module")
def home(installed: Path) -> Path:
    """A learner's folder, with every exercise answered."""
    folder = installed.parent / "home"
    run(str(installed / "bin" / "workbench"), "start", str(folder), "--copy-only", cwd=Path("/"))
    for name in EXERCISES:
        notebook = folder / name / "exercise" / f"{name.split('/')[1]}.ipynb"
        notebook.write_text(json.dumps(solution_notebook(find_catalogue(ROOT).exercise(name))))
    return folder


def papermill(installed: Path, notebook: Path, parameters: dict[str, object], executed: Path, **env: str) -> str:
    """Runs a notebook in its folder, as a profile says."""
    options = ["-k", "python3", "--cwd", str(notebook.parent), "--no-progress-bar", "-y", json.dumps(parameters)]
    command = [str(installed / "bin" / "papermill"), str(notebook), str(executed), *options]
    return run(*command, cwd=notebook.parent, WORKBENCH_PROFILE="smoke", **env)


def test_a_bundle_holds_the_pins_the_catalogue_and_nothing_hidden(bundle: Path) -> None:
    names = {path.relative_to(bundle).as_posix() for path in bundle.rglob("*") if path.is_file()}
    assert {"install.sh", "environment.yml", "requirements.lock", "SHA256SUMS", "shelf/index.html"} <= names
    assert not [name for name in names if name.endswith(("hidden.py", "exercise.py", "exercise.yaml"))]
    lines = (bundle / "requirements.txt").read_text().split()
    pins = {name: version.split("+")[0] for name, version in (line.split("==") for line in lines[:-1])}
    lock = dict(
        line.split()[0].split("==")
        for line in (ROOT / "requirements.lock").read_text().splitlines()
        if "==" in line.split("#")[0]
    )
    of_lock = {name.lower().replace("_", "-"): version.strip(";") for name, version in lock.items()}
    assert {name: version for name, version in pins.items() if of_lock.get(name, version) != version} == {}
    assert {"torch", "jupyterlab", "papermill", "dask"} <= pins.keys()


def test_doctor_finds_everything_at_its_pin(installed: Path) -> None:
    said = run(str(installed / "bin" / "workbench"), "doctor", cwd=Path("/"))
    assert "MISSING" not in said and "tested with" not in said
    assert "ok      torch" in said and "ok      jupyterlab" in said


def test_a_lesson_runs_without_a_network(installed: Path, home: Path) -> None:
    lesson = home / LESSON / "lesson" / f"{LESSON.split('/')[1]}.ipynb"
    executed = installed.parent / "lesson.ipynb"
    papermill(installed, lesson, {}, executed)
    cells = [cell for cell in json.loads(executed.read_text())["cells"] if cell["cell_type"] == "code"]
    assert all(cell["execution_count"] for cell in cells)


@pytest.mark.parametrize("name", EXERCISES)
def test_an_exercise_runs_without_a_network_and_gets_the_mark(installed: Path, home: Path, name: str) -> None:
    profile = find_catalogue(ROOT).exercise(name).spec.profile("smoke")
    notebook = home / name / "exercise" / f"{name.split('/')[1]}.ipynb"
    executed = installed.parent / f"{name.replace('/', '-')}.ipynb"
    papermill(installed, notebook, dict(profile.parameters), executed, NBGRADER_EXECUTION="validate", **profile.env)
    said = run(str(installed / "bin" / "workbench"), "grade", name, "--folder", str(home), "--json", cwd=Path("/"))
    mark = json.loads(said)
    assert mark["hidden_checks"] is False and mark["earned"] == mark["points"] > 0
