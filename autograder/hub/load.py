"""Reads hub.yaml; a mistake names file, line and key, what came, what was expected, the mend."""

import difflib
from collections.abc import Iterable
from pathlib import Path

from autograder.catalogue.load import Key, key_line, load_yaml
from autograder.errors import AuthoringError, HubError
from autograder.hub.models import HubSettings, course_of

RESERVED = ("admin", "root", "hub", "exchange", "lessons")


def load_settings(path: Path, shown: str = "") -> HubSettings:
    """The checked hub.yaml at `path`; `shown` is how errors name the file.

    Raises:
        HubError: the file is missing, is no YAML, or says something that it may not say.
    """
    shown = shown or str(path)
    if not path.is_file():
        raise HubError("the file is missing", where=shown, mend="copy hub-config/hub.yaml of the kit and edit it")
    try:
        settings = load_yaml(path, HubSettings, shown)
    except AuthoringError as error:
        mend = error.mend or "write what is expected; for its default, delete the key"
        raise HubError(error.what, error.where, error.came, error.expected, mend) from None
    for mistake in _mistakes(settings):
        raise mistake.error(path, shown)
    return settings


class Mistake:
    """One mistake, by its key in hub.yaml."""

    def __init__(self, key: Key, what: str, *, came: str = "", expected: str = "", mend: str = "") -> None:
        self.key, self.what, self.came, self.expected, self.mend = key, what, came, expected, mend

    def error(self, path: Path, shown: str) -> HubError:
        """With the line on which it stands."""
        where = f"{shown}, line {key_line(path, self.key)}, key {'.'.join(map(str, self.key))}"
        return HubError(self.what, where, self.came, self.expected, self.mend)


def _mistakes(settings: HubSettings) -> Iterable[Mistake]:
    """What each key by itself cannot show."""
    yield from _people(settings)
    yield from _roles(settings)
    yield from _profiles(settings)
    yield from _ports(settings)
    yield from _idle(settings)
    yield from _database(settings)


def _people(settings: HubSettings) -> Iterable[Mistake]:
    for name in settings.people:
        if course_of(name) or name in RESERVED:
            yield Mistake(
                ("people", name),
                "this name is the hub's own",
                came=name,
                expected=f"a name that does not begin with course- and is none of {', '.join(RESERVED)}",
                mend="choose another name for this person",
            )


def _roles(settings: HubSettings) -> Iterable[Mistake]:
    for course, about in settings.courses.items():
        roles = about.roles()
        for role, names in roles.items():
            for index, name in enumerate(names):
                key = ("courses", course, role, index)
                if name not in settings.people:
                    mend = _near(name, settings.people) or f"add `{name}:` under people"
                    yield Mistake(key, "nobody has this name", came=name, expected="a name from people", mend=mend)
                others = [other for other, members in roles.items() if other != role and name in members]
                if others:
                    yield Mistake(
                        key,
                        f"{name} has two roles in the course {course}",
                        came=f"{role} and {', '.join(others)}",
                        expected="one role in each course",
                        mend=f"take {name} out of one of the lists",
                    )


def _profiles(settings: HubSettings) -> Iterable[Mistake]:
    named = [(("people", name, "profile"), person.profile) for name, person in settings.people.items()]
    named += [(("courses", name, "profile"), course.profile) for name, course in settings.courses.items()]
    for key, profile in named:
        if profile not in settings.profile_names:
            known = settings.profile_names
            mend = _near(profile, known) or f"add `{profile}:` under profiles"
            expected = f"one of: {', '.join(known)}"
            yield Mistake(key, "there is no such profile", came=profile, expected=expected, mend=mend)


def _ports(settings: HubSettings) -> Iterable[Mistake]:
    seen: dict[int, str] = {}
    for name, port in settings.network.ports.items():
        if port in seen:
            yield Mistake(
                ("network", name),
                "two keys name the same port",
                came=f"{port}, also {seen[port]}",
                expected=f"four ports, by default {', '.join(f'{key} {each}' for key, each in _DEFAULTS.items())}",
                mend="choose another port",
            )
        seen[port] = name


def _idle(settings: HubSettings) -> Iterable[Mistake]:
    idle = settings.idle
    shortest = min(idle.kernel_after_minutes, idle.server_after_minutes)
    if idle.check_every_minutes > shortest:
        yield Mistake(
            ("idle", "check_every_minutes"),
            "looks less often than what it looks for may last",
            came=f"{idle.check_every_minutes:g}",
            expected=f"at most {shortest:g}, the shortest of the others",
            mend="make it smaller",
        )


def _database(settings: HubSettings) -> Iterable[Mistake]:
    storage = settings.storage
    if storage.database and storage.database == storage.exchange_database:
        yield Mistake(
            ("storage", "exchange_database"),
            "hub and exchange cannot share a database",
            came="the same address as database",
            expected="a database of its own",
            mend="make a second one: createdb exchange",
        )


def _near(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean `{near[0]}`?" if near else ""


_DEFAULTS = HubSettings.model_fields["network"].get_default(call_default_factory=True).ports
