"""Sets JupyterHub's configuration from hub.yaml, one concern each. jupyterhub_config.py calls them all."""

import json
import sys
from pathlib import Path
from typing import Any

from autograder.hub.accounts import PasswordAuthenticator
from autograder.hub.hub import Hub
from autograder.hub.models import account_of
from autograder.hub.places import write_private
from autograder.hub.programs import ENDS_WITH_US, proxy_command
from autograder.hub.server_files import write_server_files
from autograder.hub.servers import database_url
from autograder.hub.spawner import MAY_INSTRUCT, SandboxSpawner
from autograder.hub.status import StatusHandler

EXCHANGE = "exchange"
TEMPLATES = Path(__file__).with_name("templates")


def set_network(c: Any, hub: Hub) -> None:
    """Addresses; hub, proxy's API and exchange listen on loopback alone."""
    network, tls = hub.settings.network, hub.settings.tls
    c.JupyterHub.bind_url = f"{hub.base_url}/"
    c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{network.hub_port}"
    c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{network.proxy_port}"
    c.ConfigurableHTTPProxy.pid_file = str(hub.places.run / "proxy.pid")
    c.ConfigurableHTTPProxy.command = proxy_command()
    if tls is not None:
        c.JupyterHub.ssl_key, c.JupyterHub.ssl_cert = (str(hub.root / path) for path in (tls.key, tls.certificate))


def set_storage(c: Any, hub: Hub) -> None:
    """Where the hub keeps what it knows; what runs goes on when the hub ends."""
    c.JupyterHub.db_url = database_url(hub)
    c.JupyterHub.cookie_secret_file = str(hub.places.hub / "cookie_secret")
    c.JupyterHub.cleanup_servers = False


def set_sign_in(c: Any, hub: Hub) -> None:
    """Who may sign in, and how. Nobody is admin."""
    c.JupyterHub.authenticator_class = PasswordAuthenticator
    c.PasswordAuthenticator.accounts_file = str(hub.places.accounts_file)
    c.PasswordAuthenticator.allowed_users = set(hub.settings.people)
    c.PasswordAuthenticator.admin_users = set()
    c.JupyterHub.authenticate_prometheus = True


def set_groups(c: Any, hub: Hub) -> None:
    """One group for each role of each course."""
    c.JupyterHub.load_groups = {group: {"users": names} for group, names in hub.settings.groups().items()}


def set_roles(c: Any, hub: Hub) -> None:
    """What each group, the servers and the services may. The exchange looks at groups by itself."""
    c.JupyterHub.custom_scopes = {MAY_INSTRUCT: {"description": "Teach a course: all that its own server can do."}}
    roles: list[dict[str, Any]] = []
    for course in hub.served():
        own = f"user={account_of(course)}"
        server = [f"access:servers!{own}", f"servers!{own}", f"read:users:name!{own}"]
        roles += [
            _role(f"instructor-{course}", [*server, f"{MAY_INSTRUCT}!{own}"]),
            _role(f"grader-{course}", server),
        ]
    reach = f"access:services!service={EXCHANGE}"
    roles += [
        {"name": "exchange-user", "groups": list(hub.settings.groups()), "scopes": [reach]},
        {"name": "server", "scopes": ["users:activity!user", "access:servers!server", reach]},
        {
            "name": "exchange-service",
            "services": [EXCHANGE],
            "scopes": ["read:users:groups", "list:groups", "read:groups", "read:users:name"],
        },
        {"name": "monitoring", "services": ["monitoring"], "scopes": ["read:metrics"]},
    ]
    c.JupyterHub.load_roles = roles


def _role(group: str, scopes: list[str]) -> dict[str, Any]:
    return {"name": group, "groups": [group], "scopes": scopes}


def set_services(c: Any, hub: Hub) -> None:
    """The exchange, which the hub starts and keeps running; and a token for whoever reads metrics."""
    file = hub.places.run / "exchange.json"
    limits = hub.settings.exchange.model_dump()
    settings = {"storage": str(hub.places.exchange), "database": hub.settings.storage.exchange_database}
    write_private(file, json.dumps({**settings, "limits": limits}, indent=1))
    token = hub.places.monitoring_token_file.read_text(encoding="ascii")
    c.JupyterHub.services = [
        {
            "name": EXCHANGE,
            "url": f"http://127.0.0.1:{hub.settings.network.exchange_port}",
            "command": [*ENDS_WITH_US, sys.executable, "-P", "-m", "autograder.exchange"],
            "environment": {"AUTOGRADER_EXCHANGE": str(file), "PYTHONUNBUFFERED": "1"},
            "oauth_no_confirm": True,
            "display": False,
        },
        {"name": "monitoring", "api_token": token, "display": False},
    ]


def set_spawner(c: Any, hub: Hub) -> None:
    """Each server in a sandbox, with the limits of its profile."""
    write_server_files(hub.settings, hub.places)
    SandboxSpawner.hub_of = hub
    about = hub.settings.spawner
    c.JupyterHub.spawner_class = SandboxSpawner
    c.JupyterHub.concurrent_spawn_limit = about.starting_at_once
    c.JupyterHub.active_server_limit = about.most_servers
    c.Spawner.start_timeout = c.Spawner.http_timeout = about.start_timeout_s
    c.Spawner.env_keep = []
    c.Spawner.default_url = "/lab"
    c.Spawner.disable_user_config = True


def set_pages(c: Any, hub: Hub) -> None:
    """A page that links each person to their courses; who opens formgrader is not asked again whether they meant it."""
    c.JupyterHub.template_paths = [str(TEMPLATES)]
    c.JupyterHub.template_vars = {"course_server": account_of(""), "served_courses": hub.served()}
    c.JupyterHub.implicit_spawn_seconds = 0.2
    c.JupyterHub.default_url = lambda handler: first_page(hub, handler.current_user)
    c.JupyterHub.extra_handlers = [(r"/status", StatusHandler, {"hub_here": hub})]
    clients = {f"jupyterhub-user-{account_of(course)}" for course in hub.settings.courses}
    c.JupyterHub.tornado_settings = {"oauth_no_confirm_list": {*clients, f"service-{EXCHANGE}"}}


def first_page(hub: Hub, user: Any) -> str:
    """Where somebody lands after the sign-in: who only teaches, on the page with the formgraders; learners in their
    server ("" is JupyterHub's own choice)."""
    roles = set(hub.courses_of(user.name).values()) if user is not None else set()
    return f"{user.settings['base_url']}hub/home" if roles and "learners" not in roles else ""


SETTERS = (set_network, set_storage, set_sign_in, set_groups, set_roles, set_services, set_spawner, set_pages)
