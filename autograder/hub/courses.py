"""Builds the courses of a hub, each as its own account and in its own sandbox; a broken one stops no other."""

import json
import tempfile
from collections.abc import Callable
from contextlib import suppress

from autograder.errors import HubError, KitError
from autograder.hub.hub import Hub, interpreter
from autograder.hub.models import account_of
from autograder.hub.places import write_private
from autograder.hub.server_spec import COURSE, server_spec
from autograder.sandbox.server import start_server

BUILD_TIMEOUT_S = 900
LONGEST_WORD = 4000


def build_courses(hub: Hub, said: Callable[[str, str], None]) -> dict[str, str]:
    """Builds all courses; course → why it could not be built, for those that are left out.

    Args:
        said: called with each course and "", or why it is broken.
    """
    broken = {}
    for course in hub.settings.courses:
        why = ""
        try:
            build_one(hub, course)
        except KitError as error:
            why = broken[course] = str(error)
        said(course, why)
    write_private(hub.places.broken_file, json.dumps(broken, indent=1))
    return broken


def build_one(hub: Hub, course: str) -> None:
    """Builds one course into its folder.

    Raises:
        AuthoringError: the course does not exist, or its files have a mistake.
        HubError: the build failed; says what it said.
    """
    hub.catalogue.course(course)
    spec = server_spec(hub, account_of(course), {})
    argv = [*interpreter(), "-m", "autograder", "build", course, "--out", COURSE, "--inside"]
    with tempfile.TemporaryFile() as output:
        server = start_server(spec, argv, output.fileno())
        try:
            status = server.process.wait(BUILD_TIMEOUT_S)
        finally:
            with suppress(OSError):
                server.process.kill()
            server.process.wait()
            if server.group is not None:
                server.group.close()
        output.seek(0)
        text = output.read(1_000_000).decode(errors="replace").strip()
    if status != 0:
        raise HubError(f"the course {course} could not be built", where=course, came=text[-LONGEST_WORD:])


def is_built(hub: Hub, course: str) -> bool:
    """Whether its course directory is there."""
    return (hub.places.course(course) / "nbgrader_config.py").is_file()
