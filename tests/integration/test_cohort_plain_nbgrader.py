"""A built course is an ordinary nbgrader course: its own commands grade and validate an honest learner's notebook."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.cohort_course import SmallCourse, make_course

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
HALF = "def double(values):\n    return [4]"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> SmallCourse:
    course = make_course(tmp_path_factory.mktemp("project"))
    course.submit("ada", course.solution())
    course.submit("bob", course.solution(double=HALF))
    course.submit("cyd", course.released())
    return course


def test_plain_autograde_gives_the_points_of_the_visible_checks(course: SmallCourse) -> None:
    run_nbgrader("autograde", "tiny", in_folder=course.course_dir)
    visible = {"part-double": 1.0, "part-count": 1.0, "written-reason": 0.0}
    assert course.marks() == {"ada": visible, "bob": visible, "cyd": dict.fromkeys(visible, 0.0)}


def test_validate_says_what_does_not_pass_yet(course: SmallCourse, tmp_path: Path) -> None:
    (tmp_path / "checks.py").write_bytes((course.course_dir / "release/tiny/checks.py").read_bytes())
    for learner in ("ada", "cyd"):
        submitted = course.course_dir / "submitted" / learner / "tiny/tiny.ipynb"
        (tmp_path / f"{learner}.ipynb").write_bytes(submitted.read_bytes())
    assert "Success! Your notebook passes all the tests." in run_nbgrader("validate", "ada.ipynb", in_folder=tmp_path)
    said = run_nbgrader("validate", "cyd.ipynb", in_folder=tmp_path)
    assert "VALIDATION FAILED" in said
    assert "double: Return twice each value." in said
    assert "You did not provide a response." in said


def run_nbgrader(*arguments: str, in_folder: Path) -> str:
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        ["nbgrader", *arguments],
        cwd=in_folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr
