"""How fast the hub is: until it answers with 6 courses and 20, from sign-in to a usable Lab, and 100 users at once.

Aims: 10 s for both, 5 s (median), no failure among 100 who sign in at once and start a server. In the last measurement
JupyterHub, its proxy and its limit on starts are real; sign-in takes any password, and the servers are its own mocks,
which answer and do nothing: 100 real ones need a larger machine. Clients wait as long as a 429 says, and ask again.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.browser import small_courses
from tests.integration.hub_here import PROJECT, SETTINGS, HubHere, Person, running_hub
from tests.integration.servers_here import free_ports

MOCK_CONFIG = """\
import os, sys
from jupyterhub.auth import DummyAuthenticator
from jupyterhub.spawner import SimpleLocalProcessSpawner

class Mock(SimpleLocalProcessSpawner):
    cmd = [sys.executable, "-m", "jupyterhub.tests.mocksu"]
    async def move_certs(self, paths): return paths

c = get_config()
c.JupyterHub.bind_url = "http://127.0.0.1:{port}/"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub_port}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
from autograder.hub.programs import proxy_command
c.ConfigurableHTTPProxy.command = proxy_command()
c.JupyterHub.db_url = "sqlite:///hub.sqlite"
c.JupyterHub.authenticator_class = DummyAuthenticator
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = Mock
c.JupyterHub.concurrent_spawn_limit = 10
c.Spawner.start_timeout = c.Spawner.http_timeout = 120
c.Spawner.environment = {{"PYTHONPATH": {project!r}}}
"""
GIVE_UP_S = 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--courses", type=int, nargs="*", default=[6, 20])
    parser.add_argument("--sign-ins", type=int, default=7)
    parser.add_argument("--users", type=int, default=100)
    wanted = parser.parse_args()
    for count in wanted.courses:
        with hub_of(count) as hub:
            print(f"hub with {count} courses answers after {restart_s(hub):.1f} s", flush=True)
            if count == wanted.courses[0] and wanted.sign_ins:
                times_s = [lab_s(hub, f"learner-{number}") for number in range(wanted.sign_ins)]
                worst = f"{max(times_s):.1f} s at most, {len(times_s)} one after another, each a new server"
                print(
                    f"sign-in to a Lab that runs code: {statistics.median(times_s):.1f} s (median), {worst}", flush=True
                )
    if wanted.users:
        took_s, failures = many_at_once(wanted.users)
        print(f"{wanted.users} users sign in at once and start a mock server: {took_s:.0f} s, {failures} failures")
        assert failures == 0, "users did not get a server"


@contextmanager
def hub_of(count: int) -> Iterator[HubHere]:
    """A hub of so many built courses."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        write_courses(folder / "private", count)
        patch.setenv("AUTOGRADER_EXERCISES", str(folder / "private"))
        learners = [f"learner-{number}" for number in range(20)]
        courses = {f"c{number}": {"instructors": ["ines"], "learners": learners} for number in range(count)}
        people = {person: {} for person in ("ines", *learners)}
        with running_hub(folder, {**SETTINGS, "courses": courses, "people": people}) as hub:
            yield hub


def write_courses(top: Path, count: int) -> None:
    """The same small course under several names."""
    small_courses.write_courses(top)
    for number in range(count):
        shutil.copytree(top / "sums", top / f"c{number}")


def restart_s(hub: HubHere) -> float:
    """From the start of the program to the first answer through the proxy; the database is there already."""
    assert hub.process is not None
    hub.process.terminate()
    hub.process.wait(60)
    began_s = time.perf_counter()
    hub.start()
    return time.perf_counter() - began_s


def lab_s(hub: HubHere, name: str) -> float:
    """From the sign-in to the first answer of a kernel."""
    began_s = time.perf_counter()
    person = hub.sign_in(name)
    person.start_server()
    assert "2" in person.run_code("1 + 1")
    took_s = time.perf_counter() - began_s
    person.send("DELETE", f"/hub/api/users/{name}/server")
    return took_s


def many_at_once(users: int) -> tuple[float, int]:
    """Seconds until the last has a server, and how many have none."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        port, hub_port, proxy_port = free_ports(3)
        ports = {"port": port, "hub_port": hub_port, "proxy_port": proxy_port}
        (folder / "config.py").write_text(MOCK_CONFIG.format(**ports, project=str(PROJECT)))
        command = [sys.executable, "-m", "jupyterhub", "--config", "config.py"]
        with open(folder.parent / f"{folder.name}.log", "wb") as log:
            process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        hub = HubHere(f"http://127.0.0.1:{port}", folder, folder / "config.py", process=process)
        hub.passwords = {f"user-{number}": "x" for number in range(users)}
        try:
            while not answers(hub):
                assert process.poll() is None, "the hub ended"
                time.sleep(0.1)
            began_s = time.perf_counter()
            with ThreadPoolExecutor(users) as pool:
                got = list(pool.map(lambda name: has_server(hub, name), hub.passwords))
            return time.perf_counter() - began_s, got.count(False)
        finally:
            for session in hub.sessions:
                session.close()
            process.terminate()
            process.wait(120)
            Path(f"{folder}.log").unlink()


def answers(hub: HubHere) -> bool:
    try:
        return requests.get(f"{hub.base_url}/hub/health", timeout=5).ok
    except requests.RequestException:
        return False


def has_server(hub: HubHere, name: str) -> bool:
    """Signs in, asks for a server until the hub takes the request, waits until it answers."""
    person: Person = hub.sign_in(name)
    give_up_s = time.perf_counter() + GIVE_UP_S
    while time.perf_counter() < give_up_s:
        asked = person.send("POST", f"/hub/api/users/{name}/server")
        if asked.status_code in (201, 202, 400):  # 400: it runs already, or is about to
            break
        if asked.status_code != 429:
            return False
        time.sleep(float(asked.headers.get("Retry-After", 3)))
    while time.perf_counter() < give_up_s:
        if person.get(f"/hub/api/users/{name}").json().get("server"):
            return True
        time.sleep(1)
    return False


if __name__ == "__main__":
    main()
