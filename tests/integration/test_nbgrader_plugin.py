"""nbgrader's own autograde with the two lines of the plug-in: exercises of the kit, and ordinary assignments."""

import asyncio
import base64
import shutil
import struct
from pathlib import Path
from typing import Any

import pytest
from nbconvert.preprocessors import ExecutePreprocessor
from nbgrader.converters import Autograde, NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import Execute
from traitlets.config import Config

from autograder.grade.course import course_secret
from autograder.grade.models import Limits
from autograder.plugin import use_sandbox
from autograder.plugin.execute import run_cells
from autograder.plugin.worker import CellsToRun
from tests.integration.cohort_course import SmallCourse, edited, make_course
from tests.integration.plain_course import (
    CANARY,
    NOTEBOOK,
    PLAIN,
    SANDBOXED,
    UNIT,
    PlainCourse,
    make_plain_course,
    without,
)

pytestmark = [pytest.mark.slow, pytest.mark.needs_sandbox]

TWO_LINES = "from autograder.plugin import use_sandbox\nuse_sandbox(c)\n"
LIMITS = "c.SandboxedExecute.cpu_s = 2\nc.SandboxedExecute.output_mib = 2\n"
TESTED = ("test-squares", "test-mean", "test-empty")
RIGHT_SQUARES = "    return [v * v for v in values]"
SAYS = """from IPython import get_ipython
kernel = get_ipython().kernel
def squares(values):
    for _ in range({times}):
        kernel.session.send(kernel.iopub_socket, "{kind}", {content}, parent=kernel.get_parent("shell"), ident=b"x")
    return [v * v for v in values]"""
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", 2, 2) + b"x" * 40
MILLION = "{'execution_count': 1, 'metadata': {}, 'data': {'text/plain': '1e6'}}"
LONG_ERROR = "{'ename': 'E', 'evalue': 'x' * 100_000, 'traceback': []}"
# Looks for the canary and the gradebook where an unsandboxed kernel finds them, then writes into the gradebook.
SPY = """import os
import sqlite3
root = {root!r}
def text_of(path):
    try:
        return open(path, errors="replace").read()
    except OSError:
        return ""
tops = [root, os.getcwd()]
found = {{
    os.path.join(parent, name)
    for top in tops
    for parent, _, names in os.walk(top)
    if "site-packages" not in parent  # nbgrader has a gradebook for its own tests
    for name in names
    if name == "gradebook.db" or name.endswith(".ipynb") and {canary} in text_of(os.path.join(parent, name))
}}
print("found", sorted(found))
try:
    with sqlite3.connect(os.path.join(root, "gradebook.db")) as book:
        book.execute("CREATE TABLE spied (x)")
except sqlite3.Error as error:
    print("not written:", error)"""
HONEST = {
    "right": {},
    "half": {"squares": "def squares(values):\n    return [4]"},
    "wrong": {"squares": "def squares(values):\n    return 0", "mean": "def mean(values):\n    return None"},
    "partial": {"mean": "def mean(values):\n    return values[0]"},
    "stderr": {"squares": f"def squares(values):\n    print('hm', file=sys.stderr)\n{RIGHT_SQUARES}"},
    "raises": {"mean": "raise ValueError('no')"},
    "asks": {"mean": "def mean(values):\n    return float(input())"},
}
DISHONEST = {  # and what their tested parts get
    "exits": ({"mean": "os._exit(0)"}, (2.0, 0.0, 0.0)),
    "loops": ({"mean": "while True:\n    pass"}, (2.0, 0.0, 1.0)),
    "says-million": ({"squares": SAYS.format(kind="execute_result", content=MILLION, times=1)}, (0.0, 3.0, 0.0)),
    "floods": ({"squares": SAYS.format(kind="error", content=LONG_ERROR, times=100)}, (0.0, 3.0, 0.0)),
}


def forged(course: PlainCourse) -> Any:
    """Nothing solved; the tests are made worth more, empty, and no tests."""
    notebook = course.answered(squares="squares = None")
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("grade"):
            cell.source = "1000"
            cell.metadata["tags"] = ["skip-execution"]
            marks.update(grade=False, locked=False, points=1000)
    return notebook


def submit_honest(course: PlainCourse) -> None:
    course.submit("untouched", course.released())
    for learner, sources in HONEST.items():
        course.submit(learner, course.answered(**sources))
    spy = SPY.format(root=str(course.root), canary=" + ".join(map(repr, (CANARY[:3], CANARY[3:]))))
    course.submit("spy", course.answered(mean=f"{spy}\ndef mean(values):\n    return 2"))


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> PlainCourse:
    return make_plain_course(tmp_path_factory.mktemp("released") / "course")


