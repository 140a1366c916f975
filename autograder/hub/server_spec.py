"""What each kind of server is given: a person's, and a course's own."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from autograder.exchange.client import NAMES_VARIABLE
from autograder.exchange.client import URL_VARIABLE as EXCHANGE_VARIABLE
from autograder.hub.hub import Hub
from autograder.hub.models import ServerProfile, course_of
from autograder.hub.server_files import DASHBOARD_SOCKET, DATA, names_file
from autograder.sandbox.server import HOME, ServerSpec, kit_shown
from autograder.sandbox.spec import KIT
from workbench.lessons.dashboards import SOCKET

SETTINGS, NAMES, LESSONS, COURSE = "/opt/hub/etc", "/opt/hub/names.json", "/srv/lessons", "/srv/course"  # inside


def server_spec(hub: Hub, account: str, env: Mapping[str, str], turn: int = 0) -> ServerSpec:
    """What the account's server may see, write and use.

    Args:
        env: what the hub gives it besides (its address and token).
        turn: counts servers, so that cores are handed out in turn.
    """
    profile = profile_of(hub, account)
    home, uid = hub.places.owned_folder(hub.places.home(account), account)
    course = course_of(account)
    shown, writable = kit_shown(), {}
    plain: tuple[str, ...] = ()
    if course:
        folder, _ = hub.places.owned_folder(hub.places.course(course), account)
        writable = {f"{COURSE}/{course}": str(folder)}
        shown |= course_sources(hub, course)
        names = names_file(hub.places, course)
        if names.is_file():
            shown[NAMES] = str(names)
    else:
        lessons = lessons_of(hub, account)
        shown |= lessons
        plain = tuple(lessons.values())
    settings = hub.places.run / ("course" if course else "person")
    if settings.is_dir():
        shown[SETTINGS] = str(settings)
    return ServerSpec(
        account=account,
        home=home,
        env={**environment(account, profile), EXCHANGE_VARIABLE: exchange_url(hub), **env},
        shown=shown,
        plain=plain,
        writable=writable,
        cwd=f"{COURSE}/{course}" if course else f"{HOME}/{account}",
        memory_gib=profile.memory_gib,
        processes=profile.processes,
        cpus=cores(profile.cpu_cores, turn),
        uid=uid,
        nests=bool(course),
    )


def lessons_of(hub: Hub, account: str) -> dict[str, str]:
    """Path inside → folder with the lessons, of each course of this person that has some."""
    found = {f"{LESSONS}/{name}": str(hub.places.course(name) / "lessons") for name in hub.courses_of(account)}
    return {path: source for path, source in found.items() if os.path.isdir(source)}


def exchange_url(hub: Hub) -> str:
    """Where a server of this machine reaches the exchange."""
    return f"http://127.0.0.1:{hub.settings.network.exchange_port}/services/exchange"


def profile_of(hub: Hub, account: str) -> ServerProfile:
    """What hub.yaml gives the account."""
    settings = hub.settings
    course = course_of(account)
    return settings.profile(settings.courses[course].profile if course else settings.people[account].profile)


def environment(account: str, profile: ServerProfile) -> dict[str, str]:
    """The made environment; nothing of the hub's own gets in."""
    threads = {f"{library}_NUM_THREADS": str(profile.cpu_cores) for library in ("OMP", "MKL", "OPENBLAS", "NUMEXPR")}
    return {
        **threads,
        "HOME": f"{HOME}/{account}",
        "USER": account,
        "SHELL": "/bin/bash",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "PYTHONPATH": KIT,
        "PYTHONNOUSERSITE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "JUPYTER_CONFIG_PATH": SETTINGS,
        "JUPYTER_PATH": f"{SETTINGS}/{DATA}",
        "JUPYTER_RUNTIME_DIR": "/tmp/jupyter",  # noqa: S108 - the server's own; paths of sockets are short
        "WORKBENCH_PROFILE": profile.kit_profile,
        SOCKET: DASHBOARD_SOCKET,
        NAMES_VARIABLE: NAMES,
    }


def course_sources(hub: Hub, course: str) -> dict[str, str]:
    """Path inside → exercises with their hidden checks, of this course alone; of others what prerequisites are told
    by."""
    shown = {}
    for exercise in hub.catalogue.exercises.values():
        inside = f"{KIT}/exercises/{exercise.name}"
        if exercise.course == course:
            shown[inside] = str(exercise.folder)
        elif (exercise.folder / "exercise.yaml").is_file():
            shown[f"{inside}/exercise.yaml"] = str(exercise.folder / "exercise.yaml")
    course_file = hub.catalogue.course_files.get(course)
    if course_file is not None:
        shown[f"{KIT}/courses/{course}"] = str(course_file.parent)
    return shown


def cores(count: int, turn: int) -> tuple[int, ...]:
    """So many of this machine's cores; none where that is all of them."""
    here = sorted(os.sched_getaffinity(0))
    if count >= len(here):
        return ()
    first = turn * count
    return tuple(sorted(here[(first + index) % len(here)] for index in range(count)))
