"""Courses and exercises are found by path; what does not fit together is named."""

import os
from pathlib import Path

import pytest

from autograder.catalogue.find import EXERCISES_VARIABLE, exercise_at, find_catalogue, project_root
from autograder.errors import AuthoringError

YAML = """\
title: T
outcomes: [a, b]
level: beginner
minutes: 5
profiles: {{smoke: {{}}, laptop: {{}}}}
prerequisites: [{}]
"""


@pytest.fixture(autouse=True)
def _no_private_exercises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(EXERCISES_VARIABLE, raising=False)


def add_exercise(top: Path, name: str, *prerequisites: str) -> Path:
    folder = top / name
    folder.mkdir(parents=True)
    (folder / "exercise.yaml").write_text(YAML.format(", ".join(prerequisites)))
    return folder


def add_course(root: Path, name: str, *units: str) -> None:
    (root / "courses" / name).mkdir(parents=True)
    lines = "".join(f"  - unit: {unit}\n" for unit in units)
    (root / "courses" / name / "course.yaml").write_text(f"title: T\naudience: A\noutcomes: [a, b]\nunits:\n{lines}")


def test_a_course_gives_its_exercises_in_its_own_order(tmp_path: Path) -> None:
    add_exercise(tmp_path / "exercises", "dask/arrays")
    add_exercise(tmp_path / "exercises", "dask/dataframes", "dask/arrays")
    add_course(tmp_path, "dask", "dataframes", "arrays")
    course = find_catalogue(tmp_path).course("dask")
    assert [exercise.name for exercise in course.exercises] == ["dask/dataframes", "dask/arrays"]


def test_a_course_that_lists_a_missing_unit_is_refused_with_the_line(tmp_path: Path) -> None:
    add_exercise(tmp_path / "exercises", "dask/arrays")
    add_course(tmp_path, "dask", "arrays", "futures")
    with pytest.raises(AuthoringError) as caught:
        find_catalogue(tmp_path).course("dask")
    assert caught.value.where == "courses/dask/course.yaml, line 6, key units.1.unit"
    assert caught.value.came == "futures"
    assert "autograder new dask/futures" in caught.value.mend


def test_a_cycle_of_prerequisites_is_named(tmp_path: Path) -> None:
    add_exercise(tmp_path / "exercises", "a/start", "a/one")
    add_exercise(tmp_path / "exercises", "a/one", "a/two")
    add_exercise(tmp_path / "exercises", "a/two", "a/three")
    add_exercise(tmp_path / "exercises", "a/three", "a/one")
    with pytest.raises(AuthoringError) as caught:
        find_catalogue(tmp_path).exercise("a/start")
    assert caught.value.came == "a/one → a/two → a/three → a/one"


def test_an_exercise_that_needs_itself_is_a_cycle(tmp_path: Path) -> None:
    add_exercise(tmp_path / "exercises", "a/one", "a/one")
    with pytest.raises(AuthoringError, match="in a circle"):
        find_catalogue(tmp_path).exercise("a/one")


def test_prerequisites_that_meet_again_are_no_cycle(tmp_path: Path) -> None:
    add_exercise(tmp_path / "exercises", "a/top", "a/left", "a/right")
    add_exercise(tmp_path / "exercises", "a/left", "a/base")
    add_exercise(tmp_path / "exercises", "a/right", "a/base")
    add_exercise(tmp_path / "exercises", "a/base")
    assert find_catalogue(tmp_path).exercise("a/top").name == "a/top"


def test_an_unknown_prerequisite_is_refused_with_the_line(tmp_path: Path) -> None:
    add_exercise(tmp_path / "exercises", "a/one", "b/nothing")
    with pytest.raises(AuthoringError) as caught:
        find_catalogue(tmp_path).exercise("a/one")
    assert caught.value.where == "exercises/a/one/exercise.yaml, line 6, key prerequisites.0"
    assert caught.value.came == "b/nothing"


def test_one_broken_exercise_does_not_hide_the_others(tmp_path: Path) -> None:
    add_exercise(tmp_path / "exercises", "a/good")
    (add_exercise(tmp_path / "exercises", "a/bad") / "exercise.yaml").write_text("title: [")
    catalogue = find_catalogue(tmp_path)
    assert catalogue.exercise("a/good").spec.title == "T"
    with pytest.raises(AuthoringError, match=r"exercises/a/bad/exercise\.yaml"):
        catalogue.exercise("a/bad")


@pytest.mark.parametrize("name", ["a/nothing", "nothing", "../a/one", "a/one/"])
def test_an_unknown_exercise_is_refused_and_the_known_are_named(tmp_path: Path, name: str) -> None:
    add_exercise(tmp_path / "exercises", "a/one")
    with pytest.raises(AuthoringError, match="one of: a/one"):
        find_catalogue(tmp_path).exercise(name)


def test_an_unknown_course_is_refused(tmp_path: Path) -> None:
    add_exercise(tmp_path / "exercises", "a/one")
    add_course(tmp_path, "a", "one")
    with pytest.raises(AuthoringError, match="no such course"):
        find_catalogue(tmp_path).course("b")


def test_private_exercises_are_found_beside_the_projects_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_exercise(tmp_path / "project" / "exercises", "a/one")
    add_exercise(tmp_path / "p1", "a/two")
    add_exercise(tmp_path / "p2", "b/three")
    monkeypatch.setenv(EXERCISES_VARIABLE, os.pathsep.join([str(tmp_path / "p1"), str(tmp_path / "p2")]))
    assert sorted(find_catalogue(tmp_path / "project").exercises) == ["a/one", "a/two", "b/three"]


def test_two_folders_for_one_exercise_are_refused_and_both_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = add_exercise(tmp_path / "project" / "exercises", "a/one")
    second = add_exercise(tmp_path / "private", "a/one")
    monkeypatch.setenv(EXERCISES_VARIABLE, str(tmp_path / "private"))
    with pytest.raises(AuthoringError) as caught:
        find_catalogue(tmp_path / "project")
    assert str(first) in str(caught.value)
    assert str(second) in str(caught.value)


def test_a_private_folder_that_does_not_exist_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_exercise(tmp_path / "exercises", "a/one")
    monkeypatch.setenv(EXERCISES_VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(AuthoringError, match=EXERCISES_VARIABLE):
        find_catalogue(tmp_path)


def test_a_folder_whose_name_cannot_be_a_unit_is_refused(tmp_path: Path) -> None:
    add_exercise(tmp_path / "exercises", "a/Unit One")
    with pytest.raises(AuthoringError, match="rename the folder"):
        find_catalogue(tmp_path)


def test_the_template_is_an_exercise_of_no_course(tmp_path: Path) -> None:
    add_exercise(tmp_path / "exercises", "_template")
    assert find_catalogue(tmp_path).exercise("_template").unit == "template"


def test_the_project_is_found_from_a_folder_inside_it(tmp_path: Path) -> None:
    folder = add_exercise(tmp_path / "exercises", "a/one")
    assert project_root(folder) == tmp_path.resolve()
    assert exercise_at(folder).name == "a/one"


def test_each_course_of_the_kit_lists_units_that_exist() -> None:
    catalogue = find_catalogue(Path(__file__).parents[2])
    for name in catalogue.course_files:
        assert catalogue.course(name).exercises
