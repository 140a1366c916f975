"""The requests that carry files, streamed both ways: a part of a file at a time is in memory, whatever the size."""

import asyncio
import logging
from typing import cast

from tornado import web
from tornado.http1connection import HTTP1Connection

from autograder.exchange.blobs import Incoming
from autograder.exchange.container import MEDIA_TYPE, Bounds, Manifest, check_size, container_size_bytes
from autograder.exchange.handlers import ExchangeHandler
from autograder.exchange.names import RESERVED, assignment_name, course_name, learner_name, shown
from autograder.exchange.refusals import ExchangeRefusal, Malformed, NotAllowed, Unavailable

log = logging.getLogger("autograder.exchange")
PART_BYTES = 2**17


@web.stream_request_body
class Transfer(ExchangeHandler):
    """Takes files in by `arrive`, sends them by `send`."""

    _incoming: Incoming | None = None
    _refusal: Exception | None = None
    _idle: asyncio.TimerHandle | None = None

    async def arrive(self, bounds: Bounds) -> None:
        """Before the body: refuse what can be refused, else make ready. Raises Malformed, TooLarge."""
        connection = cast(HTTP1Connection, self.request.connection)
        connection.set_max_body_size(bounds.body_bytes)
        length = self.request.headers.get("Content-Length", "")
        if length.isdecimal() and int(length) > bounds.body_bytes:
            check_size(int(length), bounds)
        if self.request.headers.get("Content-Type") != MEDIA_TYPE:
            came = shown(self.request.headers.get("Content-Type", ""))
            raise Malformed("files come in another form", came=came, expected=MEDIA_TYPE, mend="see docs/exchange.md")
        self._incoming = Incoming(self.exchange.blobs, bounds)
        self.exchange.metrics.uploads.inc()
        self._wait_for_more()

    async def data_received(self, chunk: bytes) -> None:
        if self._incoming is None or self._refusal is not None:
            return  # refused already; the rest is read, so that the client gets to read why
        self._wait_for_more()
        self.exchange.metrics.bytes_in.inc(len(chunk))
        try:
            await self.exchange.disk(self._incoming.feed, chunk)
        except (ExchangeRefusal, OSError) as refusal:
            self._refusal = refusal

    async def arrived(self) -> Manifest:
        """After the body: what came, on the disk. Raises Malformed, TooLarge, OSError."""
        assert self._incoming is not None, "arrive was called"
        if self._idle:
            self._idle.cancel()
        if self._refusal is not None:
            raise self._refusal
        return await self.exchange.disk(self._incoming.finish)

    def on_finish(self) -> None:
        super().on_finish()
        self._over()

    def on_connection_close(self) -> None:
        super().on_connection_close()
        self._over()

    def _over(self) -> None:
        if self._idle:
            self._idle.cancel()
        if self._incoming is not None:
            self.exchange.disk_threads.submit(self._incoming.give_up)
            self._incoming = None
            self.exchange.metrics.uploads.dec()

    def _wait_for_more(self) -> None:
        if self._idle:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(self.exchange.limits.idle_s, self._cut)

    def _cut(self) -> None:
        log.info("cut off: %s stood still for %g s", shown(self.request.path), self.exchange.limits.idle_s)
        cast(HTTP1Connection, self.request.connection).stream.close()

    async def send(self, manifest: Manifest) -> None:
        """Raises Unavailable: something of it is missing on the disk."""
        blobs = self.exchange.blobs
        missing = [file.sha256 for file in manifest.files if not blobs.has(file.sha256, file.size_bytes)]
        if missing:
            log.error("the storage lacks %s", ", ".join(missing))
            raise Unavailable("some files are missing in the storage", mend="tell the operator: restore the backup")
        self.set_header("Content-Type", MEDIA_TYPE)
        self.set_header("Content-Length", str(container_size_bytes(manifest)))
        self.write(manifest.head())
        for entry in manifest.files:
            with blobs.read(entry.sha256) as file:
                while part := await self.exchange.disk(file.read, PART_BYTES):
                    self.write(part)
                    await self.flush()
        self.exchange.metrics.bytes_out.inc(manifest.size_bytes)
        await self.finish()


