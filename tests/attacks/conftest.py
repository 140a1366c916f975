"""Fixtures of the attacks: a secret in the grader's environment, and the world around it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.attack import ENVIRONMENT_SECRET, World, world_at


@pytest.fixture(scope="session", autouse=True)
def secret_in_the_environment() -> Iterator[None]:
    """Set before the first grading process starts; those that follow inherit it."""
    os.environ["COURSE_DATABASE_PASSWORD"] = ENVIRONMENT_SECRET
    yield
    del os.environ["COURSE_DATABASE_PASSWORD"]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with world_at(tmp_path) as made:
        yield made
