"""A whole cohort, hostile ones among it, from submitted/ to the feedback pages: nobody's marks depend on the others."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.book.feedback import write_feedback
from autograder.build.course import build_course
from autograder.catalogue.find import EXERCISES_VARIABLE, find_catalogue
from autograder.grade.cohort import Settings, Summary, grade_course
from tests.attacks.attack import EXERCISE, SECRETS, World, all_attacks, bundle, submitted

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs_sandbox,
    # nbgrader's own add_submission flushes while it fills in the submission.
    pytest.mark.filterwarnings(r"ignore:Object of type <(Submitted\w+|Grade|Comment)> not in session"),
]
HONEST = "output/noise_on_stderr"
# Those that look for others' marks or work, repeat hidden inputs, or put something into pages that people open.
HOSTILE = {
    "mallory": ("escaping/gradebook", 0.0),
    "trudy": ("outliving/detached_process", 0.0),
    "eve": ("output/hidden_inputs_in_a_later_message", 3.0),
    "oscar": ("output/prints_hidden_inputs", 6.0),
    "chuck": ("pages/message_with_script", 0.0),
    "craig": ("pages/source_with_script", 0.0),
    "walter": ("outcome/exit_at_the_check", 0.0),
}
LIVE = re.compile(r"<script[^>]*>\s*alert|<img[^>]*onerror|<iframe|<svg[^>]*onload|javascript:alert", re.I)


@pytest.fixture
def course_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(EXERCISES_VARIABLE, raising=False)
    project = tmp_path / "project"
    unit = project / "exercises" / "attacks" / "exercise"
    shutil.copytree(EXERCISE, unit, ignore=shutil.ignore_patterns("__pycache__"))
    (project / "courses" / "attacks").mkdir(parents=True)
    (project / "courses" / "attacks" / "course.yaml").write_text(
        "title: Attacks\naudience: all\noutcomes: [a, b]\nunits: [{unit: exercise}]\n"
    )
    monkeypatch.chdir(project)
    return build_course(find_catalogue(project).course("attacks"), project / "build")


def hand_in(course_dir: Path, world: World, learner: str, name: str) -> None:
    attack = next(attack for attack in all_attacks() if attack.name == name)
    folder = course_dir / "submitted" / learner / "exercise"
    folder.mkdir(parents=True)
    (folder / "exercise.ipynb").write_text(json.dumps(submitted(attack, world)), encoding="utf-8")


def test_hostile_submissions_change_nobodys_marks_and_tell_nobody_a_secret(course_dir: Path, world: World) -> None:
    world.course = course_dir  # what they attack is this course itself
    hand_in(course_dir, world, "honest", HONEST)
    for learner, (name, _) in HOSTILE.items():
        hand_in(course_dir, world, learner, name)
    for learner, make in UNREADABLE.items():
        folder = course_dir / "submitted" / learner / "exercise"
        folder.mkdir(parents=True)
        make(folder / "exercise.ipynb")

    summary = grade(course_dir)

    expected = {"honest": 8.0, **{learner: points for learner, (_, points) in HOSTILE.items()}}
    earned = {record.learner: record.result.earned for record in summary.records}
    assert earned == expected | dict.fromkeys(UNREADABLE, 0.0)
    assert summary.not_graded == []
    with Gradebook(f"sqlite:///{course_dir}/gradebook.db") as book:
        scores = {student.id: book.find_submission("exercise", student.id).score for student in book.students}
    assert scores == earned

    pages = write_feedback(course_dir).pages
    assert len(pages) == len(earned)
    for path in [*pages, *sorted((course_dir / "autograded").rglob("*.ipynb")), course_dir / "journal.jsonl"]:
        text = path.read_text(encoding="utf-8")
        assert not SECRETS.findall(text), path
        if path.suffix == ".html":
            assert not LIVE.search(text), (path, LIVE.search(text))
    release = [path for path in (course_dir / "release").rglob("*") if path.is_file()]
    assert release and not [path for path in release if b"canary-" in path.read_bytes()]
    assert world.called() == [] and world.left_behind() == []


def grade(course_dir: Path) -> Summary:
    exercises = find_catalogue().course("attacks").exercises
    return grade_course(course_dir, exercises, Settings(workers=1))


UNREADABLE: dict[str, Callable[[Path], object]] = {
    "sybil": lambda path: path.symlink_to("../../honest/exercise/exercise.ipynb"),
    "victor": lambda path: path.write_bytes(b""),
    "wendy": lambda path: path.write_bytes(b"PK\x03\x04"),
}


def test_the_exercise_has_the_points_that_this_test_expects() -> None:
    assert sum(part.max_points for part in bundle().parts) == 8
