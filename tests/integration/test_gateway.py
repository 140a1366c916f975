"""The small course is graded by workers behind a dask-gateway, on this machine's loopback."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dask
import dask_gateway  # noqa: F401 - adds its defaults to Dask's configuration, before the tests change it
import pytest

from autograder.errors import GradingError
from autograder.grade.clusters import connect
from tests.integration.cohort_course import SmallCourse, make_course
from tests.integration.gateway_here import gateway_here

WRONG = "def double(values):\n    return [4 for value in values]"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with gateway_here(tmp_path_factory.mktemp("gateway")) as settings:
        yield settings


@pytest.mark.needs_sandbox
def test_a_gateway_and_this_machine_come_to_the_same_marks(gateway: dict[str, Any], tmp_path: Path) -> None:
    there = make_course(tmp_path / "project")
    there.submit("ada", there.solution())
    there.submit("bob", there.solution(double=WRONG))
    here: SmallCourse = there.copy(tmp_path / "here")
    with dask.config.set(gateway):
        summary = there.grade(cluster="gateway")
    assert (summary.graded, summary.not_graded, summary.problems) == (2, [], [])
    here.grade()
    assert there.marks() == here.marks()
    assert {learner: marks["part-double"] for learner, marks in there.marks().items()} == {"ada": 3.0, "bob": 1.0}


def test_a_gateway_that_lets_nobody_in_is_told(gateway: dict[str, Any]) -> None:
    wrong = gateway | {"gateway.auth.kwargs": {"username": "instructor", "password": "wrong"}}
    with dask.config.set(wrong), pytest.raises(GradingError, match="gave no cluster") as refusal, connect("gateway"):
        pass
    assert "401" in refusal.value.came or "Authentication" in refusal.value.came


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", None])
def test_a_gateway_that_is_not_there_is_told(address: str | None) -> None:
    with (
        dask.config.set({"gateway.address": address}),
        pytest.raises(GradingError, match="gave no cluster") as refusal,
        connect("gateway"),
    ):
        pass
    assert str(address) in refusal.value.where
    assert "gateway.address" in refusal.value.mend
