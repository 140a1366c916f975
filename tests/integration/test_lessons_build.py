"""`autograder build` with lessons: what is made, what is kept, what is run and measured, what is said of a failure."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
import pytest
from click.testing import CliRunner, Result

from autograder.build.run import Runnable, run_notebook
from autograder.catalogue.find import EXERCISES_VARIABLE
from autograder.catalogue.models import Profile
from autograder.cli import main
from workbench.course_card import card_here

TEMPLATE = Path(__file__).parents[2] / "exercises" / "_template"
LESSON = """# title: Counting
# minutes: 15
# profiles:
#   smoke: {parameters: {n_rows: 10}, env: {LESSON_NOTE: from the profile}}
#   laptop: {}

# %%
import os

import workbench as wb

# %% tags=["parameters"]
n_rows = 1_000

# %%
wb.predict("rows", "How many rows?", unit="rows")

# %%
print(n_rows, os.environ.get("LESSON_NOTE"), wb.profile().name, os.listdir("data/unit"))
wb.settle("rows", 2 * n_rows)


# %% solution="combine"
def combine(left, right):
    ### BEGIN SOLUTION "Return the sum."
    return left + right
    ### END SOLUTION


# %%
wb.your_turn("combine", lambda: combine(1, 2), want=3)

# %%
wb.quiz("Why?", {"a": "no", "b": "yes"}, right="b")

# %%
wb.order(["a = 1", "b = a", "print(b)"], "prints 1")


# %% tags=["hide-input"]
def draw(n=3):
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(1, 1))
    wb.picture(figure, f"A picture of {n}.")
    print("drawn for", n)


