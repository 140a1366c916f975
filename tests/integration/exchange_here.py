"""A plain JupyterHub on this machine's loopback with the exchange as its service; for tests and benchmarks only.

Two courses, `dask` and `torch`; people as in GROUPS. Nothing is mocked: tokens are the hub's, requests go through its
proxy. With `managed=False` the service is started by the test itself, so that it can be killed and started at once.
"""

import contextlib
import json
import os
import secrets
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.exchange.client import TOKEN_VARIABLE, URL_VARIABLE, ExchangeClient
from tests.integration.servers_here import end, free_ports, wait_for_answer

ROOT = Path(__file__).parents[2]
START_TIMEOUT_S, STOP_TIMEOUT_S = 150, 30
PASSWORD = "a password of the tests"
GROUPS = {
    "learner-dask": ["ann", "ben"],
    "grader-dask": ["gina"],
    "instructor-dask": ["ines", "course-dask"],
    "learner-torch": ["carl"],
    "instructor-torch": ["otto"],
}
OUTSIDER, UNRELATED = "nora", "uma"  # one may use the service and is in no course; the other may not even use it
ACCESS = "access:services!service=exchange"
CONFIGURATION = """\
import sys

from autograder.hub.programs import proxy_command

given = {given}
c.ConfigurableHTTPProxy.command = proxy_command()
c.JupyterHub.bind_url = "http://127.0.0.1:%d" % given["proxy"]
c.JupyterHub.hub_bind_url = "http://127.0.0.1:%d" % given["hub"]
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:%d" % given["proxy_api"]
c.JupyterHub.db_url = "sqlite:///%s/hub.sqlite" % given["folder"]
c.JupyterHub.cookie_secret_file = given["folder"] + "/cookie_secret"
c.ConfigurableHTTPProxy.pid_file = given["folder"] + "/proxy.pid"
c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = given["password"]
c.Authenticator.allowed_users = set(given["users"])
c.JupyterHub.spawner_class = "simple"
c.JupyterHub.load_groups = {{name: {{"users": users}} for name, users in given["groups"].items()}}
c.JupyterHub.load_roles = [
    {{"name": "exchange", "scopes": ["read:users:groups", "list:groups", "read:users:name"], "services": ["exchange"]}},
    {{"name": "members", "scopes": [given["access"]], "users": given["members"], "groups": list(given["groups"])}},
    {{"name": "server", "scopes": ["users:activity!user", "access:servers!server", given["access"]]}},
    {{"name": "tests", "scopes": ["tokens", "groups", "read:metrics", "admin:users"], "services": ["tests"]}},
]
exchange = {{"name": "exchange", "url": "http://127.0.0.1:%d" % given["exchange"]}}
exchange["api_token"] = given["exchange_token"]
if given["managed"]:
    exchange["command"] = [sys.executable, "-m", "autograder.exchange"]
    exchange["environment"] = given["environment"]
c.JupyterHub.services = [exchange, {{"name": "tests", "api_token": given["tests_token"]}}]
"""


