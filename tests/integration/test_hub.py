"""A real hub: sign-in, servers in sandboxes, roles, course servers, what outlives a killed hub."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from tests.integration.hub_here import PROJECT, HubHere, running_hub, write_hub_yaml
from tests.integration.hub_kernel import run_in, start_code

pytestmark = [pytest.mark.slow, pytest.mark.needs_sandbox, pytest.mark.timeout(900)]
WAIT_S = 120


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubHere]:
    with running_hub(tmp_path_factory.mktemp("hub")) as hub:
        yield hub


def test_a_wrong_password_opens_nothing_and_a_courses_account_has_none(hub: HubHere) -> None:
    for name, password in (("lea", "wrong"), ("lea", ""), ("course-dask", ""), ("nobody", "x")):
        with requests.Session() as session:
            session.get(f"{hub.base_url}/hub/login", timeout=30)
            form = {"username": name, "password": password, "_xsrf": session.cookies.get("_xsrf", path="/hub/")}
            answer = session.post(f"{hub.base_url}/hub/login", data=form, allow_redirects=False, timeout=60)
            assert answer.status_code in (401, 403), (name, answer.status_code)
            assert "jupyterhub-hub-login" not in session.cookies


def test_a_learner_sees_the_own_home_and_lessons_and_nothing_of_others(hub: HubHere) -> None:
    for name in ("lea", "luca"):
        hub.sign_in(name).start_server()
    secret = hub.folder / "homes" / "luca" / "secret.txt"
    secret.write_text("luca's alone", encoding="utf-8")
    lea = hub.sign_in("lea")
    lea.start_server()
    names = {entry["name"] for entry in lea.get("/user/lea/api/contents").json()["content"]}
    assert names == {"lessons", "START.md"}
    said = json.loads(lea.run_code(_LOOK))
    assert said["homes"] == ["lea"]
    assert said["lessons"] == {"dask": ["course.json", "data", "dataframes.ipynb"]}
    assert said["uid"] == 1000
    assert said["capabilities"] == "0000000000000000"
    assert said["readable"] == []
    assert said["writable"] == []
    assert said["hub files"] == []
    assert said["other processes"] == []


_LOOK = f"""
import json, os, pathlib, re
def readable(path):
    try:
        os.listdir(path) if os.path.isdir(path) else open(path).read(1)
        return True
    except OSError:
        return False
def writable(path):
    try:
        (pathlib.Path(path) / "probe").write_text("x")
        return True
    except OSError:
        return False
project = {str(PROJECT)!r}
private = ["/root/.ssh", "/home/luca", "/etc/shadow", "/var"]
private += [project + "/" + p for p in ("exercises", "build", ".git")]
status = open("/proc/self/status").read()
commands = []
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        commands.append(open(f"/proc/{{pid}}/cmdline").read())
    except OSError:
        pass