@pytest.fixture(scope="module")
def plain(released: PlainCourse, tmp_path_factory: pytest.TempPathFactory) -> PlainCourse:
    """Graded by nbgrader alone."""
    course = released.copy(tmp_path_factory.mktemp("plain") / "course", PLAIN)
    submit_honest(course)
    course.nbgrader("autograde", UNIT)
    return course


@pytest.fixture(scope="module")
def sandboxed(released: PlainCourse, tmp_path_factory: pytest.TempPathFactory) -> PlainCourse:
    """The same submissions and further ones, graded with the plug-in."""
    course = released.copy(tmp_path_factory.mktemp("sandboxed") / "course", SANDBOXED + LIMITS)
    submit_honest(course)
    for learner, (sources, _) in DISHONEST.items():
        course.submit(learner, course.answered(**sources))
    course.submit("deleted", without(course.answered(), "test-squares"))
    course.submit("forged", forged(course))
    (course.submit("broken", {}) / f"{NOTEBOOK}.ipynb").write_text("{no notebook")
    (course.root / "log").write_text(course.nbgrader("autograde", UNIT))
    return course


@pytest.fixture
def graded(sandboxed: PlainCourse, tmp_path: Path) -> PlainCourse:
    """A copy, to change."""
    return sandboxed.copy(tmp_path / "course", SANDBOXED + LIMITS)


def points_of(course: PlainCourse, learner: str) -> tuple[float | None, ...]:
    return tuple(course.marks()[learner][part] for part in TESTED)


def printed(course: PlainCourse, learner: str) -> str:
    outputs = [output for cell in course.autograded(learner).cells for output in cell.get("outputs", ())]
    return "".join(output.text for output in outputs if output.output_type == "stream")


@pytest.mark.parametrize("learner", ["untouched", *HONEST])
def test_honest_work_gets_nbgraders_own_marks(plain: PlainCourse, sandboxed: PlainCourse, learner: str) -> None:
    assert sandboxed.marks()[learner] == plain.marks()[learner]
    assert sandboxed.waiting(learner) == plain.waiting(learner)


def test_marks_differ_from_learner_to_learner(sandboxed: PlainCourse) -> None:
    expected = {
        "right": (2.0, 3.0, 1.0),
        "half": (0.0, 3.0, 0.0),
        "wrong": (0.0, 0.0, 0.0),
        "partial": (2.0, 1.0, 1.0),
        "stderr": (0.0, 3.0, 0.0),  # nbgrader's rule
        "raises": (2.0, 0.0, 1.0),
        "untouched": (0.0, 0.0, 0.0),
    }
    assert {learner: points_of(sandboxed, learner) for learner in expected} == expected


@pytest.mark.parametrize("learner", DISHONEST)
def test_a_fault_costs_points_and_leaves_no_part_without_a_mark(sandboxed: PlainCourse, learner: str) -> None:
    assert points_of(sandboxed, learner) == DISHONEST[learner][1]


def test_a_mark_that_cannot_be_waits_for_a_person(sandboxed: PlainCourse) -> None:
    assert "test-squares" in sandboxed.waiting("says-million")


def test_a_deleted_test_comes_back(sandboxed: PlainCourse) -> None:
    assert points_of(sandboxed, "deleted") == (2.0, 3.0, 1.0)


def test_forged_metadata_and_tests_mean_nothing(sandboxed: PlainCourse) -> None:
    assert points_of(sandboxed, "forged") == (0.0, 3.0, 0.0)


def test_a_file_that_is_no_notebook_gets_nothing_and_says_why(sandboxed: PlainCourse) -> None:
    assert sandboxed.marks()["broken"] == dict.fromkeys((*TESTED, "why"), 0.0) | {"draw": None}
    assert "no JSON" in sandboxed.autograded("broken").cells[0].source


def test_people_are_told_that_marks_are_unsealed(sandboxed: PlainCourse) -> None:
    assert "marks are unsealed" in sandboxed.autograded("right").cells[0].source
    assert "right, ps 1: ran in the sandbox" in (sandboxed.root / "log").read_text()
    assert sandboxed.autograded("right").metadata["autograder"] == {"sealed": False}


def test_code_in_the_sandbox_finds_no_hidden_test_and_no_gradebook(plain: PlainCourse, sandboxed: PlainCourse) -> None:
    """nbgrader alone, to see that the spy can spy, and with the plug-in."""
    assert all(part in printed(plain, "spy") for part in ("source/", "autograded/", "gradebook.db"))
    assert "found []" in printed(sandboxed, "spy")


