"""The service: what it listens to, and what it does besides answering."""

import asyncio
import logging
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from tornado import web
from tornado.httpserver import HTTPServer

from autograder.errors import KitError
from autograder.exchange import handlers, transfers
from autograder.exchange.blobs import SWEPT_AFTER_S, Blobs
from autograder.exchange.handlers import Exchange
from autograder.exchange.metrics import Metrics
from autograder.exchange.people import People, hub_auth
from autograder.exchange.queries import open_engine
from autograder.exchange.records import Records
from autograder.exchange.settings import Settings, read_settings

log = logging.getLogger("autograder.exchange")
JSON_BYTES = 65_536
DISK_THREADS = 4


def main() -> None:
    """`python -m autograder.exchange`, as the hub starts it."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s exchange: %(message)s")
    logging.getLogger("tornado.access").setLevel(logging.ERROR)  # a request is logged once, with its meaning
    os.umask(0o077)
    try:
        asyncio.run(serve(read_settings()))
    except KitError as error:
        raise SystemExit(f"the exchange does not start:\n{error}") from None


async def serve(settings: Settings) -> None:
    """Until the hub ends it."""
    url = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
    exchange = open_exchange(settings, People(hub_auth(), settings.auth_cache_s))
    application = make_application(exchange, os.environ["JUPYTERHUB_SERVICE_PREFIX"])
    server = HTTPServer(application, max_body_size=JSON_BYTES, max_buffer_size=4 * JSON_BYTES)
    server.listen(url.port or 80, url.hostname or "127.0.0.1")
    log.info("listening: %s:%s", url.hostname, url.port)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    sweeping = asyncio.create_task(sweep_for_ever(exchange))
    await ended.wait()
    server.stop()
    sweeping.cancel()
    await server.close_all_connections()


def open_exchange(settings: Settings, people: People) -> Exchange:
    """Storage and records, made where they are missing. Raises KitError: they cannot be used."""
    try:
        blobs = Blobs(settings.storage)
        engine = open_engine(settings.database_url)
    except Exception as error:
        raise KitError(
            "the storage of the exchange cannot be used",
            where=str(settings.storage),
            came=f"{type(error).__name__}: {error}"[:500],
            expected="a folder that the hub's account may write, and a database that answers",
            mend="correct storage or database in the settings",
        ) from error
    return Exchange(
        limits=settings.limits,
        records=Records(engine, settings.limits.attempts_kept),
        blobs=blobs,
        people=people,
        metrics=Metrics(),
        records_thread=ThreadPoolExecutor(1, "records"),
        disk_threads=ThreadPoolExecutor(DISK_THREADS, "disk"),
    )


async def sweep_for_ever(exchange: Exchange) -> None:
    """Remove what no record points to: replaced releases, forgotten attempts, uploads that a kill cut short."""
    while True:
        wanted = await exchange.record(exchange.records.hashes)
        swept = await exchange.disk(exchange.blobs.sweep, wanted)
        exchange.metrics.swept.inc(swept)
        if swept:
            log.info("swept: %d files that nothing points to", swept)
        await asyncio.sleep(SWEPT_AFTER_S)


def make_application(exchange: Exchange, prefix: str) -> web.Application:
    """The addresses; docs/exchange.md lists them."""
    api = f"{prefix}api"
    assignment = rf"{api}/courses/([^/]+)/assignments/([^/]+)"
    attempt = rf"{assignment}/submissions/([^/]+)/([^/]+)"
    routes: list[tuple[str, type[web.RequestHandler]]] = [
        (rf"{prefix}health", handlers.Health),
        (rf"{prefix}metrics", handlers.MetricsPage),
        (rf"{api}/me", handlers.Me),
        (rf"{api}/assignments", handlers.Assignments),
        (rf"{api}/submissions", handlers.Submissions),
        (assignment, transfers.Release),
        (rf"{assignment}/due", handlers.DueDate),
        (rf"{assignment}/extensions", handlers.Extensions),
        (rf"{assignment}/extensions/([^/]+)", handlers.Extension),
        (rf"{assignment}/submissions", transfers.Submit),
        (attempt, handlers.OneReceipt),
        (rf"{attempt}/files", transfers.SubmittedFiles),
        (rf"{attempt}/feedback", transfers.Feedback),
        (r".*", handlers.Nothing),
    ]
    return web.Application([(path, handler, {"exchange": exchange}) for path, handler in routes])
