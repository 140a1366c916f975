"""What every test shares: markers that skip, with the reason, what this machine cannot do."""

import functools
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.integration import slurm_here


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, reason_to_skip in REASONS.items():
        if item.get_closest_marker(marker) and (reason := reason_to_skip()):
            pytest.skip(reason)


def _no_root() -> str:
    return "" if os.geteuid() == 0 else "needs to be started as root"


@functools.cache
def _no_sandbox() -> str:
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed (apt-get install bubblewrap)"
    probe = subprocess.run(
        ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return "" if probe.returncode == 0 else f"no user namespaces here: {probe.stderr.strip()}"


def _no_gpu() -> str:
    return "" if Path("/dev/nvidiactl").exists() or Path("/dev/kfd").exists() else "no GPU on this machine"


def _no_browser() -> str:
    path = os.environ.get("AUTOGRADER_CHROMIUM", "/usr/bin/chromium")
    return "" if Path(path).exists() else f"no Chromium at {path} (apt-get install chromium)"


REASONS = {
    "needs_root": _no_root,
    "needs_sandbox": _no_sandbox,
    "needs_gpu": _no_gpu,
    "needs_browser": _no_browser,
    "needs_slurm": slurm_here.missing,
}
