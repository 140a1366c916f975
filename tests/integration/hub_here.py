"""A real hub on this machine, for tests: its own folder, free ports, passwords that are known."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
import yaml

from tests.integration import hub_kernel
from tests.integration.servers_here import free_ports

PROJECT = Path(__file__).resolve().parents[2]
WAIT_S = 120
SETTINGS: dict[str, Any] = {
    "courses": {
        "dask": {"instructors": ["ines"], "graders": ["gil"], "learners": ["lea", "luca"]},
        "accelerator": {"instructors": ["igor"], "learners": ["lina", "leon"]},
    },
    "people": {name: {} for name in ("ines", "igor", "gil", "lea", "luca", "lina", "leon")},
    "profiles": {
        "learner": {"memory_gib": 2, "cpu_cores": 1, "kit_profile": "smoke"},
        "course": {"memory_gib": 4, "cpu_cores": 2, "processes": 4096, "kit_profile": "smoke"},
    },
}


@dataclass
class HubHere:
    """A running hub.

    Attributes:
        base_url: as `http://127.0.0.1:PORT`, without a slash at the end.
        folder: its state (`hub/`, `exchange/`, `homes/`, `courses/`, `logs/`).
        file: its hub.yaml.
        passwords: of each person.
    """

    base_url: str
    folder: Path
    file: Path
    passwords: dict[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None
    sessions: list[requests.Session] = field(default_factory=list)

    def sign_in(self, name: str) -> "Person":
        """Somebody's browser, signed in."""
        person = Person(self, name)
        page = person.get("/hub/login")
        form = {"username": name, "password": self.passwords[name], "_xsrf": person.xsrf("/hub/")}
        answer = person.session.post(f"{self.base_url}/hub/login", data=form, allow_redirects=False, timeout=60)
        assert (page.status_code, answer.status_code) == (200, 302), answer.text[:500]
        return person

    def start(self) -> None:
        """Starts it, with passwords for those who have none, and waits until it answers."""
        log = open(self.folder.parent / "hub.log", "ab")  # noqa: SIM115 - the hub's
        command = [sys.executable, "-m", "autograder", "hub", "--file", str(self.file), "start"]
        with log:
            self.process = subprocess.Popen(command, cwd=PROJECT, stdout=log, stderr=log, start_new_session=True)
        self.wait()
        self.passwords.update(_passwords(self.log()))

    def wait(self) -> None:
        """Waits until the hub answers through its proxy."""
        deadline_s = time.monotonic() + WAIT_S
        while time.monotonic() < deadline_s:
            if self.process is not None and self.process.poll() is not None:
                raise AssertionError(f"the hub ended: {self.log()[-4000:]}")
            with suppress(requests.RequestException):
                if requests.get(f"{self.base_url}/hub/health", timeout=5).status_code == 200:
                    return
            time.sleep(0.2)
        raise AssertionError(f"the hub did not answer: {self.log()[-4000:]}")

    def log(self) -> str:
        """What the hub has said so far."""
        return (self.folder.parent / "hub.log").read_text(encoding="utf-8", errors="replace")

    def end(self) -> None:
        """Ends the hub with its proxy and services, and the servers that outlive it."""
        for session in self.sessions:
            session.close()
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.end_servers()

    def end_servers(self) -> None:
        """Ends the servers, by the numbers that the hub has noted."""
        import sqlite3

        from autograder.hub.spawner import end_server
        from autograder.sandbox.meter import started_at

        database = self.folder / "hub" / "hub.sqlite"
        if not database.exists():
            return
        with sqlite3.connect(database) as db:
            states = [json.loads(row[0] or "{}") for row in db.execute("select state from spawners")]
        db.close()
        for state in states:
            if state.get("first") and started_at(state["first"]) == state["since"]:
                end_server(state["first"])


