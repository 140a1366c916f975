"""The probe passes on a whole sandbox, and refuses as soon as one limit is taken away."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from autograder.errors import SandboxError
from autograder.sandbox.limits import RELAXABLE
from autograder.sandbox.probe import WARM, probe, require_sandbox

pytestmark = [
    pytest.mark.needs_sandbox,
    pytest.mark.skipif(not Path("/usr/bin/bwrap").exists(), reason="bubblewrap is not installed"),
]
NOTICED_BY = {
    "address_space": "address space",
    "processes": "processes",
    "file_size": "file size",
    "cpu": "limits",
    "core": "limits",
    "open_files": "open files",
    "scratch_size": "scratch",
    "root_read_only": "other writable",
    "settings": "writable settings",
    "network": "interfaces",
    "user_namespaces": "user namespace",
    "system_calls": "hidden memory",
    "cpu_watchdog": "cpu watchdog",
    "memory_watchdog": "memory watchdog",
}
# A fork takes over from its warm process what this one has: root, network and the limits of its own sandbox.
NOTICED_IN_A_FORK = {
    "address_space",
    "processes",
    "file_size",
    "cpu",
    "scratch_size",
    "settings",
    "user_namespaces",
    "system_calls",
}


def test_a_whole_sandbox_passes() -> None:
    report = probe()
    assert [(check.name, check.came) for check in report.failures] == []
    assert len(report.checks) > 40
    assert report.no_warm == ""


@pytest.mark.parametrize("limit", sorted(NOTICED_BY))
def test_the_probe_refuses_where_a_limit_does_not_bite(limit: str) -> None:
    if limit in ("cpu", "core") and os.geteuid() != 0:
        pytest.skip("an ordinary user's own limits may be as low already")
    with pytest.raises(SandboxError, match=NOTICED_BY[limit]):
        require_sandbox(relaxed=frozenset({limit}))


@pytest.mark.parametrize("limit", sorted(NOTICED_IN_A_FORK))
def test_a_fork_of_a_warm_process_is_probed_as_well(limit: str) -> None:
    if limit == "cpu" and os.geteuid() != 0:
        pytest.skip("an ordinary user's own limits may be as low already")
    failed = {check.name for check in probe(relaxed=frozenset({limit})).failures}
    assert f"{WARM}{NOTICED_BY[limit]}" in failed


def test_without_a_warm_process_the_probe_says_that_kernels_start_cold(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise SandboxError("The warm process did not start.")

    monkeypatch.setattr("autograder.sandbox.probe.WarmSandbox", refuse)
    report = probe()
    assert report.ok
    assert "did not start" in report.no_warm


@pytest.mark.skipif(os.geteuid() != 0, reason="drops from root: start the tests as root")
def test_the_probe_refuses_to_leave_learners_root_on_the_host() -> None:
    with pytest.raises(SandboxError, match="not root on the host"):
        require_sandbox(relaxed=frozenset({"uid_drop"}))


def test_every_limit_has_a_probe() -> None:
    # Where there is no control group the watchdog limits memory, which test_memory_limits.py sees.
    assert set(NOTICED_BY) | {"uid_drop", "memory_group"} == RELAXABLE


def test_the_probe_notices_libraries_of_other_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.python_version", lambda: "3.11.99")
    with pytest.raises(SandboxError, match="versions"):
        require_sandbox()


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes an ordinary user: start the tests as root")
@pytest.mark.skipif(
    not Path("/usr/bin/python3").exists(), reason="needs a system interpreter that ordinary users can run"
)
def test_started_as_an_ordinary_user_it_holds_as_well(tmp_path: Path) -> None:
    version = subprocess.run(
        ["/usr/bin/python3", "-c", "import sys; print(*sys.version_info[:2])"],
        capture_output=True,
        text=True,
        check=True,
    )
    if version.stdout.split() != [str(number) for number in sys.version_info[:2]]:
        pytest.skip("the system interpreter is of another version than the libraries")
    libraries = sysconfig.get_path("purelib")
    for folder in (tmp_path, *tmp_path.parents):
        if "pytest" in str(folder):  # those that pytest made, for their owner alone
            folder.chmod(0o755)
    environment = tmp_path / "environment"
    subprocess.run(["/usr/bin/python3", "-m", "venv", "--without-pip", environment], check=True)
    site_packages = next(environment.glob("lib/python*/site-packages"))
    (site_packages / "libraries.pth").write_text(libraries, encoding="utf-8")
    code = f"from autograder.sandbox.probe import require_sandbox; print(require_sandbox(binds=({libraries!r},)).ok)"
    command = [
        "setpriv",
        "--reuid=64001",
        "--regid=64001",
        "--clear-groups",
        str(environment / "bin/python"),
        "-c",
        code,
    ]
    clean = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "TMPDIR": "/tmp"}
    done = subprocess.run(
        command, cwd=Path(__file__).parents[2], env=clean, capture_output=True, text=True, timeout=60, check=False
    )
    if "Permission denied" in done.stderr:
        pytest.skip("this copy of the kit lies where an ordinary user cannot read it")
    assert done.stdout == "True\n", done.stderr