@dataclass
class ExchangeHere:
    """A running hub with the exchange."""

    folder: Path
    ports: dict[str, int]
    tests_token: str
    exchange_token: str
    _tokens: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Of the exchange, through the proxy."""
        return f"http://127.0.0.1:{self.ports['proxy']}/services/exchange/"

    @property
    def storage(self) -> Path:
        return self.folder / "exchange"

    @property
    def environment(self) -> dict[str, str]:
        """What the service needs besides what the hub sets."""
        return {
            "AUTOGRADER_EXCHANGE": str(self.folder / "exchange.json"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.folder),
        }

    def hub(self, method: str, path: str, body: Any = None) -> Any:
        """Asks the hub's own API."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ports['proxy']}/hub/api/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {self.tests_token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            text = response.read()
        return json.loads(text) if text else None

    def new_token(self, name: str, **wanted: Any) -> str:
        """A token of a user, as that user's server has one."""
        return str(self.hub("POST", f"users/{name}/tokens", {"scopes": [ACCESS]} | wanted)["token"])

    def token(self, name: str) -> str:
        if name not in self._tokens:
            self._tokens[name] = self.new_token(name)
        return self._tokens[name]

    def client(self, name: str) -> ExchangeClient:
        return ExchangeClient(self.url, self.token(name))

    def ask(self, method: str, path: str, token: str, body: bytes | None = None, kind: str = "application/json") -> Any:
        """A plain request: (status, JSON or bytes). `path` is put after the service's address as it is."""
        headers = {"Content-Type": kind} | ({"Authorization": f"Bearer {token}"} if token else {})
        request = urllib.request.Request(self.url + path, method=method, data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                status, text = response.status, response.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        with contextlib.suppress(ValueError):
            return status, json.loads(text)
        return status, text

    def server_environment(self, name: str, home: Path) -> dict[str, str]:
        """What a server of this user has in its environment."""
        return self.environment | {
            URL_VARIABLE: self.url,
            TOKEN_VARIABLE: self.token(name),
            "HOME": str(home),
            "JUPYTERHUB_USER": name,
            "LANG": "C.UTF-8",
        }

    @contextmanager
    def service(self) -> "Iterator[subprocess.Popen[bytes]]":
        """Starts the service, of a hub with managed=False, and waits until it answers; kills it at the end."""
        prefix = "/services/exchange/"
        environment = self.environment | {
            "JUPYTERHUB_API_TOKEN": self.exchange_token,
            "JUPYTERHUB_API_URL": f"http://127.0.0.1:{self.ports['hub']}/hub/api",
            "JUPYTERHUB_SERVICE_NAME": "exchange",
            "JUPYTERHUB_SERVICE_PREFIX": prefix,
            "JUPYTERHUB_SERVICE_URL": f"http://127.0.0.1:{self.ports['exchange']}",
            "JUPYTERHUB_OAUTH_ACCESS_SCOPES": json.dumps([ACCESS]),
        }
        command = [sys.executable, "-m", "autograder.exchange"]
        with (self.folder / "service-said").open("ab") as said:
            process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        try:
            address = f"http://127.0.0.1:{self.ports['exchange']}{prefix}health"
            wait_for_answer(address, process, self.folder / "service-said", START_TIMEOUT_S)
            yield process
        finally:
            process.kill()
            process.wait()


@contextmanager
def exchange_here(folder: Path, managed: bool = True, **settings: Any) -> Iterator[ExchangeHere]:
    """Starts it, its files in an empty folder; ends what it started. `settings` are the service's, beside storage."""
    ports = dict(zip(("proxy", "hub", "proxy_api", "exchange"), free_ports(4), strict=True))
    here = ExchangeHere(folder, ports, secrets.token_hex(16), secrets.token_hex(16))
    (folder / "exchange.json").write_text(json.dumps({"storage": str(here.storage), "auth_cache_s": 1} | settings))
    members = sorted({name for users in GROUPS.values() for name in users} | {OUTSIDER})
    given = {
        **ports,
        "folder": str(folder),
        "password": PASSWORD,
        "groups": GROUPS,
        "members": members,
        "users": [*members, UNRELATED],
        "access": ACCESS,
        "managed": managed,
        "environment": here.environment,
        "tests_token": here.tests_token,
        "exchange_token": here.exchange_token,
    }
    configuration = folder / "jupyterhub_config.py"
    configuration.write_text(CONFIGURATION.format(given=given))
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "-f", str(configuration)],
            env=os.environ | here.environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            cwd=folder,
        )
    try:
        # A hub waits half a minute for a service that is not its own and does not answer.
        with contextlib.nullcontext() if managed else here.service():
            wait_for_answer(f"{here.url}health", process, folder / "said", START_TIMEOUT_S)
        yield here
    finally:
        end(process, STOP_TIMEOUT_S)
