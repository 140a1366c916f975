"""`workbench start`, `progress` and `grade` as their users run them: real programs, JupyterLab and kernels."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.build.bundle import solution_notebook
from autograder.catalogue.find import exercise_at, find_catalogue
from autograder.site.shelf import write_shelf
from tests.integration.servers_here import free_ports
from tests.integration.small_project import make_project

ROOT = Path(__file__).parents[2]
COURSE, UNIT = "alpha", "first"
EXERCISE = f"{COURSE}/{UNIT}/exercise/{UNIT}.ipynb"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    units = [(f"{COURSE}/{UNIT}", "First steps", []), (f"{COURSE}/second", "Second steps", [f"{COURSE}/{UNIT}"])]
    root = make_project(tmp_path_factory.mktemp("project"), units, lessons=[f"{COURSE}/{UNIT}"])
    write_shelf(find_catalogue(root), root / "shelf")
    return root


@pytest.fixture
def home(tmp_path: Path, project: Path) -> Path:
    """A learner's folder, filled."""
    done = workbench(project, tmp_path, "start", str(tmp_path / "home"), "--copy-only")
    assert done.returncode == 0, done.stderr
    return tmp_path / "home"


def environment(project: Path, scratch: Path) -> dict[str, str]:
    own = {"JUPYTER_RUNTIME_DIR": str(scratch / "runtime"), "JUPYTER_CONFIG_DIR": str(scratch / "config")}
    own |= {"WORKBENCH_RECORDS": str(scratch / "progress.sqlite"), "WORKBENCH_SHELF": str(project / "shelf")}
    return {**os.environ, **own, "IPYTHONDIR": str(scratch / "ipython")}


def workbench(
    project: Path, scratch: Path, *arguments: str, cwd: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "workbench", *arguments],
        cwd=cwd or scratch,
        env=environment(project, scratch),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture
def lab(home: Path, project: Path, tmp_path: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A workbench that runs on the folder, and the address that it said."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "workbench", "start", str(home), "--no-browser", "--port", str(port)]
    with (tmp_path / "lab.log").open("w") as log:
        process = subprocess.Popen(
            command, env=environment(project, tmp_path), stdout=subprocess.PIPE, stderr=log, text=True
        )
        assert process.stdout is not None
        address = ""
        for line in process.stdout:
            if line.startswith("JupyterLab is at"):
                address = line.split()[-1]
            if line.startswith("Ctrl-C"):
                break
        assert address, (tmp_path / "lab.log").read_text()
        yield process, address
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(60)
        process.stdout.close()


def status_of(address: str) -> int:
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.slow
def test_jupyterlab_runs_on_the_folder_for_its_owner_on_this_machine_alone_and_once(
    lab: tuple["subprocess.Popen[str]", str], home: Path, project: Path, tmp_path: Path
) -> None:
    process, address = lab
    match = re.fullmatch(r"(http://(127\.0\.0\.1|localhost):\d+/)lab/tree/START.ipynb\?token=(\w{32,})", address)
    assert match is not None, address
    contents = match[1] + "api/contents/START.ipynb"
    assert status_of(contents) == 403
    assert status_of(f"{contents}?token={match[3]}") == 200
    listening = subprocess.run(
        ["ss", "-ltnH", f"sport = :{address.split(':')[2].split('/')[0]}"], capture_output=True, text=True, check=False
    )
    if listening.returncode == 0:
        assert {line.split()[3].rsplit(":", 1)[0] for line in listening.stdout.splitlines()} <= {"127.0.0.1", "[::1]"}
    # A second start, and one with another folder's name for it.
    (tmp_path / "link").symlink_to(home)
    for folder in (home, tmp_path / "link"):
        second = workbench(project, tmp_path, "start", str(folder), "--no-browser")
        assert second.returncode == 1 and "runs on this folder already" in second.stderr
        assert address in second.stderr
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert workbench(project, tmp_path, "start", str(home), "--copy-only").returncode == 0


@pytest.mark.slow
def test_a_jupyter_without_a_token_is_not_left_running(home: Path, project: Path, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "jupyter_server_config.py").write_text('c.IdentityProvider.token = ""\n')
    (port,) = free_ports(1)
    done = workbench(project, tmp_path, "start", str(home), "--no-browser", "--port", str(port))
    assert done.returncode == 1 and "switch off its token" in done.stderr
    with pytest.raises(OSError):
        status_of(f"http://127.0.0.1:{port}/api")


def solved(home: Path, project: Path, **replaced: str) -> Path:
    """The learner's notebook of the first exercise, answered."""
    notebook = home / EXERCISE
    exercise = exercise_at(project / "exercises" / COURSE / UNIT)
    notebook.write_text(json.dumps(solution_notebook(exercise, replace=replaced)))
    return notebook


def test_ones_own_mark_is_by_the_visible_checks_and_says_so(home: Path, project: Path, tmp_path: Path) -> None:
    before = solved(home, project).read_bytes()
    done = workbench(project, tmp_path, "grade", f"{COURSE}/{UNIT}", "--folder", str(home), "--visible", "--json")
    assert done.returncode == 0, done.stderr
    mark = json.loads(done.stdout)
    assert (mark["own"], mark["sealed"], mark["hidden_checks"]) == (True, False, False)
    assert mark["earned"] == mark["points"] > 0 and mark["points"] < mark["points_of_the_exercise"] == 10
    assert (home / EXERCISE).read_bytes() == before
    assert not (tmp_path / "progress.sqlite").exists()


def test_with_the_sources_of_the_exercise_the_hidden_checks_count_too(
    home: Path, project: Path, tmp_path: Path
) -> None:
    wrong = "def running_mean(values, window):\n    return values\n"
    notebook = solved(home, project, **{"running-mean": wrong})
    done = workbench(project, tmp_path, "grade", str(notebook), cwd=project)
    assert done.returncode == 0, done.stderr
    first, *rows = done.stdout.splitlines()
    assert re.fullmatch(r"alpha/first: your own mark is \d+ of 10, by all checks, the hidden ones too\.", first)
    assert any("0 of" in row for row in rows) and "Unsealed" in done.stdout


def test_a_notebook_that_hurts_itself_still_gets_a_mark_for_the_rest(home: Path, project: Path, tmp_path: Path) -> None:
    notebook = solved(home, project)
    node = json.loads(notebook.read_text())
    last = max(index for index, cell in enumerate(node["cells"]) if cell["id"].startswith("part-"))
    node["cells"].insert(last, {**node["cells"][last], "id": "end", "metadata": {}, "source": "import os; os._exit(3)"})
    notebook.write_text(json.dumps(node))
    done = workbench(project, tmp_path, "grade", str(notebook), "--visible")
    assert done.returncode == 0, done.stderr
    assert "ended its own kernel in cell" in done.stdout and "(not reached)" in done.stdout


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda home: home / "alpha" / "nowhere.ipynb", "no such notebook"),
        (lambda home: home / COURSE / UNIT / "lesson" / f"{UNIT}.ipynb", "no notebook of an exercise"),
        (lambda home: _broken(home), "cannot be read"),
    ],
)
def test_what_cannot_be_graded_is_told(home: Path, project: Path, tmp_path: Path, make, told: str) -> None:  # type: ignore[no-untyped-def]
    done = workbench(project, tmp_path, "grade", str(make(home)), "--visible")
    assert done.returncode == 1
    assert done.stderr.startswith("workbench grade: ") and told in done.stderr and "Traceback" not in done.stderr