def test_code_in_the_sandbox_cannot_write_into_the_gradebook(plain: PlainCourse, sandboxed: PlainCourse) -> None:
    assert "not written" not in printed(plain, "spy")
    assert "not written: unable to open database file" in printed(sandboxed, "spy")


def test_the_sandbox_has_the_released_files_and_the_learners_own(graded: PlainCourse, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("not yours")
    look = "print(open('numbers.csv').read(), open('own/notes.txt').read(), os.path.exists('link.txt'))"
    notebook = graded.answered(squares=f"{look}\ndef squares(values):\n{RIGHT_SQUARES}", why="![](attachment:a.png)")
    image = {"image/png": base64.b64encode(PNG).decode()}
    for cell in notebook.cells:
        if cell.source == "![](attachment:a.png)":
            cell.attachments = {"a.png": image, "b.svg": {"image/svg+xml": "<svg/>"}}
    folder = graded.submit("files", notebook)
    (folder / "own").mkdir()
    (folder / "own/notes.txt").write_text("mine")
    (folder / "numbers.csv").write_text("7\n")  # the released one counts, as in nbgrader
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    graded.nbgrader("autograde", UNIT, "--student", "files", "--SandboxedExecute.cold=True")
    assert "1\n2\n3\n mine False" in printed(graded, "files")
    assert points_of(graded, "files") == (2.0, 3.0, 1.0)
    assert not (graded.root / f"autograded/files/{UNIT}/link.txt").exists()
    assert "link.txt" in graded.autograded("files").cells[0].source
    attached = [cell.attachments for cell in graded.autograded("files").cells if "attachments" in cell]
    assert attached == [{"a.png": image}]


@pytest.mark.filterwarnings("ignore")  # nbgrader's own
def test_formgraders_button_grades_in_the_sandbox(graded: PlainCourse, monkeypatch: pytest.MonkeyPatch) -> None:
    """As its handler does: inside a running event loop, through NbGraderAPI."""
    monkeypatch.chdir(graded.root)
    shutil.rmtree(graded.root / "submitted/half")
    graded.submit("half", graded.answered())
    answer = asyncio.run(_press_button(graded.root, "half"))
    assert answer["success"], answer
    assert "Marks are unsealed" in answer["log"]
    assert points_of(graded, "half") == (2.0, 3.0, 1.0)


def test_without_a_sandbox_nothing_is_graded_and_nothing_changed(graded: PlainCourse) -> None:
    config = graded.root / "nbgrader_config.py"
    config.write_text(config.read_text() + "import shutil\nshutil.which = lambda *args, **kwargs: None\n")
    before = (graded.root / "gradebook.db").read_bytes()
    said = graded.nbgrader("autograde", UNIT, "--force", status=1)
    assert "bubblewrap is not installed" in said
    assert "apt-get install bubblewrap" in said
    assert "Traceback" not in said
    assert (graded.root / "gradebook.db").read_bytes() == before
    assert len(list(graded.root.glob("autograded/*"))) == len(list(graded.root.glob("submitted/*")))


class Mine(ExecutePreprocessor):
    """A step of somebody's that runs cells."""


@pytest.mark.filterwarnings("ignore")  # nbgrader's own
@pytest.mark.parametrize(
    ("section", "setting", "value", "sentence"),
    [
        (
            "Autograde",
            "autograde_preprocessors",
            [Execute, Mine],
            "A step of nbgrader's runs cells without the sandbox",
        ),
        ("Autograde", "autograde_preprocessors", ["nbgrader.preprocessors.SaveAutoGrades"], "No step runs the cells"),
        ("Execute", "enabled", False, "Marks would be taken from the outputs that were handed in"),
        ("SandboxedExecute", "memory_gib", 0.0, "SandboxedExecute.memory_gib: This limit cannot be kept"),
        ("SandboxedExecute", "binds", ["data"], "folder to be shown in the sandbox does not exist"),
        ("SandboxedExecute", "binds", ["ROOT"], "would show the course"),
        ("SandboxedExecute", "binds", ["ROOT/source"], "would show the course"),
    ],
)
def test_settings_that_cannot_be_kept_are_refused_before_anything_is_touched(
    sandboxed: PlainCourse, section: str, setting: str, value: Any, sentence: str
) -> None:
    root, config = str(sandboxed.root), Config()
    if setting == "binds":
        value = [path.replace("ROOT", root) for path in value]
    config[section][setting] = value
    config.BaseConverter.force = True
    config.CourseDirectory.update({"root": root, "assignment_id": UNIT})
    use_sandbox(config)
    with pytest.raises(NbGraderException, match=sentence):
        Autograde(coursedir=CourseDirectory(config=config), config=config).start()
    assert (sandboxed.root / f"autograded/right/{UNIT}/{NOTEBOOK}.ipynb").is_file()


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> tuple[SmallCourse, SmallCourse, str]:
    """A course of the kit, graded by `autograder grade` and, one learner alone, then all, by nbgrader."""
    built = make_course(tmp_path_factory.mktemp("project"))
    built.submit("ada", built.solution(written="Because two is even."))
    built.submit("bob", built.solution(double="def double(values):\n    return [4 for value in values]"))
    built.submit("cyd", built.released())
    built.submit("eve", edited(built.released(), _forge))
    (built.folder("bob") / "timestamp.txt").write_text("2026-11-03 17:00:00 UTC")
    course_secret(built.course_dir)
    ours, theirs = (built.copy(tmp_path_factory.mktemp(name)) for name in ("ours", "theirs"))
    ours.grade(workers=1)
    course = PlainCourse(theirs.course_dir)
    config = course.root / "nbgrader_config.py"
    config.write_text(config.read_text() + TWO_LINES)
    assert "which cannot be found" in course.nbgrader("autograde", "tiny", "--student", "cyd", status=1)
    config.write_text(config.read_text() + f"c.SandboxedExporter.project = {str(built.root)!r}\n")
    course.nbgrader("autograde", "tiny", "--student", "ada")
    assert [learner for learner, marks in theirs.marks().items() if any(marks.values())] == ["ada"]
    return ours, theirs, course.nbgrader("autograde", "tiny")


def test_an_exercise_of_the_kit_gets_the_marks_of_autograder_grade(kit: tuple[SmallCourse, SmallCourse, str]) -> None:
    ours, theirs, said = kit
    assert theirs.marks() == ours.marks()
    assert theirs.marks()["ada"] == {"part-double": 3.0, "part-count": 2.0, "written-reason": 0.0}
    assert "bob, tiny: graded by the referee; marks are sealed" in said


def test_a_forged_notebook_of_the_kit_gets_nothing(kit: tuple[SmallCourse, SmallCourse, str]) -> None:
    assert set(kit[1].marks()["eve"].values()) == {0.0}


@pytest.mark.parametrize("learner", ["ada", "bob", "cyd", "eve"])
def test_autograded_notebooks_of_the_kit_are_those_of_autograder_grade(
    kit: tuple[SmallCourse, SmallCourse, str], learner: str
) -> None:
    ours, theirs = (course.course_dir / "autograded" / learner / "tiny" for course in kit[:2])
    assert {path.name: path.read_text() for path in theirs.iterdir()} == {
        path.name: path.read_text() for path in ours.iterdir()
    }


def test_after_nbgrader_there_is_nothing_left_to_grade(kit: tuple[SmallCourse, SmallCourse, str]) -> None:
    summary = kit[1].grade()
    assert (summary.graded, summary.unchanged, summary.problems) == (0, 4, [])


def _forge(cells: list[dict[str, Any]]) -> None:
    """Full marks in outputs, metadata and in the cells that check."""
    for cell in cells:
        marks = cell["metadata"].get("nbgrader", {})
        if marks.get("grade") and cell["cell_type"] == "code":
            cell["source"] = "3.0"
            cell["outputs"] = [{"output_type": "execute_result", "data": {"text/plain": "3.0"}, "metadata": {}}]
            marks["points"] = 300


async def _press_button(root: Path, learner: str) -> dict[str, Any]:
    from nbgrader.apps import NbGrader
    from nbgrader.apps.api import NbGraderAPI

    app = NbGrader()
    app.initialize([], root=str(root))
    answer: dict[str, Any] = NbGraderAPI(app.coursedir, parent=app).autograde(UNIT, learner)
    return answer


def test_the_cell_that_goes_beyond_what_is_left_of_the_output_is_named_and_those_after_it_run() -> None:
    sources = ("print('x' * 1_500_000)", "print('y' * 1_000_000)", "1 + 1")
    limits = Limits(cpu_s=10, total_cpu_s=30, output_mib=2)
    ran = run_cells(CellsToRun(sources=sources, limits=limits, env={}), {}, None)
    assert [cell.fault.startswith("A notebook may write 2 MiB of output") for cell in ran.cells] == [False, True, False]
    assert ran.cells[2].outputs[-1]["data"]["text/plain"] == "2"
