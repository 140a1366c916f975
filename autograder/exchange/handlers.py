"""The requests that carry JSON. The hub says who asks, every name is checked, each refusal says how to mend it."""

import asyncio
import json
import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar, TypeVar

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError
from tornado import web
from tornado.iostream import StreamClosedError

from autograder.errors import KitError
from autograder.exchange import names
from autograder.exchange.blobs import Blobs
from autograder.exchange.metrics import Metrics
from autograder.exchange.people import Caller, People
from autograder.exchange.queries import iso
from autograder.exchange.records import Records
from autograder.exchange.refusals import ExchangeRefusal, Malformed, NotAllowed, NotThere, Unavailable
from autograder.exchange.settings import MIB, ExchangeLimits

log = logging.getLogger("autograder.exchange")
FREE_MIB = 256
Result = TypeVar("Result")


@dataclass(frozen=True)
class Exchange:
    """All that the handlers share."""

    limits: ExchangeLimits
    records: Records
    blobs: Blobs
    people: People
    metrics: Metrics
    # One thread for the records, so that SQLite has one writer; some for the disk.
    records_thread: Any
    disk_threads: Any

    async def record(self, method: Callable[..., Result], *arguments: Any, **named: Any) -> Result:
        """Runs a method of the records. Raises what it raises."""
        call = partial(method, *arguments, **named)
        return await asyncio.get_running_loop().run_in_executor(self.records_thread, call)

    async def disk(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """Runs something that reads or writes files."""
        return await asyncio.get_running_loop().run_in_executor(self.disk_threads, partial(function, *arguments))


class ExchangeHandler(web.RequestHandler):
    """What all requests have in common."""

    # What is asked, for metrics and the log.
    what: ClassVar[str] = "other"
    exchange: Exchange
    caller: Caller

    def initialize(self, exchange: Exchange) -> None:
        self.exchange = exchange

    def set_default_headers(self) -> None:
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Content-Security-Policy", "default-src 'none'")

    async def prepare(self) -> None:
        self.caller = await self.exchange.people.caller(self.token())

    def token(self) -> str:
        """From the header alone: a token in a URL stands in logs, and cookies are for pages."""
        kind, _, token = self.request.headers.get("Authorization", "").partition(" ")
        return token.strip() if kind.lower() in ("token", "bearer") else ""

    def check_xsrf_cookie(self) -> None:
        """No cookie is ever believed here, so there is nothing to forge."""

    def place(self, course: str, assignment: str, what: str) -> tuple[str, str]:
        """Course and assignment of the path, if the caller may do this there. Raises Malformed, NotAllowed."""
        self.caller.check(names.course_name(course), what)
        return course, names.assignment_name(assignment)

    def attempt_of(self, learner: str, attempt: str) -> tuple[str, int]:
        """Raises Malformed."""
        if not attempt.isdecimal() or len(attempt) > 9:
            raise Malformed("this is no number of an attempt", came=names.shown(attempt), expected="1, 2, 3, …")
        return names.learner_name(learner), int(attempt)

    def own_or(self, what: str, course: str, learner: str) -> None:
        """Lets learners at what is theirs, others by their role. Raises NotAllowed."""
        self.caller.check(course, "read own attempts and feedback" if learner == self.caller.name else what)

    def json_body(self, key: str) -> dict[str, Any]:
        """Raises Malformed: the body is no JSON object with this key."""
        try:
            body = json.loads(self.request.body)
        except ValueError as error:
            raise Malformed("the body is no JSON", came=str(error)) from error
        if not isinstance(body, dict) or key not in body:
            raise Malformed("the body lacks a key", expected=json.dumps({key: "…"}), mend="see docs/exchange.md")
        return body

    def answer(self, value: Any, status: int = 200) -> None:
        self.set_status(status)
        self.finish(json.dumps(value) + "\n")

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        _, error, _ = kwargs.get("exc_info") or (None, None, None)
        if isinstance(error, ExchangeRefusal):
            status_code = error.status
        elif isinstance(error, (SQLAlchemyError, OSError)):
            status_code = Unavailable.status
        super().send_error(status_code, **kwargs)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        _, error, _ = kwargs.get("exc_info") or (None, None, None)
        if isinstance(error, ExchangeRefusal):
            refusal = error
        elif isinstance(error, (SQLAlchemyError, OSError)):
            refusal = Unavailable(
                "the exchange cannot use its storage",
                came=type(error).__name__,
                mend="try again in a minute; if it lasts, tell the operator: the service's log says why",
            )
        elif status_code == 404:
            refusal = NotThere("there is nothing at this address", mend="see docs/exchange.md for the addresses")
        elif status_code == 405:
            refusal = Malformed("this cannot be done here", came=names.shown(self.request.method or ""))
        else:
            refusal = ExchangeRefusal("the request failed", came=f"status {status_code}", mend="tell the operator")
        if status_code == 401:
            self.set_header("WWW-Authenticate", "Bearer")
        self.finish(json.dumps(refusal.as_json()) + "\n")

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        if isinstance(value, KitError):
            who = self.caller.name if hasattr(self, "caller") else "nobody known"
            said = " | ".join(filter(None, value.args))
            log.info("refused: %s %s by=%s: %s", self.request.method, names.shown(self.request.path), who, said)
        elif isinstance(value, StreamClosedError):
            log.info("the client went away: %s %s", self.request.method, names.shown(self.request.path))
        else:
            super().log_exception(typ, value, tb)

    def on_finish(self) -> None:
        what = f"{(self.request.method or '').lower()} {self.what}"
        self.exchange.metrics.requests.labels(what, str(self.get_status())).inc()
        self.exchange.metrics.seconds.labels(what).observe(self.request.request_time())


class Open(ExchangeHandler):
    """Requests that anybody may make, or that decide for themselves."""

    async def prepare(self) -> None:
        pass


class Nothing(Open):
    """Every other address."""

    async def prepare(self) -> None:
        raise web.HTTPError(404)


class Health(Open):
    """Whether the exchange does its work; names and paths are not told."""

    what = "health"

    async def get(self) -> None:
        checks = {"records": await self._records(), "storage": await self._storage()}
        healthy = all(word == "ok" for word in checks.values())
        self.answer({"status": "ok" if healthy else "failing", "checks": checks}, 200 if healthy else 503)

    async def _records(self) -> str:
        try:
            await self.exchange.record(self.exchange.records.ping)
        except SQLAlchemyError as error:
            log.error("health: the database does not answer: %s", error)
            return "the database does not answer"
        return "ok"

    async def _storage(self) -> str:
        def look() -> str:
            probe = self.exchange.blobs.incoming / "health"
            probe.write_bytes(b"")
            probe.unlink(missing_ok=True)
            free_mib = shutil.disk_usage(self.exchange.blobs.kept).free / MIB
            return "ok" if free_mib > FREE_MIB else f"only {free_mib:.0f} MiB are free"

        try:
            return await self.exchange.disk(look)
        except OSError as error:
            log.error("health: the storage cannot be written: %s", error)
            return "the storage cannot be written"


class MetricsPage(Open):
    """For Prometheus, with a token that has the scope read:metrics, as the hub's own."""

    what = "metrics"

    async def get(self) -> None:
        owner = await self.exchange.people.owner(self.token())
        if "read:metrics" not in owner.get("scopes", ()):
            raise NotAllowed("this token may not read metrics", expected="a token with the scope read:metrics")
        self.set_header("Content-Type", CONTENT_TYPE_LATEST)
        self.finish(generate_latest(self.exchange.metrics.registry))


class Me(ExchangeHandler):
    """Who the hub says that the caller is, the roles, and the limits."""

    what = "me"

    async def get(self) -> None:
        roles = {course: sorted(roles) for course, roles in sorted(self.caller.roles.items())}
        self.answer({"name": self.caller.name, "courses": roles, "limits": self.exchange.limits.model_dump()})


class Assignments(ExchangeHandler):
    """What is released in my courses, or in one of them; `due_at` is mine."""

    what = "assignments"

    async def get(self) -> None:
        course = self.get_query_argument("course", "")
        if course:
            self.caller.check(names.course_name(course), "list assignments")
        found: list[Any] = []
        for one in [course] if course else self.caller.courses("list assignments"):
            found += await self.exchange.record(self.exchange.records.released, one, self.caller.name)
        self.answer({"assignments": found})


class DueDate(ExchangeHandler):
    """The due date for all learners of a course."""

    what = "due"

    async def get(self, course: str, assignment: str) -> None:
        place = self.place(course, assignment, "set due dates")
        due, in_gradebook = await self.exchange.record(self.exchange.records.due, *place)
        self.answer({"due": iso(due), "in_gradebook": iso(in_gradebook)})

    async def put(self, course: str, assignment: str) -> None:
        place = self.place(course, assignment, "set due dates")
        body = self.json_body("due")
        due = moment(body["due"])
        await self.exchange.record(self.exchange.records.set_due, *place, due, body.get("in_gradebook") is True)
        log.info("due date set: course=%s assignment=%s by=%s due=%s", *place, self.caller.name, due)
        self.answer({"due": body["due"]})


class Extensions(ExchangeHandler):
    """All extensions of an assignment."""

    what = "extensions"

    async def get(self, course: str, assignment: str) -> None:
        place = self.place(course, assignment, "set due dates")
        self.answer({"extensions": await self.exchange.record(self.exchange.records.extensions, *place)})


class Extension(ExchangeHandler):
    """One learner's extension."""

    what = "extension"

    async def put(self, course: str, assignment: str, learner: str) -> None:
        place = self.place(course, assignment, "set due dates")
        await self.exchange.people.check_learner(course, names.learner_name(learner))
        until = moment(self.json_body("until")["until"])
        await self.exchange.record(self.exchange.records.extend, *place, learner, until)
        told = (*place, learner, until, self.caller.name)
        log.info("extended: course=%s assignment=%s learner=%s until=%s by=%s", *told)
        self.answer({"until": None if until is None else until.isoformat()})


class Submissions(ExchangeHandler):
    """Attempts: one's own, or with `of=learners` those of a course's learners. Filters: course, assignment, learner,
    `newest=1`.
    """

    what = "submissions"

    async def get(self) -> None:
        of, course, learner = (self.get_query_argument(key, "") for key in ("of", "course", "learner"))
        assignment = self.get_query_argument("assignment", "")
        mine = of != "learners"
        what = "read own attempts and feedback" if mine else "list attempts of learners"
        if mine and learner not in ("", self.caller.name):
            raise NotAllowed(
                "attempts of others are listed for their graders and instructors",
                came=names.shown(learner),
                expected=self.caller.name,
                mend="add of=learners, if that is your role in the course",
            )
        if course:
            self.caller.check(names.course_name(course), what)
        if learner:
            names.learner_name(learner)
        if assignment:
            names.assignment_name(assignment)
        courses = [course] if course else self.caller.courses(what)
        learner = self.caller.name if mine else learner
        newest = self.get_query_argument("newest", "") == "1"
        rows = await self.exchange.record(self.exchange.records.listing, courses, assignment, learner, newest)
        self.answer({"submissions": rows})


class OneReceipt(ExchangeHandler):
    """The receipt of an attempt, as it was given."""

    what = "receipt"

    async def get(self, course: str, assignment: str, learner: str, attempt: str) -> None:
        place = (names.course_name(course), names.assignment_name(assignment))
        which = self.attempt_of(learner, attempt)
        self.own_or("list attempts of learners", course, which[0])
        self.answer((await self.exchange.record(self.exchange.records.receipt, *place, *which)).as_json())


def moment(text: Any) -> datetime | None:
    """A time with its zone, in ISO 8601, as UTC; None of None. Raises Malformed."""
    if text is None:
        return None
    try:
        parsed = datetime.fromisoformat(text)
        if parsed.tzinfo is None:
            raise ValueError("without its zone")
        return parsed.astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise Malformed(
            "this is no time",
            came=names.shown(str(text)),
            expected="ISO 8601 with a zone, as 2027-03-01T18:00:00+01:00",
            mend=f"correct it ({error})"[:200],
        ) from error
