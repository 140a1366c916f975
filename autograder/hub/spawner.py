"""Starts each server in a sandbox of its own. It goes on when the hub ends, and is found again when the hub is back."""

import asyncio
import os
import select
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from jupyterhub.spawner import LocalProcessSpawner
from jupyterhub.utils import random_port
from tornado.ioloop import PeriodicCallback

from autograder.hub.hub import Hub, interpreter
from autograder.hub.memory import largest_to_end
from autograder.hub.models import account_of, course_of
from autograder.hub.server_spec import COURSE, lessons_of, profile_of, server_spec
from autograder.sandbox.cgroup import MemoryGroup
from autograder.sandbox.limits import GIB
from autograder.sandbox.meter import Meter, children_of, started_at
from autograder.sandbox.server import HOME, Server, start_server
from workbench.hub_lessons import PAGE as START_PAGE

END_TIMEOUT_S, KILL_TIMEOUT_S = 10, 60
LOOK_EVERY_MS = 1_000
LISTENING_EVERY_S = 0.05
LARGEST_LOG_BYTES = 10 * 2**20
MAY_INSTRUCT = "custom:course:instruct"
# Not `-m`: `autograder` keeps a second of needless imports away.
_PERSON = ["-c", "from autograder.hub.person_server import main; main()"]
_COURSE = ["-c", "from autograder.hub.course_server import main; main()"]


class SandboxSpawner(LocalProcessSpawner):  # type: ignore[misc]
    """A person's server (JupyterLab), or a course's own (formgrader)."""

    port: int
    proc: Any
    hub_of: ClassVar[Hub]  # set once, when the hub is configured
    _turns: ClassVar[int] = 0

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self._first, self._since, self._group_folder = 0, "", ""
        self._watch: PeriodicCallback | None = None
        self.oauth_client_allowed_scopes = self._allowed_scopes()

    @property
    def course(self) -> str:
        """The course whose own server this is; "" for a person's."""
        return course_of(self.user.name) if self.user else ""

    @property
    def shown_name(self) -> str:
        """For logs: names the course, or the person and their courses."""
        if self.course:
            return f"course={self.course}"
        courses = ",".join(self.hub_of.courses_of(self.user.name)) or "none"
        return f"person={self.user.name} courses={courses}"

    async def start(self) -> tuple[str, int]:
        """Starts it; the address where it will answer."""
        hub, account = self.hub_of, self.user.name
        profile = profile_of(hub, account)
        self.port = self.port or random_port()
        self.mem_limit, self.cpu_limit = int(profile.memory_gib * GIB), profile.cpu_cores
        folder = f"{COURSE}/{self.course}" if self.course else f"{HOME}/{account}"
        self.notebook_dir = folder
        if self.course:
            self.default_url = "/formgrader"
        elif lessons_of(hub, account):
            self.default_url = f"/lab/tree/{START_PAGE}"
        SandboxSpawner._turns += 1
        spec = server_spec(hub, account, self.get_env(), SandboxSpawner._turns)
        argv = [*interpreter(), *(_COURSE if self.course else _PERSON), *self.get_args()]
        with _log(hub.places.logs / f"{account}.log") as output:
            run = asyncio.get_running_loop().run_in_executor
            server = await run(None, start_server, spec, argv, output.fileno())
        self._take(server)
        self.log.info("Server started: %s, pid %d", self.shown_name, self.pid)
        await self._listening()
        return ("127.0.0.1", self.port)

    async def _listening(self) -> None:
        """Until it takes connections, or has ended. The hub asks too, but waits longer each time, up to seconds."""
        while await self.poll() is None:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                return
            await asyncio.sleep(LISTENING_EVERY_S)

    def user_env(self, env: dict[str, str]) -> dict[str, str]:
        """Nothing of an operating system's account: there is none."""
        return env

    def load_state(self, state: dict[str, Any]) -> None:
        """After the hub's restart."""
        super().load_state(state)
        self._first, self._since = int(state.get("first", 0)), str(state.get("since", ""))
        self._group_folder = str(state.get("group", ""))
        self._look()

    def get_state(self) -> dict[str, Any]:
        """What is needed to find it again."""
        state: dict[str, Any] = super().get_state()
        if self._first:
            state |= {"first": self._first, "since": self._since, "group": self._group_folder}
        return state

    def clear_state(self) -> None:
        """It has ended."""
        super().clear_state()
        if self._watch is not None:
            self._watch.stop()
            self._watch = None
        if self._group_folder:
            group = MemoryGroup.at(Path(self._group_folder))
            asyncio.get_running_loop().run_in_executor(None, group.close)
        self.proc = None
        self._first, self._since, self._group_folder = 0, "", ""

    async def poll(self) -> int | None:
        """None while it runs."""
        if not self._first:
            self.clear_state()
            return 0
        status = self.proc.poll() if self.proc is not None else None
        if started_at(self._first) == self._since:
            return None
        self.log.info("Server ended: %s", self.shown_name)
        self.clear_state()
        return status or 0

    async def stop(self, now: bool = False) -> None:
        """Asks the server to end, and ends what has not; when this returns, none of its processes is left."""
        if await self.poll() is not None:
            return
        first, name = self._first, self.shown_name
        if not now:
            for pid in children_of(first):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
            await self.wait_for_death(END_TIMEOUT_S)
        if await self.poll() is not None:
            return
        await asyncio.get_running_loop().run_in_executor(None, end_server, first)
        if self.proc is not None:
            self.proc.wait(KILL_TIMEOUT_S)
        self.log.info("Server stopped: %s", name)
        self.clear_state()

    def _allowed_scopes(self) -> list[str]:
        """What it may learn about somebody who opens it, besides that they may: a course's own, whether they teach."""
        return [f"{MAY_INSTRUCT}!user={account_of(self.course)}"] if self.course else []

    def _take(self, server: Server) -> None:
        self.proc, self.pid, self._first = server.process, server.process.pid, server.first
        self._since = started_at(server.first)
        self._group_folder = str(server.group.folder) if server.group is not None else ""
        self._look()

    def _look(self) -> None:
        """Where the host's kernel does not limit the memory of all its processes together, we do."""
        if not self._first or self._group_folder or self._watch is not None:
            return
        self._watch = PeriodicCallback(self._end_largest, LOOK_EVERY_MS)
        self._watch.start()

    def _end_largest(self) -> None:
        limit_bytes = profile_of(self.hub_of, self.user.name).memory_gib * GIB
        pid = largest_to_end(Meter(self.pid), limit_bytes)
        if pid is not None and started_at(self._first) == self._since:
            self.log.warning("Out of memory: %s, its largest process is ended", self.shown_name)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def end_server(first: int) -> None:
    """Ends the first process of a pid namespace, and with it all others; waits until none is left."""
    try:
        descriptor = os.pidfd_open(first)
    except ProcessLookupError:
        return
    try:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        select.select([descriptor], [], [], KILL_TIMEOUT_S)
    finally:
        os.close(descriptor)


def _log(path: Path) -> Any:
    if path.exists() and path.stat().st_size > LARGEST_LOG_BYTES:
        os.replace(path, path.with_suffix(".old.log"))
    return open(path, "ab")
