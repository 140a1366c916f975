"""The dashboard of a cluster that `wb.cluster()` started on a hub, opened through the hub.

Servers on a hub share this machine's loopback, and Dask's dashboard asks nobody who they are. So it listens on a Unix
socket in a folder that only this learner's server sees, and the hub's sign-in stands before it.
"""

import os
from contextlib import ExitStack, suppress
from html import escape
from typing import Any

from workbench.lessons.shown import show

SOCKET = "WORKBENCH_DASHBOARD_SOCKET"  # set by a hub that passes it on
PREFIX = "JUPYTERHUB_SERVICE_PREFIX"
NAME = "dask"  # the page's name below the server's own address


def is_wanted() -> bool:
    """Whether there is a hub that passes a dashboard on."""
    return bool(os.environ.get(SOCKET) and os.environ.get(PREFIX))


def address() -> str:
    """Where a browser that is signed in finds it, below the hub's own address."""
    return f"{os.environ[PREFIX]}{NAME}/status"


def move_to_socket(stack: ExitStack, cluster: Any) -> None:
    """Takes the pages of a LocalCluster's scheduler from their port to the Unix socket; the newest cluster has it."""
    path = os.environ[SOCKET]
    server = cluster.sync(_move, cluster.scheduler, path)
    stack.callback(_close, cluster, server, path)
    text = f"Dashboard of these workers: {address()}"
    link = f'<a href="{escape(address())}" target="_blank" rel="noopener">Dashboard of these workers</a>'
    show(text, f"<p>{link} (opens in a tab of its own)</p>")


async def _move(scheduler: Any, path: str) -> Any:
    from tornado.httpserver import HTTPServer
    from tornado.netutil import bind_unix_socket

    scheduler.http_server.stop()
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with suppress(FileNotFoundError):
        os.unlink(path)
    server = HTTPServer(scheduler.http_application)
    server.add_socket(bind_unix_socket(path, mode=0o600))
    return server, os.stat(path).st_ino


def _close(cluster: Any, made: tuple[Any, int], path: str) -> None:
    server, inode = made
    with suppress(OSError):
        cluster.sync(_stop, server)
    with suppress(FileNotFoundError):
        if os.stat(path).st_ino == inode:  # not that of a newer cluster
            os.unlink(path)


async def _stop(server: Any) -> None:
    server.stop()
    await server.close_all_connections()
