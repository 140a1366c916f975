"""`autograder doctor`."""

import json
import sys
from typing import Any

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def doctor(*, as_json: bool) -> None:
    """Try the sandbox, and say which mechanism keeps each limit on this machine.

    Ends with status 1 where strangers' work cannot be graded here.
    """
    from autograder.errors import SandboxError
    from autograder.grade.runner import grader_versions
    from autograder.sandbox.mechanisms import mechanisms
    from autograder.sandbox.probe import probe

    found: dict[str, Any] = {"versions": grader_versions()}
    try:
        report = probe()
    except SandboxError as error:
        found |= {"sandbox": False, "error": str(error)}
    else:
        failed = [{"check": c.name, "expected": c.expected, "came": c.came} for c in report.failures]
        found |= {"sandbox": report.ok, "tried": len(report.checks), "failed": failed, "no_warm": report.no_warm}
        found["limits"] = [{"limit": m.limit, "key": m.key, "kept_by": m.kept_by} for m in mechanisms()]
    if as_json:
        click.echo(json.dumps(found, indent=1))
    else:
        _show(found)
    if not found["sandbox"]:
        sys.exit(1)


def _show(found: dict[str, Any]) -> None:
    click.echo(", ".join(f"{name} {version}" for name, version in found["versions"].items()))
    if "error" in found:
        click.echo(found["error"])
        return
    click.echo(f"sandbox: {found['tried']} things tried, {len(found['failed'])} of them do not hold")
    for failure in found["failed"]:
        click.echo(f"  {failure['check']}: expected {failure['expected']}; came {failure['came']}")
    warm = found["no_warm"]
    click.echo(f"kernels: {'each starts cold, which is slower: ' + warm if warm else 'forked from a warm process'}")
    width = max(len(limit["limit"]) for limit in found["limits"])
    for limit in found["limits"]:
        click.echo(f"  {limit['limit']:{width}}  {limit['kept_by']}")
