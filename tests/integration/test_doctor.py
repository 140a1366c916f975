"""`autograder doctor` says what holds here, and ends with status 1 where strangers' work cannot be graded."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from autograder.catalogue.models import Limits
from autograder.cli import main
from autograder.errors import SandboxError
from autograder.sandbox.mechanisms import mechanisms

needs_bwrap = pytest.mark.skipif(not Path("/usr/bin/bwrap").exists(), reason="bubblewrap is not installed")


@pytest.mark.needs_sandbox
@needs_bwrap
def test_where_the_sandbox_holds_each_limit_is_listed_with_its_mechanism() -> None:
    run = CliRunner().invoke(main, ["doctor"])
    assert run.exit_code == 0, run.output
    assert "0 of them do not hold" in run.output
    assert "forked from a warm process" in run.output
    assert all(mechanism.kept_by in run.output for mechanism in mechanisms())


@pytest.mark.needs_sandbox
@needs_bwrap
def test_machines_get_the_same_as_json() -> None:
    run = CliRunner().invoke(main, ["doctor", "--json"])
    found = json.loads(run.output)
    assert found["sandbox"] is True
    assert {limit["limit"] for limit in found["limits"]} == {mechanism.limit for mechanism in mechanisms()}


def test_every_limit_of_an_exercise_has_a_mechanism() -> None:
    assert {mechanism.key for mechanism in mechanisms()} - {""} == set(Limits.model_fields)


def test_where_no_sandbox_can_be_had_it_says_why_and_ends_with_status_1(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise SandboxError("No sandbox can be made here.", came="namespaces are switched off", mend="Allow them.")

    monkeypatch.setattr("autograder.sandbox.probe.probe", refuse)
    run = CliRunner().invoke(main, ["doctor"])
    assert run.exit_code == 1
    assert "namespaces are switched off" in run.output
    assert "Allow them." in run.output
