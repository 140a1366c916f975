"""An extension of a person's server: passes the dashboard of `wb.cluster()` on, and nothing else.

jupyter-server-proxy's own extension would also show any port of this machine below the person's address, so that a
neighbour's page could speak in the name of whoever opens it. Its configuration (`ServerProxy.servers`) is used as is.
"""

from typing import Any

from jupyter_server_proxy.config import ServerProxy, make_handlers

from autograder.hub.server_files import DASHBOARD_PAGE


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": DASHBOARD_PAGE}]


def _load_jupyter_server_extension(app: Any) -> None:
    pages = list(ServerProxy(parent=app).servers.values())
    app.web_app.add_handlers(".*", make_handlers(app.web_app.settings["base_url"], pages))