class Release(Transfer):
    """The files of an assignment: put, fetched, taken back."""

    what = "assignment"

    async def prepare(self) -> None:
        await super().prepare()
        if self.request.method == "PUT":
            self.place(*self._path(), "release")
            limits = self.exchange.limits
            await self.arrive(Bounds(limits.release_mib, limits.files, "the assignment"))

    async def put(self, course: str, assignment: str) -> None:
        manifest = await self.arrived()
        force = self.get_query_argument("force", "") == "1"
        release = self.exchange.records.release
        told = await self.exchange.record(release, course, assignment, manifest, self.caller.name, force)
        log.info("released: course=%s assignment=%s by=%s", course, assignment, self.caller.name)
        self.answer(told)

    async def get(self, course: str, assignment: str) -> None:
        place = self.place(course, assignment, "fetch an assignment")
        manifest = await self.exchange.record(self.exchange.records.released_files, *place)
        log.info("fetched: course=%s assignment=%s learner=%s", *place, self.caller.name)
        await self.send(manifest)

    async def delete(self, course: str, assignment: str) -> None:
        place = self.place(course, assignment, "take back a release")
        await self.exchange.record(self.exchange.records.remove, *place)
        log.info("taken back: course=%s assignment=%s by=%s", *place, self.caller.name)
        self.answer({})

    def _path(self) -> tuple[str, str]:
        return self.path_args[0], self.path_args[1]


class Submit(Transfer):
    """One attempt of the caller's own; whose it is, the token says."""

    what = "submission"

    async def prepare(self) -> None:
        await super().prepare()
        place = self.place(self.path_args[0], self.path_args[1], "submit")
        learner_name(self.caller.name)
        if (named := self.get_query_argument("learner", self.caller.name)) != self.caller.name:
            raise NotAllowed("nobody hands in for another", came=shown(named), expected=self.caller.name)
        await self.exchange.record(self.exchange.records.check_released, *place)
        limits = self.exchange.limits
        await self.arrive(Bounds(limits.submission_mib, limits.files, "the submission", (RESERVED,)))

    async def post(self, course: str, assignment: str) -> None:
        manifest = await self.arrived()
        submit = self.exchange.records.submit
        receipt, is_new = await self.exchange.record(submit, course, assignment, self.caller.name, manifest)
        if is_new:
            self.exchange.metrics.attempts.labels(course, str(receipt.late).lower()).inc()
        log.info(
            "%s: course=%s assignment=%s learner=%s attempt=%d sha256=%s size_bytes=%d late=%s",
            "received" if is_new else "received again",
            course,
            assignment,
            receipt.learner,
            receipt.attempt,
            receipt.sha256,
            receipt.size_bytes,
            receipt.late,
        )
        self.answer(receipt.as_json(), 201 if is_new else 200)


class SubmittedFiles(Transfer):
    """The files of an attempt: for the learner whose it is, and to collect."""

    what = "submitted files"

    async def get(self, course: str, assignment: str, learner: str, attempt: str) -> None:
        place = (course_name(course), assignment_name(assignment))
        which = self.attempt_of(learner, attempt)
        self.own_or("collect", course, which[0])
        manifest = await self.exchange.record(self.exchange.records.submitted_files, *place, *which)
        log.info("read: course=%s assignment=%s learner=%s attempt=%d by=%s", *place, *which, self.caller.name)
        await self.send(manifest)


class Feedback(Transfer):
    """Feedback on an attempt: put by the instructor, read by the learner whose attempt it is."""

    what = "feedback"

    async def prepare(self) -> None:
        await super().prepare()
        if self.request.method == "PUT":
            self.place(self.path_args[0], self.path_args[1], "release feedback")
            self.attempt_of(self.path_args[2], self.path_args[3])
            limits = self.exchange.limits
            await self.arrive(Bounds(limits.feedback_mib, limits.files, "the feedback"))

    async def put(self, course: str, assignment: str, learner: str, attempt: str) -> None:
        which = self.attempt_of(learner, attempt)
        manifest = await self.arrived()
        give = self.exchange.records.give_feedback
        await self.exchange.record(give, course, assignment, *which, manifest, self.caller.name)
        told = (course, assignment, *which, self.caller.name)
        log.info("feedback released: course=%s assignment=%s learner=%s attempt=%d by=%s", *told)
        self.answer({"sha256": manifest.sha256})

    async def get(self, course: str, assignment: str, learner: str, attempt: str) -> None:
        place = (course_name(course), assignment_name(assignment))
        which = self.attempt_of(learner, attempt)
        self.own_or("read feedback of learners", course, which[0])
        await self.send(await self.exchange.record(self.exchange.records.feedback_files, *place, *which))