class Person:
    """Somebody's browser: keeps cookies, and sends the token against forged requests that the pages would send."""

    def __init__(self, hub: HubHere, name: str) -> None:
        self.hub, self.name = hub, name
        self.session = requests.Session()
        hub.sessions.append(self.session)

    def xsrf(self, path: str) -> str:
        """The token of a path."""
        longest = ""
        found = ""
        for cookie in self.session.cookies:
            if cookie.name == "_xsrf" and path.startswith(cookie.path) and len(cookie.path) > len(longest):
                longest, found = cookie.path, cookie.value or ""
        return found

    def get(self, path: str, **more: Any) -> requests.Response:
        """A page, with all redirects."""
        return self.session.get(self.hub.base_url + path, timeout=WAIT_S, **more)

    def send(self, method: str, path: str, **more: Any) -> requests.Response:
        """Any other request, as a page of that server sends it."""
        headers = {"X-XSRFToken": self.xsrf(path), "Referer": self.hub.base_url + "/hub/", **more.pop("headers", {})}
        return self.session.request(method, self.hub.base_url + path, headers=headers, timeout=WAIT_S, **more)

    def start_server(self, account: str = "") -> str:
        """Starts a server, by default one's own, waits until it answers; its path, as `/user/lea/`."""
        account = account or self.name
        deadline_s = time.monotonic() + WAIT_S
        answer = self.get(f"/hub/spawn/{account}")
        assert answer.status_code < 500, self.hub.log()[-8000:]
        page = "formgrader" if account.startswith("course-") else "lab"
        while time.monotonic() < deadline_s:
            # A page, not the API: only a page takes one through the hub's sign-in for this server.
            answer = self.get(f"/user/{account}/{page}")
            if answer.status_code == 200 and urlsplit(answer.url).path.startswith(f"/user/{account}/"):
                return f"/user/{account}/"
            assert answer.status_code < 500, self.hub.log()[-8000:]
            time.sleep(0.3)
        raise AssertionError(f"{account}'s server did not answer: {self.hub.log()[-4000:]}")

    def run_code(self, code: str, folder: str = "") -> str:
        """What a cell prints in a new kernel of one's own server."""
        return hub_kernel.run_code(self, code, folder)

    def token(self) -> str:
        """An API token of one's own, as from the hub's page for tokens."""
        answer = self.send("POST", f"/hub/api/users/{self.name}/tokens", json={"note": "test"})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])


def write_hub_yaml(folder: Path, settings: Mapping[str, Any] = SETTINGS, **more: Any) -> Path:
    """A hub.yaml in `folder` with free ports, whose state lies beside it."""
    names = ("port", "hub_port", "proxy_port", "exchange_port")
    network = dict(zip(names, free_ports(len(names)), strict=True))
    whole = {**settings, "network": network, "storage": {"folder": str(folder / "state")}, **more}
    file = folder / "hub.yaml"
    file.write_text(yaml.safe_dump(whole), encoding="utf-8")
    return file


@contextmanager
def running_hub(folder: Path, settings: Mapping[str, Any] = SETTINGS, **more: Any) -> Iterator[HubHere]:
    """A hub whose courses are built and that answers; ended, with all its servers, at the end."""
    file = write_hub_yaml(folder, settings, **more)
    command = [sys.executable, "-m", "autograder", "hub", "--file", str(file)]
    built = subprocess.run([*command, "build"], cwd=PROJECT, capture_output=True, text=True, timeout=600, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    network = yaml.safe_load(file.read_text(encoding="utf-8"))["network"]
    hub = HubHere(f"http://127.0.0.1:{network['port']}", folder / "state", file)
    try:
        hub.start()
        yield hub
    finally:
        hub.end()
        if os.environ.get("SHOW_HUB_LOG"):
            print(hub.log())


def _passwords(log: str) -> dict[str, str]:
    """Those that the start has printed."""
    lines = log.split("passwords, shown this once", 1)[-1].splitlines()[1:] if "shown this once" in log else []
    found = {}
    for line in lines:
        if not line.startswith("  "):
            break
        name, password = line.split()
        found[name] = password
    return found
