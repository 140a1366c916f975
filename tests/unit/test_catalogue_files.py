"""exercise.yaml and course.yaml: what they may say, and that each mistake is named with its line and its mend."""

from pathlib import Path

import pytest

from autograder.catalogue.load import load_course_spec, load_exercise_spec
from autograder.errors import AuthoringError

TEMPLATE = Path(__file__).parents[2] / "exercises" / "_template" / "exercise.yaml"

EXERCISE = """\
title: Softmax
outcomes: [compute it, explain it]
level: beginner
minutes: 30
profiles:
  smoke: {parameters: {n_rows: 10}, env: {OMP_NUM_THREADS: 1}}
  laptop: {}
rubrics:
  trade-off:
    title: The trade-off
    criteria:
      - {points: 1.5, text: names both sides}
      - {points: 1, text: chooses one}
"""
COURSE = """\
title: Dask
audience: engineers
outcomes: [compute, explain]
units:
  - {unit: dataframes, weight: 2}
  - unit: arrays
"""


def exercise_error(tmp_path: Path, old: str, new: str) -> AuthoringError:
    assert old in EXERCISE
    path = tmp_path / "exercise.yaml"
    path.write_text(EXERCISE.replace(old, new, 1))
    with pytest.raises(AuthoringError) as caught:
        load_exercise_spec(path, "demo/exercise.yaml")
    return caught.value


def test_a_complete_exercise_file_loads_with_the_default_limits(tmp_path: Path) -> None:
    path = tmp_path / "exercise.yaml"
    path.write_text(EXERCISE)
    spec = load_exercise_spec(path)
    assert spec.rubrics["trade-off"].points == 2.5
    assert spec.limits.model_dump() == {
        "cpu_s": 20,
        "total_cpu_s": 120,
        "check_cpu_s": 60,
        "memory_gib": 2,
        "processes": 256,
        "disk_mib": 256,
        "output_mib": 16,
        "wall_factor": 3,
    }
    assert spec.profile("smoke").env == {"OMP_NUM_THREADS": "1"}
    assert spec.profile("gpu") == spec.profile("laptop")


def test_the_template_file_loads() -> None:
    assert load_exercise_spec(TEMPLATE).title == "Running mean"


@pytest.mark.parametrize(
    ("old", "new", "where", "says"),
    [
        ("minutes: 30", "minuts: 30", "line 4, key minuts", "did you mean `minutes`?"),
        ("minutes: 30\n", "", "line 1, key minutes", "the key minutes is missing"),
        ("minutes: 30", "minutes: soon", "line 4, key minutes", "a whole number of minutes"),
        ("minutes: 30", "minutes: -3", "line 4, key minutes", "came:     -3"),
        ("level: beginner", "level: easy", "line 3, key level", "beginner, intermediate or advanced"),
        ("[compute it, explain it]", "[compute it]", "line 2, key outcomes", "two to five"),
        ("[compute it, explain it]", "[a, b, c, d, e, f]", "line 2, key outcomes", "two to five"),
        ("title: Softmax", "title: '  '", "line 1, key title", "is empty"),
        ("title: Softmax", "title: [Softmax]", "line 1, key title", "a text"),
        ("minutes: 30", "minutes: 30\nprerequisites: [../etc]", "key prerequisites.0", "course/unit"),
        ("minutes: 30", "minutes: 30\nprerequisites: [a/b, a/b]", "key prerequisites", "names a/b twice"),
        ("minutes: 30", "minutes: 30\nlimits: {cpu: 3}", "line 5, key limits.cpu", "expected: cpu_s, total_cpu_s"),
        ("minutes: 30", "minutes: 30\nlimits: {memory_gib: 0}", "key limits.memory_gib", "memory in GiB"),
        ("minutes: 30", "minutes: 30\nlimits: {memory_gib: .nan}", "key limits.memory_gib", "memory in GiB"),
        ("minutes: 30", "minutes: 30\nlimits: {cpu_s: 200}", "key limits", "less than cpu_s"),
        ("minutes: 30", "minutes: 30\nlibraries: [os; rm]", "key libraries.0", "heavy libraries"),
        ("  laptop: {}\n", "", "demo/exercise.yaml", "profile laptop is missing"),
        ("  laptop: {}", "  laptop: {}\n  tpu: {}", "line 8, key profiles.tpu", "smoke, laptop"),
        ("{n_rows: 10}", "{n-rows: 10}", "key profiles.smoke.parameters.n-rows", "is not a Python name"),
        ("{n_rows: 10}", "{n_rows: 2026-01-01}", "line 6", "a plain value"),
        ("OMP_NUM_THREADS: 1", "OMP_NUM_THREADS: true", "key profiles.smoke.env.OMP_NUM_THREADS", "came:     True"),
        ("points: 1.5", "points: 0", "line 12, key rubrics.trade-off.criteria.0.points", "a number above 0"),
        ("      - {points: 1, text: chooses one}", "      - {points: 1}", "line 13", "the key text is missing"),
        ("minutes: 30", "minutes: 30\nminutes: 40", "line 5, key minutes", "first on line 4"),
        ("minutes: 30", "minutes: [30", "line 5", "no valid YAML"),
        ("minutes: 30", "minutes: 3: 0", "line 4", "no valid YAML"),
        ("minutes: 30", "minutes: !!python/object:os.system x", "line 4", "no valid YAML"),
        ("minutes: 30", "minutes: &a [*a]", "line 4", "refers to itself"),
    ],
)
def test_a_mistake_in_exercise_yaml_names_its_line_its_key_and_its_mend(
    tmp_path: Path, old: str, new: str, where: str, says: str
) -> None:
    error = exercise_error(tmp_path, old, new)
    assert error.where.startswith("demo/exercise.yaml")
    assert where in error.where
    assert says in str(error)


def test_all_mistakes_of_a_file_are_named_at_once(tmp_path: Path) -> None:
    error = exercise_error(tmp_path, "level: beginner\nminutes: 30", "level: easy\nminutes: soon")
    assert "key level" in error.where
    assert "also demo/exercise.yaml, line 4, key minutes" in error.mend


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just text\n"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "exercise.yaml"
    path.write_text(text)
    with pytest.raises(AuthoringError, match="a mapping"):
        load_exercise_spec(path)


def test_a_missing_file_and_one_that_is_no_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AuthoringError, match="the file is missing"):
        load_exercise_spec(tmp_path / "exercise.yaml")
    (tmp_path / "exercise.yaml").write_bytes(b"title: \xff")
    with pytest.raises(AuthoringError, match="not UTF-8"):
        load_exercise_spec(tmp_path / "exercise.yaml")


def test_a_course_file_keeps_the_order_of_its_units_and_their_weights(tmp_path: Path) -> None:
    path = tmp_path / "course.yaml"
    path.write_text(COURSE)
    assert [(entry.unit, entry.weight) for entry in load_course_spec(path).units] == [("dataframes", 2), ("arrays", 1)]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("unit: arrays", "unit: dataframes", "lists dataframes twice"),
        ("unit: arrays", "unit: ../x", "line 6, key units.1.unit"),
        ("weight: 2", "weight: 0", "line 5, key units.0.weight"),
        ("weight: 2", "wieght: 2", "did you mean `weight`?"),
        ("audience: engineers\n", "", "the key audience is missing"),
    ],
)
def test_a_mistake_in_course_yaml_is_named(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = tmp_path / "course.yaml"
    path.write_text(COURSE.replace(old, new, 1))
    with pytest.raises(AuthoringError) as caught:
        load_course_spec(path)
    assert says in str(caught.value)