# %%
wb.explore(draw, n=(1, 5))
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one unit, demo/unit: the template's exercise, and a lesson that reads a file."""
    shutil.copytree(TEMPLATE, tmp_path / "exercises" / "demo" / "unit", ignore=shutil.ignore_patterns("__pycache__"))
    course = tmp_path / "courses" / "demo"
    (course / "data" / "unit").mkdir(parents=True)
    (course / "data" / "unit" / "seen.json").write_text("[]")
    (course / "course.yaml").write_text("title: D\naudience: all\noutcomes: [a, b]\nunits: [{unit: unit}]\n")
    (course / "unit.py").write_text(LESSON)
    monkeypatch.delenv(EXERCISES_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(main, ["build", *arguments])
    assert result.exit_code == code, result.output
    return result


def outputs(path: Path) -> str:
    """All that a notebook shows as text."""
    notebook: Any = nbformat.read(path, as_version=4)
    shown = [o for cell in notebook.cells if cell.cell_type == "code" for o in cell.outputs]
    return "\n".join(o.get("text", "") or o.get("data", {}).get("text/plain", "") for o in shown)


def test_lessons_are_built_beside_the_exercises_and_again_byte_equal(project: Path) -> None:
    assert "lessons: unit" in command("demo").output
    lesson = project / "build" / "demo" / "lessons" / "unit.ipynb"
    assert (project / "build" / "demo" / "lessons" / "data" / "unit" / "seen.json").read_text() == "[]"
    before = lesson.read_bytes()
    command("demo/unit")
    assert lesson.read_bytes() == before


def test_a_rebuild_keeps_the_folder_of_lessons_that_running_servers_show(project: Path) -> None:
    command("demo")
    lessons = project / "build" / "demo" / "lessons"
    before = lessons.stat().st_ino
    (project / "courses" / "demo" / "unit.py").write_text(LESSON.replace("How many rows?", "How many?"))
    command("demo")
    assert lessons.stat().st_ino == before
    assert "How many?" in (lessons / "unit.ipynb").read_text()


def test_each_folder_of_notebooks_says_which_course_and_unit_it_is(project: Path) -> None:
    command("demo/unit")
    course = project / "build" / "demo"
    card, of_exercise = card_here(course / "lessons"), card_here(course / "release" / "unit")
    assert card is not None and of_exercise is not None
    assert (card.course, card.unit, of_exercise.unit, card.units) == ("demo", "", "unit", of_exercise.units)
    (unit,) = card.units
    assert (unit.title, unit.minutes, unit.lesson_minutes) == ("Running mean", 30, 15)
    assert unit.parts == ("running-mean", "n-means", "spike")


def test_a_lesson_that_is_gone_from_the_course_is_removed_with_its_data(project: Path) -> None:
    command("demo")
    (project / "courses" / "demo" / "unit.py").unlink()
    command("demo/unit")
    lessons = project / "build" / "demo" / "lessons"
    assert (lessons / "unit.ipynb").exists(), "a single unit decides nothing about the others"
    command("demo")
    assert not (lessons / "unit.ipynb").exists() and not (lessons / "data" / "unit").exists()


def test_a_mistake_in_a_lesson_changes_nothing(project: Path) -> None:
    command("demo")
    before = {path: path.read_bytes() for path in (project / "build" / "demo" / "release").rglob("*") if path.is_file()}
    lesson = project / "courses" / "demo" / "unit.py"
    lesson.write_text(LESSON.replace("minutes: 15", "minutes: soon"))
    assert "line 2, key minutes" in command("demo", code=1).output
    assert before == {path: path.read_bytes() for path in before}


def test_a_run_uses_the_profile_and_writes_what_it_measured(project: Path) -> None:
    said = command("demo", "--run", "--profile", "smoke").output
    assert "ran 3 notebooks as smoke, 0 failed" in said
    folder = project / "build" / "demo"
    executed = folder / "executed" / "smoke"
    for kind in ("lesson", "lesson-solved"):
        shown = outputs(executed / f"unit.{kind}.ipynb")
        assert "10 from the profile smoke ['seen.json']" in shown
        assert "Measured: 20 rows. You made no prediction." in shown
        assert "a) ✗ not this one. no" in shown and "Put in order: prints 1" in shown
    pages = [(executed / f"unit.{kind}.html").read_text() for kind in ("lesson", "lesson-solved")]
    for page in pages:
        assert "<strong>Predict:</strong>" in page and "<strong>Quiz:</strong>" in page and "Put in order:" in page
        assert 'alt="A picture of 3."' in page and "drawn for 3" in page
        assert "def draw" not in page and "right=" not in page
    assert "widget-view" not in (executed / "unit.lesson.ipynb").read_text()
    assert "… not attempted" in outputs(executed / "unit.lesson.ipynb")
    assert "✓ correct" in outputs(executed / "unit.lesson-solved.ipynb")
    assert "3 of 3 points" in outputs(executed / "unit.exercise-solved.ipynb")
    report = json.loads((folder / "run-smoke.json").read_text())
    assert [(row["kind"], row["status"]) for row in report["notebooks"]] == [
        ("lesson", "passed"),
        ("lesson solved", "passed"),
        ("exercise solved", "passed"),
    ]
    assert all(row["wall_s"] > 0 and 10 < row["memory_peak_mib"] < 8000 for row in report["notebooks"])
    assert report["machine"]["cores"] >= 1 and report["versions"]["python"]
    page = (folder / "run-smoke.md").read_text()
    assert "| demo/unit, lesson solved | passed |" in page and report["date"] in page


def test_a_step_whose_answer_does_not_hold_fails_the_solved_run_alone(project: Path) -> None:
    lesson = project / "courses" / "demo" / "unit.py"
    lesson.write_text(LESSON.replace("return left + right", "return left - right"))
    said = command("demo", "--run", "--profile", "smoke", code=1).output
    assert "demo/unit, lesson: passed" in said
    assert "demo/unit, lesson solved: cell" in said and "answer to this step does not hold" in said
    assert "ran 3 notebooks as smoke, 1 failed" in said
    page = (project / "build" / "demo" / "run-smoke.md").read_text()
    assert "| demo/unit, lesson solved | failed |" in page and "**demo/unit, lesson solved**: cell" in page


def runnable(sources: Sequence[str]) -> Runnable:
    cells = [nbformat.v4.new_code_cell(source, id=f"cell-{number}") for number, source in enumerate(sources)]
    notebook = json.loads(nbformat.writes(nbformat.v4.new_notebook(cells=cells)))
    return Runnable("demo/unit", "lesson", notebook, {}, Profile())


def test_a_cell_that_raises_is_named_and_the_executed_notebook_is_kept(tmp_path: Path) -> None:
    ran = run_notebook(runnable(["print('before')", "x = 1\n1 / 0"]), "laptop", tmp_path / "out" / "kept.ipynb")
    assert ran.failure == "cell cell-1 (x = 1) raised ZeroDivisionError: division by zero"
    assert ran.executed is not None and "before" in outputs(ran.executed)


def test_a_cell_that_ends_its_kernel_is_named(tmp_path: Path) -> None:
    ran = run_notebook(runnable(["print('before')", "import os; os._exit(3)"]), "laptop", tmp_path / "kept.ipynb")
    assert ran.failure.startswith("cell cell-1 (import os; os._exit(3)) ended its kernel")
    assert ran.executed is not None


@pytest.mark.slow
def test_a_notebook_that_does_not_end_is_stopped_with_all_that_it_started(tmp_path: Path) -> None:
    noted = tmp_path / "pid"
    start = f"import subprocess; open({str(noted)!r}, 'w').write(str(subprocess.Popen(['sleep', '600']).pid))"
    ran = run_notebook(runnable([start, "import time\ntime.sleep(600)"]), "laptop", tmp_path / "kept.ipynb", limit_s=30)
    assert ran.failure == "cell cell-1 (import time) had not ended after 30 s, and was stopped"
    state = Path(f"/proc/{noted.read_text()}/stat")
    assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.needs_sandbox
def test_in_the_sandbox_only_loopback_can_be_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LESSON_CANARY", "of the host")
    sources = [
        "import socket\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(server.getsockname()).close()\n"
        "print('loopback works')",
        "import os\n"
        "print('profile', os.environ.get('WORKBENCH_PROFILE'), os.environ.get('LESSON_CANARY'))\n"
        "socket.create_connection(('192.0.2.1', 80), timeout=5)",
    ]
    ran = run_notebook(runnable(sources), "smoke", tmp_path / "kept.ipynb", sandbox=True)
    assert ran.executed is not None
    shown = outputs(ran.executed)
    assert "loopback works" in shown and "profile smoke None" in shown
    assert "Network is unreachable" in ran.failure


@pytest.mark.needs_sandbox
def test_a_dask_cluster_works_in_the_sandbox_and_its_loss_leaves_the_kernel_alive(tmp_path: Path) -> None:
    sources = [
        "import os\n"
        "import workbench as wb\n"
        "with wb.cluster() as client:\n"
        "    print(client.gather(client.map(abs, [-1, 2])))",
        "import dask\n"
        "try:\n"
        "    with dask.config.set({'distributed.scheduler.allowed-failures': 0}), wb.cluster(1) as client:\n"
        "        client.submit(os._exit, 1).result()\n"
        "except Exception as error:\n"
        "    print(error)",
        "print('alive')",
    ]
    ran = run_notebook(runnable(sources), "smoke", tmp_path / "kept.ipynb", sandbox=True)
    assert ran.failure == "" and ran.executed is not None
    shown = outputs(ran.executed)
    assert "[1, 2]" in shown and "one worker after the other" in shown and "alive" in shown