def _broken(home: Path) -> Path:
    (home / EXERCISE).write_text('{"cells": [')
    return home / EXERCISE


def test_progress_shows_what_was_recorded_and_what_comes_next(home: Path, project: Path, tmp_path: Path) -> None:
    program = f"from workbench import records; records.note_lesson({COURSE!r}, {UNIT!r})"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment(project, tmp_path), check=True)
    done = workbench(project, tmp_path, "progress", COURSE)
    assert done.returncode == 0, done.stderr
    assert "lesson: read" in done.stdout and f"Next: the exercise {COURSE}/{UNIT}" in done.stdout
    assert workbench(project, tmp_path, "progress", "nothing").stderr.startswith("workbench progress: ")


def test_records_of_a_newer_version_are_told_and_left_alone(home: Path, project: Path, tmp_path: Path) -> None:
    file = sqlite3.connect(tmp_path / "progress.sqlite")
    file.execute("PRAGMA user_version = 99")
    file.close()
    before = (tmp_path / "progress.sqlite").read_bytes()
    done = workbench(project, tmp_path, "progress")
    assert done.returncode == 1 and "version 99" in done.stderr and "Traceback" not in done.stderr
    assert (tmp_path / "progress.sqlite").read_bytes() == before


def test_each_command_has_help_and_a_wrong_one_is_refused(project: Path, tmp_path: Path) -> None:
    for command in ("doctor", "start", "progress", "grade", "bundle"):
        assert workbench(project, tmp_path, command, "--help").stdout.startswith(f"usage: workbench {command}")
    assert workbench(project, tmp_path, "dance").returncode == 2


def test_without_any_catalogue_it_says_where_it_looked(project: Path, tmp_path: Path) -> None:
    done = workbench(Path("/nowhere"), tmp_path, "start", str(tmp_path / "home"), "--copy-only")
    assert done.returncode == 1 and "the catalogue cannot be read" in done.stderr
