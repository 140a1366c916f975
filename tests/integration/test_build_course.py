"""Course directories through nbgrader's converters: what is released, what is kept, what is refused."""

import json
import shutil
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner
from nbgrader.api import Gradebook

import autograder.build.course as building
from autograder.build.bundle import make_bundle
from autograder.build.course import build_course
from autograder.catalogue.find import EXERCISES_VARIABLE, Course, find_catalogue
from autograder.cli import main
from autograder.errors import AuthoringError, BuildError

# nbgrader's own add_submission flushes while it fills in the submission.
pytestmark = pytest.mark.filterwarnings(r"ignore:Object of type <(Submitted\w+|Grade|Comment)> not in session")

TEMPLATE = Path(__file__).parents[2] / "exercises" / "_template"
SPIKE_CELL = '# %% part="spike"'
EXTRA_CELL = '# %% part="extra"\nwb.check("extra")\n\n'
EXTRA_PART = """
extra_part = part("extra", title="Extra")


@extra_part.check(points=1)
def holds(submission):
    assert submission.get("1") == 2, "never"
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one exercise, demo/unit, a copy of the template."""
    shutil.copytree(TEMPLATE, tmp_path / "exercises" / "demo" / "unit", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "courses" / "demo").mkdir(parents=True)
    (tmp_path / "courses" / "demo" / "course.yaml").write_text(
        "title: Demo\naudience: all\noutcomes: [a, b]\nunits: [{unit: unit}]\n"
    )
    monkeypatch.delenv(EXERCISES_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def build(project: Path) -> Path:
    return build_course(find_catalogue(project).course("demo"), project / "build")


def edit(project: Path, file: str, old: str, new: str) -> None:
    path = project / "exercises" / "demo" / "unit" / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))


def add_part(project: Path) -> None:
    edit(project, "exercise.py", SPIKE_CELL, EXTRA_CELL + SPIKE_CELL)
    edit(project, "checks.py", "WINDOW = 3\n", "WINDOW = 3\n" + EXTRA_PART)


def book(folder: Path) -> Gradebook:
    return Gradebook(f"sqlite:///{folder / 'gradebook.db'}", "demo")


def submit(folder: Path, learner: str = "ada") -> None:
    """A submission with a mark, as grading leaves it."""
    with book(folder) as gradebook:
        gradebook.update_or_create_student(learner)
        gradebook.add_submission("unit", learner)
        grade = gradebook.find_grade("part-spike", "unit", "unit", learner)
        grade.auto_score = 1.0
        gradebook.db.commit()
    (folder / "submitted" / learner / "unit").mkdir(parents=True)
    (folder / "submitted" / learner / "unit" / "unit.ipynb").write_text("{}")


def max_scores(folder: Path) -> dict[str, float]:
    with book(folder) as gradebook:
        return {cell.name: cell.max_score for cell in gradebook.find_notebook("unit", "unit").grade_cells}


def files(folder: Path, *below: str) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for top in below
        for path in sorted((folder / top).rglob("*"))
        if path.is_file()
    }


def test_a_course_directory_holds_the_released_files_and_no_others(project: Path) -> None:
    folder = build(project)
    released = {"unit.ipynb", "course.json", "checks.py", "probes/input_after_call.py", "data/celsius.txt"}
    for step in ("source", "release"):
        assert set(files(folder, step)) == {f"{step}/unit/{name}" for name in released}
    assert max_scores(folder) == {
        "part-running-mean": 5.0,
        "part-n-means": 2.0,
        "part-spike": 1.0,
        "written-edges": 2.0,
    }
    assert (folder / "nbgrader_config.py").is_file()
    assert [path.name for path in (project / "build").iterdir() if not path.name.endswith(".lock")] == ["demo"]


def test_two_builds_are_byte_equal(project: Path) -> None:
    first = files(build(project), "source", "release", ".")
    shutil.rmtree(project / "build")
    second = files(build(project), "source", "release", ".")
    first.pop("gradebook.db"), second.pop("gradebook.db")
    assert first == second


def test_the_release_is_the_skeleton_that_grading_uses(project: Path) -> None:
    released = nbformat.read(build(project) / "release" / "unit" / "unit.ipynb", as_version=4)
    assert json.loads(json.dumps(released)) == make_bundle(find_catalogue(project).exercise("demo/unit")).skeleton


