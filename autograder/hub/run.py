"""Starts the hub: accounts, then JupyterHub in place of this process's own program."""

import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from autograder.hub.accounts import Accounts
from autograder.hub.hub import CONFIG_FOLDER, HUB_VARIABLE, Hub
from autograder.hub.lock import take
from autograder.hub.places import write_private

# Not `-m`: `autograder` keeps a second of needless imports away.
_PROGRAM = "import autograder; from jupyterhub.app import main; main()"


def prepare_accounts(hub: Hub) -> dict[str, str]:
    """A password for everybody who has none: name → password. It is kept as a hash alone."""
    hub.places.make()
    if not hub.places.monitoring_token_file.exists():
        write_private(hub.places.monitoring_token_file, secrets.token_hex(32))
    return Accounts(hub.places.accounts_file).fill(hub.settings.people)


def hub_command() -> list[str]:
    """JupyterHub with our configuration."""
    return [sys.executable, "-P", "-c", _PROGRAM, "--config", str(CONFIG_FOLDER / "jupyterhub_config.py")]


def hub_environment(hub: Hub, base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Where programs are, and which hub.yaml it is. The interpreter's folder comes first."""
    path = os.pathsep.join([str(Path(sys.executable).parent), base.get("PATH", "/usr/bin:/bin")])
    return {**base, "PATH": path, HUB_VARIABLE: str(hub.file)}


def become_hub(hub: Hub) -> None:
    """Does not return: this process goes on as JupyterHub, in the hub's folder."""
    os.chdir(hub.root)
    take(hub)
    sys.stdout.flush()
    os.execve(hub_command()[0], hub_command(), hub_environment(hub))  # noqa: S606 - to become it is its purpose