print(json.dumps({{
    "homes": os.listdir("/home"),
    "lessons": {{name: sorted(os.listdir("/srv/lessons/" + name)) for name in os.listdir("/srv/lessons")}},
    "uid": os.getuid(),
    "capabilities": re.search(r"CapEff:\\s*(\\w+)", status).group(1),
    "readable": [path for path in private if readable(path)],
    "writable": [p for p in ("/", "/srv/lessons/dask", "/opt/kit", "/usr/lib", "/home", "/dev") if writable(p)],
    "hub files": [str(p) for top in ("/srv", "/opt", "/home", "/tmp") for p in pathlib.Path(top).rglob("*.sqlite")
                  if not p.is_relative_to("/home/lea")],
    "other processes": [c for c in commands if "luca" in c or "jupyterhub_config" in c or "autograder.exchange" in c],
}}))
"""


@pytest.mark.needs_root
def test_no_server_keeps_roots_uid_and_each_has_its_own(hub: HubHere) -> None:
    lea, luca = hub.sign_in("lea"), hub.sign_in("luca")
    lea.start_server()
    luca.start_server()
    homes = {name: (hub.folder / "homes" / name).stat().st_uid for name in ("lea", "luca")}
    assert 0 not in homes.values()
    assert len(set(homes.values())) == 2
    for person in (lea, luca):
        inside = person.run_code("open('mine.txt', 'w').write('x')")
        assert inside.strip() == "1"
        assert (hub.folder / "homes" / person.name / "mine.txt").stat().st_uid == homes[person.name]


def test_a_learner_writes_into_copies_of_the_lessons_and_starts_where_they_are_listed(hub: HubHere) -> None:
    lea = hub.sign_in("lea")
    lea.start_server()
    path = "/user/lea/api/contents/lessons/dask/dataframes/lesson/dataframes.ipynb"
    file = hub.folder / "courses/dask/lessons/dataframes.ipynb"
    before = file.read_bytes()
    lesson = lea.get(path).json()
    assert lesson["type"] == "notebook" and lesson["writable"] is True
    lesson["content"]["cells"][0]["source"] = "mine"
    assert lea.send("PUT", path, json={"type": "notebook", "content": lesson["content"]}).status_code == 200
    assert file.read_bytes() == before, "the course's own lesson is as it was"
    page = lea.get("/user/lea/api/contents/START.md").json()["content"]
    assert "[dataframes](lessons/dask/dataframes/lesson/dataframes.ipynb)" in page
    assert lea.get("/user/lea/", allow_redirects=True).url.endswith("/user/lea/lab/tree/START.md")
    assert lea.send("DELETE", "/hub/api/users/lea/server").status_code in (202, 204)
    lea.start_server()
    assert lea.get(path).json()["content"]["cells"][0]["source"] == "mine", "a new start keeps what was written"


def test_the_list_of_assignments_works_in_a_learners_server(hub: HubHere) -> None:
    lea = hub.sign_in("lea")
    lea.start_server()
    answer = lea.get("/user/lea/assignments?course_id=").json()
    assert answer["success"] is True, answer
    page = lea.get("/user/lea/lab").text
    disabled = json.loads(page.split('"disabledExtensions": ', 1)[1].split("]", 1)[0] + "]")
    assert "@jupyter/nbgrader:formgrader" in disabled
    assert lea.get("/user/lea/formgrader").status_code == 404


def test_wb_cluster_stays_within_the_learners_limits(hub: HubHere) -> None:
    lea = hub.sign_in("lea")
    lea.start_server()
    said = lea.run_code(
        "import workbench as wb\n"
        "with wb.cluster() as client:\n"
        "    info = client.scheduler_info()\n"
        "    total = sum(worker['memory_limit'] for worker in info['workers'].values())\n"
        "    print(client.submit(sum, [1, 2]).result(), len(info['workers']), total, info['address'][:6])\n"
    )
    assert said.split()[:2] == ["3", "2"], said
    assert int(said.split()[2]) <= 2 * 2**30
    assert said.split()[3] == "tls://"


def test_the_dashboard_of_wb_cluster_opens_through_the_hub_for_its_owner_alone(hub: HubHere) -> None:
    lea, luca = hub.sign_in("lea"), hub.sign_in("luca")
    for person in (lea, luca):
        person.start_server()
    kernel = lea.send("POST", "/user/lea/api/kernels", json={"name": "python3"}).json()["id"]
    try:
        before = run_in(lea, kernel, _LISTENING)
        start = (
            "import workbench as wb; cluster = wb.cluster(n_workers=1); client = cluster.start(); client.cluster.name"
        )
        assert "Error" not in run_in(lea, kernel, start)
        page = lea.get("/user/lea/dask/status")
        assert page.status_code == 200
        assert "Bokeh" in page.text and "Task Stream" in page.text
        assert luca.get("/user/lea/dask/status").status_code in (403, 404)
        # The scheduler's and its worker's ports speak TLS with the cluster's own keys; no further port answers.
        ports = set(json.loads(run_in(lea, kernel, _LISTENING))) - set(json.loads(before))
        for port in ports:
            with suppress(requests.RequestException):
                assert not requests.get(f"http://127.0.0.1:{port}/status", timeout=5).ok
        # What else listens on this machine's loopback may be a neighbour's: it is not shown under one's own address.
        assert lea.get(f"/user/lea/proxy/{hub.base_url.rpartition(':')[2]}/hub/login").status_code == 404
        run_in(lea, kernel, "cluster.close()")
        assert lea.get("/user/lea/dask/status").status_code >= 500
    finally:
        lea.send("DELETE", f"/user/lea/api/kernels/{kernel}")


_LISTENING = """
import json, psutil
found = [c for process in psutil.process_iter() for c in process.net_connections("tcp")]
print(json.dumps([c.laddr.port for c in found if c.status == "LISTEN"]))
"""


def test_who_takes_too_much_memory_loses_the_kernel_and_keeps_the_server(hub: HubHere) -> None:
    lea = hub.sign_in("lea")
    lea.start_server()
    before = lea.get("/user/lea/api/status").json()["started"]
    kernel = lea.send("POST", "/user/lea/api/kernels", json={"name": "python3"}).json()["id"]
    pid = int(run_in(lea, kernel, "import os; print(os.getpid())"))
    look = f"import os; print(os.path.exists('/proc/{pid}'))"
    assert "True" in lea.run_code(look)
    start_code(lea, kernel, "hoard = [bytearray(b'x') * 2**28 for _ in range(40)]")
    _wait(lambda: "False" in lea.run_code(look), "the kernel was not ended")
    assert lea.get("/user/lea/api/status").json()["started"] == before
    lea.send("DELETE", f"/user/lea/api/kernels/{kernel}")


@pytest.mark.parametrize("name", ["lea", "lina", "gil", "ines"])
def test_a_courses_server_is_closed_to_all_but_its_own_people(name: str, hub: HubHere) -> None:
    igor = hub.sign_in("igor")
    igor.start_server("course-accelerator")
    assert igor.get("/user/course-accelerator/formgrader/api/assignments").status_code == 200
    person = hub.sign_in(name)
    for path in ("formgrader", "formgrader/api/assignments", "api/contents", "lab"):
        answer = person.get(f"/user/course-accelerator/{path}")
        assert answer.status_code == 403, (path, answer.status_code)
    assert person.get("/hub/spawn/course-accelerator").status_code in (403, 404)
    answer = person.send("DELETE", "/hub/api/users/course-accelerator/server")
    assert answer.status_code in (403, 404)


def test_a_grader_gives_points_in_formgrader_and_does_nothing_else(hub: HubHere) -> None:
    gil = hub.sign_in("gil")
    gil.start_server("course-dask")
    top = "/user/course-dask"
    assert gil.get(f"{top}/formgrader/gradebook").status_code == 200
    assert gil.get(f"{top}/formgrader/api/grades").status_code in (200, 404, 400, 500)
    for path in ("lab", "api/contents", "api/kernels", "api/terminals", "files/gradebook.db", "formgrader?path=/tmp"):
        assert gil.get(f"{top}/{path}").status_code == 403, path
    for path in ("assign", "release", "collect", "release_feedback", "generate_feedback"):
        answer = gil.send("POST", f"{top}/formgrader/api/assignment/dataframes/{path}")
        assert answer.status_code == 403, path
    assert gil.send("POST", f"{top}/api/kernels", json={}).status_code == 403
    ines = hub.sign_in("ines")
    ines.start_server("course-dask")
    assert ines.get(f"{top}/api/contents").status_code == 200


def test_the_button_of_formgrader_grades_by_the_kits_engine(hub: HubHere) -> None:
    ines, lea = hub.sign_in("ines"), hub.sign_in("lea")
    ines.start_server("course-dask")
    lea.start_server()
    top, what = "/user/course-dask/formgrader/api", {"course_id": "dask", "assignment_id": "dataframes"}
    assert _done(ines.send("POST", f"{top}/assignment/dataframes/release"))
    assert _done(lea.send("POST", "/user/lea/assignments/fetch", json=what))
    assert _done(lea.send("POST", "/user/lea/assignments/submit", json=what))
    assert _done(ines.send("POST", f"{top}/assignment/dataframes/collect"))
    graded = ines.send("POST", f"{top}/submission/dataframes/lea/autograde")
    assert _done(graded)
    assert "marks are sealed" in graded.text
    (submission,) = ines.get(f"{top}/submissions/dataframes").json()
    assert (submission["student"], submission["autograded"], submission["score"]) == ("lea", True, 0.0)
    assert _done(ines.send("POST", f"{top}/assignment/dataframes/lea/generate_feedback"))
    assert _done(ines.send("POST", f"{top}/assignment/dataframes/lea/release_feedback"))
    assert _done(lea.send("POST", "/user/lea/assignments/fetch_feedback", json=what))
    assert list((hub.folder / "homes" / "lea" / "dask" / "dataframes" / "feedback").rglob("*.html"))


def _done(answer: requests.Response) -> bool:
    assert answer.status_code == 200, answer.text[-2000:]
    assert answer.json()["success"] is True, answer.text[-3000:]
    return True


def test_health_and_metrics_are_told_and_metrics_need_their_token(hub: HubHere) -> None:
    page = requests.get(f"{hub.base_url}/hub/status", timeout=30)
    assert page.status_code == 200
    assert "NOT WELL" not in page.text
    assert not re.search(r"\b(lea|ines)\b", page.text)
    token = (hub.folder / "hub" / "monitoring.token").read_text(encoding="ascii")
    for path, word in (
        ("/hub/metrics", "jupyterhub_running_servers"),
        ("/services/exchange/metrics", "exchange_requests"),
    ):
        assert requests.get(hub.base_url + path, timeout=30).status_code in (401, 403), path
        answer = requests.get(hub.base_url + path, headers={"Authorization": f"token {token}"}, timeout=30)
        assert word in answer.text, path
    answer = requests.get(f"{hub.base_url}/hub/api/users", headers={"Authorization": f"token {token}"}, timeout=30)
    assert answer.status_code == 403


def test_the_log_names_course_and_learner(hub: HubHere) -> None:
    hub.sign_in("lea").start_server()
    hub.sign_in("ines").start_server("course-dask")
    log = hub.log()
    assert "Server started: person=lea courses=dask" in log
    assert "Server started: course=dask" in log


def test_a_backup_of_the_running_hub_is_put_back_hash_equal(hub: HubHere, tmp_path: Path) -> None:
    archive, command = tmp_path / "backup.tar.gz", [sys.executable, "-m", "autograder", "hub", "--file"]
    made = subprocess.run([*command, str(hub.file), "backup", str(archive)], cwd=PROJECT, check=False, timeout=300)
    assert made.returncode == 0
    elsewhere = write_hub_yaml(tmp_path)
    back = subprocess.run([*command, str(elsewhere), "restore", str(archive)], cwd=PROJECT, check=False, timeout=300)
    assert back.returncode == 0
    for name in ("hub/accounts.json", "courses/dask/gradebook.db", "courses/dask/source/dataframes/dataframes.ipynb"):
        assert (tmp_path / "state" / name).read_bytes() == (hub.folder / name).read_bytes(), name
        assert (tmp_path / "state" / name).stat().st_uid == (hub.folder / name).stat().st_uid, name
    blobs = [path for path in (hub.folder / "exchange").rglob("*") if path.is_file() and path.suffix == ""]
    same = [path.read_bytes() == (tmp_path / "state" / path.relative_to(hub.folder)).read_bytes() for path in blobs]
    assert same
    assert all(same)


def test_a_second_hub_in_the_same_folder_is_refused(hub: HubHere) -> None:
    command = [sys.executable, "-m", "autograder", "hub", "--file", str(hub.file), "start"]
    second = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False)
    assert second.returncode == 1
    assert "a hub runs in this folder already" in second.stderr


def test_after_a_killed_hub_servers_go_on_and_are_found_again(hub: HubHere) -> None:
    lea = hub.sign_in("lea")
    lea.start_server()
    before = lea.get("/user/lea/api/status").json()["started"]
    kernel = lea.send("POST", "/user/lea/api/kernels", json={"name": "python3"}).json()["id"]
    assert hub.process is not None
    run_in(lea, kernel, "answer = 42")
    hub.process.kill()
    hub.process.wait()
    _wait(lambda: not _answers(hub), "the proxy has outlived the hub")
    hub.start()
    lea = hub.sign_in("lea")
    lea.start_server()
    assert lea.get("/user/lea/api/status").json()["started"] == before
    assert "42" in run_in(lea, kernel, "print(answer)")


def test_a_server_can_be_stopped_and_leaves_no_process(hub: HubHere) -> None:
    luca = hub.sign_in("luca")
    luca.start_server()
    luca.send("POST", "/user/luca/api/kernels", json={"name": "python3"})
    assert _processes_naming("luca")
    answer = luca.send("DELETE", "/hub/api/users/luca/server")
    assert answer.status_code in (202, 204)
    _wait(lambda: not _processes_naming("luca"), "processes of the server were left")


def _answers(hub: HubHere) -> bool:
    with suppress(requests.RequestException):
        requests.get(hub.base_url, timeout=5)
        return True
    return False


def _processes_naming(name: str) -> list[int]:
    """Living processes whose environment says that they are this person's server or below it."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            if f"JUPYTERHUB_USER={name}\0".encode() in Path(f"/proc/{pid}/environ").read_bytes():
                found.append(int(pid))
    return found


def _wait(until: Callable[[], bool], otherwise: str) -> None:
    deadline_s = time.monotonic() + WAIT_S
    while not until():
        assert time.monotonic() < deadline_s, otherwise
        time.sleep(0.2)
