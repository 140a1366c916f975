"""One job in a worker: the same marks from a warm and a cold kernel, and faults of the author's that are no marks."""

from pathlib import Path
from typing import Any

import pytest

from autograder.build.bundle import make_bundle
from autograder.grade.models import Bundle, Job, Result
from autograder.grade.runner import run_job
from tests.integration.cohort_course import SmallCourse, make_course

pytestmark = [pytest.mark.slow, pytest.mark.needs_sandbox]

WRONG = "def double(values):\n    return [4 for value in values]"
# What an author's hidden.py might do to the process that judges.
ENDS = """
import os
from checks import double_part

@double_part.check(points=2)
def ends_the_referee(submission):
    os._exit(3)
"""
GREEDY = """
from checks import double_part

@double_part.check(points=2)
def takes_all_memory(submission):
    kept = [bytearray(2**30) for _ in range(20)]
"""
DOES_NOT_LOAD = "import a_module_that_is_nowhere\n"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> SmallCourse:
    return make_course(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def bundle(course: SmallCourse) -> Bundle:
    return make_bundle(course.tiny)


def test_a_cold_kernel_and_a_warm_one_give_the_same_result(course: SmallCourse, bundle: Bundle) -> None:
    warm, cold = (outcome_of(course.solution(double=WRONG), bundle, cold=cold) for cold in (False, True))
    assert warm == cold
    assert warm["parts"][0]["earned"] == 1.0


def test_each_round_is_marked_with_inputs_of_its_own_and_the_lowest_counts(course: SmallCourse, bundle: Bundle) -> None:
    twice_doubles_then_not = """
calls = 0

def double(values):
    global calls
    calls += len(values) > 1
    return [2 * value for value in values] if calls <= 2 else values
"""
    (part, *_) = graded(course.solution(double=twice_doubles_then_not), bundle, rounds=3).parts
    assert (part.rounds, part.earned) == ((3.0, 3.0, 1.0), 1.0)


@pytest.mark.parametrize("hidden", [ENDS, GREEDY, DOES_NOT_LOAD], ids=["ends", "greedy", "does not load"])
def test_a_check_that_breaks_the_referee_is_for_a_person(hidden: str, course: SmallCourse, bundle: Bundle) -> None:
    broken = bundle.model_copy(update={"files": {**bundle.files, "hidden.py": hidden.encode()}})
    result = graded(course.solution(), broken)
    assert (result.status, result.parts[0].state) == ("check broke", "check broke")
    assert "not your fault" in result.sentence


def test_a_referee_that_something_else_has_ended_is_no_mark(
    course: SmallCourse, bundle: Bundle, tmp_path: Path
) -> None:
    once = f"""
import os
from checks import double_part

@double_part.check(points=2)
def ended_from_outside(submission):
    if not os.path.exists({str(tmp_path / "ended")!r}):
        open({str(tmp_path / "ended")!r}, "x").close()
        os.kill(os.getpid(), 9)
"""
    result = graded(
        course.solution(), bundle.model_copy(update={"files": {**bundle.files, "hidden.py": once.encode()}})
    )
    assert (result.status, result.parts[0].earned) == ("graded", 3.0)


def test_one_broken_check_costs_no_other_part(course: SmallCourse, bundle: Bundle) -> None:
    broken = bundle.model_copy(update={"files": {**bundle.files, "hidden.py": ENDS.encode()}})
    parts = {part.name: (part.state, part.earned) for part in graded(course.solution(), broken).parts}
    assert parts["count"] == ("graded", 1.0)  # its hidden check is not in this hidden.py


def graded(notebook: dict[str, Any], bundle: Bundle, **settings: Any) -> Result:
    job = Job(
        key="a-job",
        learner="ada",
        exercise=bundle.exercise,
        notebook=notebook,
        notebook_sha256="0" * 64,
        seed_hex="ab" * 32,
        **settings,
    )
    return run_job(job, bundle)


def outcome_of(notebook: dict[str, Any], bundle: Bundle, **settings: Any) -> dict[str, Any]:
    """What must not depend on how the kernel was started."""
    return graded(notebook, bundle, **settings).model_dump(
        exclude={"checks_cpu_s", "cpu_s", "wall_s", "memory_peak_mib", "worker"}
    )
