"""How fast the hub is: until it answers with 6 courses and 20, from sign-in to a usable Lab, and 100 users at once.

Aims: 10 s for both, 5 s (median), no failure among 100 who sign in at once and start a server. In the last measurement
the whole hub is real, sign-in and sandboxes too; only what runs in each sandbox is JupyterHub's mock, which answers and
does nothing: 100 real servers need a larger machine. Clients wait as long as a 429 says, and ask again.
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

sys.path.insert(0, str(Path(__file__).parents[1]))

from autograder.hub.hub import CONFIG_FOLDER, Hub
from autograder.hub.run import hub_command, hub_environment, prepare_accounts
from tests.browser import small_courses
from tests.integration.hub_here import SETTINGS, HubHere, Person, running_hub, write_hub_yaml

# The kit's own configuration; only what runs inside each sandbox is replaced.
MOCK_CONFIG = """\
from autograder.hub import spawner

load_subconfig({config!r})
spawner._PERSON = ["-m", "jupyterhub.tests.mocksu"]
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
        what = f"{wanted.users} users sign in at once and start a mock server in its sandbox"
        print(f"{what}: {took_s:.0f} s, {failures} failures")
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
    names = [f"user-{number}" for number in range(users)]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder_name:
        folder = Path(folder_name)
        courses = {"dask": {"instructors": ["ines"], "learners": names}}
        people: dict[str, object] = {person: {} for person in ("ines", *names)}
        file = write_hub_yaml(folder, {**SETTINGS, "courses": courses, "people": people})
        kit = Hub.open(file)
        passwords = prepare_accounts(kit)
        config = folder / "mock_config.py"
        config.write_text(MOCK_CONFIG.format(config=str(CONFIG_FOLDER / "jupyterhub_config.py")))
        command = [*hub_command()[:-1], str(config)]
        with open(folder / "hub.log", "wb") as log:
            process = subprocess.Popen(command, cwd=kit.root, env=hub_environment(kit), stdout=log, stderr=log)
        hub = HubHere(kit.base_url, folder / "state", file, passwords=passwords, process=process)
        try:
            hub.wait()
            began_s = time.perf_counter()
            with ThreadPoolExecutor(users) as pool:
                got = list(pool.map(lambda name: has_server(hub, name), names))
            return time.perf_counter() - began_s, got.count(False)
        finally:
            hub.end()


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
