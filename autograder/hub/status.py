"""Whether the parts of a hub are well, asked over HTTP: the page /hub/status, and `autograder hub health`."""

import shutil
import ssl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from jupyterhub.handlers.base import BaseHandler
from tornado.ioloop import IOLoop

from autograder.hub.hub import Hub
from autograder.hub.server_spec import exchange_url

ASK_TIMEOUT_S = 5
LEAST_FREE_GIB = 2.0


@dataclass(frozen=True)
class Health:
    """One part, and what it said."""

    name: str
    well: bool
    said: str


def health(hub: Hub) -> list[Health]:
    """All parts, asked at the same time."""
    network = hub.settings.network
    asked = {
        "proxy": (f"{hub.base_url}/hub/health", (200,)),
        "hub": (f"http://127.0.0.1:{network.hub_port}/hub/health", (200,)),
        "exchange": (f"{exchange_url(hub)}/health", (200,)),
    }
    with ThreadPoolExecutor(len(asked)) as pool:
        answers = list(pool.map(lambda each: _ask(*each), asked.values()))
    parts = [Health(name, *answer) for name, answer in zip(asked, answers, strict=True)]
    return [*parts, _disk(hub), *_courses(hub)]


def _ask(url: str, expected: tuple[int, ...]) -> tuple[bool, str]:
    unchecked = ssl.create_default_context()
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE  # our own, by a name that we do not know
    try:
        with urlopen(Request(url), timeout=ASK_TIMEOUT_S, context=unchecked) as answer:  # noqa: S310
            status = answer.status
    except HTTPError as error:
        status = error.code
    except (URLError, OSError) as error:
        return False, f"no answer: {getattr(error, 'reason', error)}"
    return status in expected, f"answered {status}"


def _disk(hub: Hub) -> Health:
    free_gib = shutil.disk_usage(hub.places.folder).free / 2**30
    return Health("disk", free_gib >= LEAST_FREE_GIB, f"{free_gib:.1f} GiB free")


def _courses(hub: Hub) -> list[Health]:
    served = Health("courses", True, f"served: {', '.join(hub.served()) or 'none'}")
    broken = [Health(f"course {name}", False, why.splitlines()[0]) for name, why in hub.broken.items()]
    return [served, *broken]


class StatusHandler(BaseHandler):  # type: ignore[misc]
    """The page /hub/status; it names no person."""

    def initialize(self, hub_here: Hub) -> None:
        """The hub that is asked about."""
        self.hub_here = hub_here

    async def get(self) -> None:
        """Status 503 where a part is not well, for those that look by machine."""
        parts = await IOLoop.current().run_in_executor(None, health, self.hub_here)
        self.set_status(200 if all(part.well for part in parts) else 503)
        html: Any = await self.render_template("status.html", parts=parts)
        self.finish(html)
