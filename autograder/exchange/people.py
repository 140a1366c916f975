"""Who asks, and what they may: the hub says who a token belongs to and which groups that user is in.

A client says neither. Groups are asked for with the service's own token; its word is believed for a few seconds.
"""

import json
import os
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from jupyterhub.services.auth import HubAuth
from tornado.httpclient import AsyncHTTPClient, HTTPClientError
from tornado.web import HTTPError

from autograder.exchange.names import shown
from autograder.exchange.refusals import NobodyKnown, NotAllowed, NotThere, Unavailable

LEARNER, GRADER, INSTRUCTOR = "learner", "grader", "instructor"
ALL = frozenset({LEARNER, GRADER, INSTRUCTOR})
# The one table of what a role may do. Where a learner may, then with what is their own.
MAY: dict[str, frozenset[str]] = {
    "list assignments": ALL,
    "fetch an assignment": ALL,
    "submit": frozenset({LEARNER}),
    "read own attempts and feedback": frozenset({LEARNER}),
    "list attempts of learners": frozenset({GRADER, INSTRUCTOR}),
    "collect": frozenset({INSTRUCTOR}),
    "release": frozenset({INSTRUCTOR}),
    "take back a release": frozenset({INSTRUCTOR}),
    "set due dates": frozenset({INSTRUCTOR}),
    "release feedback": frozenset({INSTRUCTOR}),
    "read feedback of learners": frozenset({INSTRUCTOR}),
}
HUB_TIMEOUT_S = 10
REMEMBERED = 10_000
Value = TypeVar("Value")


@dataclass(frozen=True)
class Caller:
    """Who asks: a user of the hub, with a role or several in each of some courses."""

    name: str
    roles: dict[str, frozenset[str]]

    def check(self, course: str, what: str) -> None:
        """Raises NotAllowed. Whether there is such a course is told to its members alone."""
        mine = self.roles.get(course, frozenset())
        if not mine & MAY[what]:
            raise NotAllowed(
                f"{self.name} may not {what} in this course",
                where=shown(course),
                came=f"roles: {', '.join(sorted(mine)) or 'none'}",
                expected=f"one of: {', '.join(sorted(MAY[what]))}",
                mend="ask the instructor or the operator of the hub for the role, or correct the course's name",
            )

    def courses(self, what: str) -> list[str]:
        """Where the caller may do this."""
        return sorted(course for course, roles in self.roles.items() if roles & MAY[what])


class People:
    """Asks the hub."""

    def __init__(self, auth: HubAuth, remember_s: float) -> None:
        self.auth = auth
        self._groups: Remembered[frozenset[str] | None] = Remembered(remember_s)
        self._tokens: Remembered[dict[str, Any] | None] = Remembered(remember_s)

    async def caller(self, token: str) -> Caller:
        """Raises NobodyKnown, NotAllowed, Unavailable."""
        user = await self.owner(token)
        if user.get("kind") != "user" or not self.auth.check_scopes(self.auth.access_scopes, user):
            raise NotAllowed(
                "this token does not open the exchange",
                came=f"a token of a {user.get('kind')}, without access to this service",
                expected="the token of a server that the hub started for a user of a course",
                mend="work in a server of the hub, or make a token with the scope access:services!service=exchange",
            )
        name = str(user["name"])
        return Caller(name, roles_of(await self.groups(name) or frozenset()))

    async def owner(self, token: str) -> dict[str, Any]:
        """The hub's description of the owner of a token, with the token's scopes. Raises NobodyKnown, Unavailable."""
        if not token:
            raise NobodyKnown(
                "the request has no token",
                expected="the header Authorization: Bearer TOKEN, with the token of a server of the hub",
                mend="work in a server that the hub started",
            )

        async def ask() -> dict[str, Any] | None:
            try:
                answer = await self.auth.user_for_token(token, use_cache=False, sync=False)
            except HTTPError as error:
                raise _silent_hub(str(error)) from error
            return dict(answer) if answer else None

        user = await self._tokens.get(token, ask)
        if user is None:
            raise NobodyKnown(
                "the hub does not know this token, or not any more", mend="sign in again, or restart the server"
            )
        return user

    async def groups(self, name: str) -> frozenset[str] | None:
        """The groups of a user; None where the hub has no such user. Raises Unavailable."""
        return await self._groups.get(name, lambda: self._ask_for_groups(name))

    async def check_learner(self, course: str, learner: str) -> None:
        """Raises NotThere: the hub has no such learner in this course."""
        if f"{LEARNER}-{course}" not in (await self.groups(learner) or ()):
            raise NotThere(
                "the course has no such learner",
                where=course,
                came=shown(learner),
                expected=f"a user of the hub in the group {LEARNER}-{course}",
                mend="correct the name, or have the operator add the learner to the course",
            )

    async def _ask_for_groups(self, name: str) -> frozenset[str] | None:
        url = f"{self.auth.api_url}/users/{quote(name, safe='')}"
        headers = {"Authorization": f"token {self.auth.api_token}"}
        try:
            answer = await AsyncHTTPClient().fetch(url, headers=headers, request_timeout=HUB_TIMEOUT_S)
        except HTTPClientError as error:
            if error.code == 404:
                return None
            raise _silent_hub(str(error)) from error
        except OSError as error:
            raise _silent_hub(str(error)) from error
        return frozenset(json.loads(answer.body)["groups"])


def roles_of(groups: frozenset[str]) -> dict[str, frozenset[str]]:
    """Course → roles, of groups such as learner-dask."""
    found: dict[str, set[str]] = defaultdict(set)
    for group in groups:
        role, dash, course = group.partition("-")
        if role in ALL and dash and course:
            found[course].add(role)
    return {course: frozenset(roles) for course, roles in found.items()}


class Remembered(Generic[Value]):
    """Answers that are believed for some seconds."""

    def __init__(self, for_s: float) -> None:
        self.for_s = for_s
        self._answers: dict[str, tuple[float, Value]] = {}

    async def get(self, key: str, ask: Callable[[], Awaitable[Value]]) -> Value:
        """What is remembered, else what `ask` says."""
        until_s, value = self._answers.get(key, (0.0, None))
        if value is not None and time.monotonic() < until_s:
            return value
        answer = await ask()
        if len(self._answers) >= REMEMBERED:
            self._answers.clear()
        self._answers[key] = (time.monotonic() + self.for_s, answer)
        return answer


def hub_auth() -> HubAuth:
    """By what the hub sets in the environment of its services."""
    return HubAuth(api_token=os.environ["JUPYTERHUB_API_TOKEN"], api_url=os.environ["JUPYTERHUB_API_URL"])


def _silent_hub(came: str) -> Unavailable:
    return Unavailable(
        "the hub does not say who asks",
        came=came,
        mend="try again in a minute; if it lasts, tell the operator: the hub's log says why",
    )