def test_a_rebuild_keeps_submissions_marks_feedback_and_journal(project: Path) -> None:
    folder = build(project)
    submit(folder)
    for name in ("autograded/ada/unit/unit.ipynb", "feedback/ada/unit/unit.html", "journal.jsonl"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("kept")
    before = files(folder, "submitted", "autograded", "feedback", ".")
    edit(project, "exercise.yaml", "minutes: 30", "minutes: 31")
    build(project)
    after = files(folder, "submitted", "autograded", "feedback", ".")
    told = [name for name in before if name.endswith("course.json")]  # they say the minutes
    for name in ("gradebook.db", *told):
        del before[name], after[name]
    assert after == before
    with book(folder) as gradebook:
        assert gradebook.find_grade("part-spike", "unit", "unit", "ada").auto_score == 1.0


def test_a_part_added_after_submissions_is_refused_and_nothing_changes(project: Path) -> None:
    folder = build(project)
    submit(folder)
    before = files(folder, ".")
    add_part(project)
    with pytest.raises(BuildError) as caught:
        build(project)
    assert "1 submissions; added part-extra" in caught.value.came
    assert "an existing part" in caught.value.mend
    assert files(folder, ".") == before
    assert not list((project / "build").glob(".*.building-*"))


def test_a_part_added_after_submissions_were_collected_but_not_graded_is_refused(project: Path) -> None:
    folder = build(project)
    (folder / "submitted" / "ada" / "unit").mkdir(parents=True)
    add_part(project)
    with pytest.raises(BuildError, match="added part-extra"):
        build(project)


def test_a_part_may_be_added_while_nobody_has_submitted(project: Path) -> None:
    build(project)
    add_part(project)
    assert max_scores(build(project))["part-extra"] == 1.0


def test_changed_points_reach_the_gradebook_after_submissions_exist(project: Path) -> None:
    folder = build(project)
    submit(folder)
    edit(project, "checks.py", "points=2", "points=4")
    edit(project, "exercise.yaml", "points: 1\n", "points: 3\n")
    build(project)
    assert max_scores(folder)["part-running-mean"] == 7.0
    assert max_scores(folder)["written-edges"] == 4.0
    with book(folder) as gradebook:
        assert gradebook.find_grade("part-spike", "unit", "unit", "ada").auto_score == 1.0


def test_prose_may_be_mended_after_submissions_exist(project: Path) -> None:
    folder = build(project)
    submit(folder)
    edit(project, "exercise.py", "A sensor reports", "Each minute a sensor reports")
    edit(project, "exercise.py", SPIKE_CELL, "# %% [markdown]\n# A new remark.\n\n" + SPIKE_CELL)
    build(project)
    build(project)
    released = (folder / "release" / "unit" / "unit.ipynb").read_text()
    assert "Each minute a sensor" in released
    assert "A new remark" in released


def test_a_broken_exercise_changes_nothing(project: Path) -> None:
    before = files(build(project), ".")
    edit(project, "exercise.py", SPIKE_CELL, '# %% part="nail"')
    with pytest.raises(AuthoringError, match="its check and nothing else"):
        build(project)
    assert files(project / "build" / "demo", ".") == before


def test_a_failure_of_nbgrader_is_told_and_changes_nothing(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files(build(project), ".")

    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr("autograder.build.release.SaveCellsOnce._create_notebook", refuse)
    with pytest.raises(BuildError, match="the disk is full"):
        build(project)
    assert files(project / "build" / "demo", ".") == before


def test_marks_written_during_a_build_are_not_lost(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = build(project)
    write_source = building._write_source

    def grade_meanwhile(*arguments: object) -> None:
        submit(folder)
        write_source(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(building, "_write_source", grade_meanwhile)
    with pytest.raises(BuildError, match="marks were written while"):
        build(project)
    with book(folder) as gradebook:
        assert gradebook.find_grade("part-spike", "unit", "unit", "ada").auto_score == 1.0


def test_a_second_build_at_the_same_time_is_refused(project: Path) -> None:
    with (
        building._only_build(project, "demo"),
        pytest.raises(BuildError, match="another build"),
        building._only_build(project, "demo"),
    ):
        pass


def test_what_a_killed_build_left_is_removed(project: Path) -> None:
    left = project / "build" / ".demo.building-left"
    left.mkdir(parents=True)
    build(project)
    assert not left.exists()


def test_building_one_unit_keeps_the_others(project: Path) -> None:
    folder = build(project)
    shutil.copytree(TEMPLATE, project / "exercises" / "demo" / "second")
    second = find_catalogue(project).exercise("demo/second")
    build_course(Course("demo", None, (second,)), project / "build")
    assert {path.name for path in (folder / "release").iterdir()} == {"unit", "second"}


def test_the_command_builds_all_courses_in_plain_lines(project: Path) -> None:
    result = CliRunner().invoke(main, ["build"])
    assert result.exit_code == 0, result.output
    assert result.output.splitlines() == ["  demo/unit", "built build/demo, lessons: none"]
