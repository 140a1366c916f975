"""From inside a learner's real kernel: what is another's, what is hidden, what is the hub's. Each attempt is a test.

On a hub where both learners of a course have handed in and one has feedback; the attempts all run once, in one cell
of `lea`, and each test looks at what came of its own. A first table proves that the means (files, requests, ports,
/proc) work where they may; that a refusal of the exchange is one of the role is told in test_exchange_roles.py.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.browser.small_courses import hub_with_small_courses
from tests.integration.hub_here import HubHere, Person

pytestmark = [pytest.mark.slow, pytest.mark.needs_sandbox, pytest.mark.timeout(480)]
WHAT = {"course_id": "sums", "assignment_id": "tiny"}
SECRET = "lucas-own-words"

# Attempts: what must not work → an expression whose value says that it did. `get` and `send` ask over HTTP with the
# learner's own token and give (status, text); `there`, `readable`, `writable` look at files.
ATTEMPTS = {
    "look into another learner's home": "readable(f'{state}/homes/luca') or there('/home/luca')",
    "read another learner's notebook": "readable(f'{state}/homes/luca/sums/tiny/tiny.ipynb')",
    "write into another learner's home": "writable(f'{state}/homes/luca/planted.txt')",
    "rename another learner's notebook": "renamed(f'{state}/homes/luca/sums/tiny/tiny.ipynb')",
    "delete another learner's notebook": "removed(f'{state}/homes/luca/sums/tiny/tiny.ipynb')",
    "reach it by a link in one's own home": "linked(f'{state}/homes/luca/secret.txt')",
    "find any file of another learner's": "found('luca')",
    "ask another's server for its files": "works('GET', proxy + '/user/luca/api/contents')",
    "ask another's server for its kernels": "works('GET', proxy + '/user/luca/api/kernels')",
    "start a kernel on another's server": "works('POST', proxy + '/user/luca/api/kernels', {})",
    "write a file through another's server": "works('PUT', proxy + '/user/luca/api/contents/planted.txt', planted)",
    "rename a file through another's server": "works('PATCH', proxy + '/user/luca/api/contents/secret.txt', moved)",
    "delete a file through another's server": "works('DELETE', proxy + '/user/luca/api/contents/secret.txt')",
    "ask another's server at its own port": "any(works('GET', there) for there in direct('luca'))",
    "ask the course's server at its own port": "any(works('GET', there) for there in direct('course-sums'))",
    "stop another's server": "works('DELETE', hub + '/users/luca/server')",
    "start another's server": "works('POST', hub + '/users/luca/server', {})",
    "read about another user": "works('GET', hub + '/users/luca')",
    "list the users": "works('GET', hub + '/users')",
    "list the groups": "'instructor-sums' in get(hub + '/groups')[1]",
    "join the instructors": "works('POST', hub + '/groups/instructor-sums/users', {'users': ['lea']})",
    "become admin": "works('PATCH', hub + '/users/lea', {'admin': True})",
    "make a token for another": "works('POST', hub + '/users/luca/tokens', {})",
    "shut the hub down": "works('POST', hub + '/shutdown', {})",
    "talk to the proxy's API": "works('GET', proxy_api + '/api/routes')",
    "open the course's formgrader": "works('GET', proxy + '/user/course-sums/formgrader/api/submissions/tiny')",
    "read files of the course's server": "works('GET', proxy + '/user/course-sums/api/contents/gradebook.db')",
    "list others' attempts at the exchange": "'luca' in get(exchange + 'submissions?course=sums&of=learners')[1]",
    "read the receipt of another's attempt": "works('GET', attempt('luca'))",
    "read the files of another's attempt": "works('GET', attempt('luca') + '/files')",
    "read another's feedback": "works('GET', attempt('luca') + '/feedback')",
    "write feedback for oneself": "works('PUT', attempt('lea') + '/feedback', {})",
    "delete another's attempt": "works('DELETE', attempt('luca'))",
    "hand in for another": "handed_in('luca')",
    "take an assignment back": "works('DELETE', unit)",
    "release an assignment": "works('PUT', unit + '?force=1', {})",
    "move a due date": "works('PUT', unit + '/due', {'due': None})",
    "give oneself an extension": "works('PUT', unit + '/extensions/lea', {'until': '2030-01-01T00:00:00+00:00'})",
    "fetch from a course of others": "works('GET', exchange + 'courses/waves/assignments/means')",
    "read hidden checks on the host": "readable(f'{private}/sums/tiny/hidden.py')",
    "read solutions on the host": "readable(f'{private}/sums/tiny/exercise.py')",
    "read the course directory": "readable(f'{state}/courses/sums') or there('/srv/course')",
    "read the gradebook": "readable(f'{state}/courses/sums/gradebook.db')",
    "find hidden checks anywhere": "found('hidden.py')",
    "find a gradebook anywhere": "found('gradebook.db')",
    "read the exchange's database": "readable(f'{state}/exchange/exchange.sqlite')",
    "read the exchange's files": "readable(f'{state}/exchange/blobs')",
    "read the hub's database": "readable(f'{state}/hub/hub.sqlite') or found('hub.sqlite')",
    "read the hashes of passwords": "readable(f'{state}/hub/accounts.json') or found('accounts.json')",
    "read the cookie secret": "readable(f'{state}/hub/cookie_secret') or found('cookie_secret')",
    "read the token for metrics": "readable(f'{state}/hub/monitoring.token') or found('monitoring.token')",
    "read logs of servers": "readable(f'{state}/logs/luca.log')",
    "read settings of the exchange": "readable(f'{state}/run/exchange.json') or found('exchange.json')",
    "see a process of another": "any('luca' in words or 'jupyterhub --config' in words for words in commands())",
    "see another's token in /proc": "len(tokens()) > 1",
    "see the proxy's token in /proc": "any('CONFIGPROXY' in words for words in environments())",
    "end a process of another": "killed()",
}
# The same means, where they must work.
SOUND = {
    "read the own notebook": "readable('/home/lea/sums/tiny/tiny.ipynb')",
    "write, rename, delete in the own home": "writable('a') and renamed('a') and removed('a')",
    "find an own file": "found('tiny.ipynb')",
    "ask the own server": "works('GET', proxy + '/user/lea/api/contents')",
    "ask the own server at its own port": "any(works('GET', there) for there in direct('lea'))",
    "read the own attempt": "works('GET', attempt('lea')) and works('GET', attempt('lea') + '/files')",
    "fetch the own course's assignment": "works('GET', unit)",
    "hand in for oneself": "handed_in('lea')",
    "see own tokens in /proc": "len(tokens()) == 1",
}
INSIDE = """
import hashlib, json, os, pathlib, urllib.error, urllib.request
GIVEN = json.loads({given!r})
globals().update(GIVEN)
token = os.environ["JUPYTERHUB_API_TOKEN"]
unit = exchange + "courses/sums/assignments/tiny"
planted = dict(type="file", format="text", content="planted")
moved = dict(path="moved.txt")
def send(method, url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, dict(Authorization="token " + token), method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read(100000).decode(errors="replace"), answer.url
    except urllib.error.HTTPError as error:
        return error.code, error.read(10000).decode(errors="replace"), url
    except OSError as error:
        return 0, str(error), url
def get(url):
    return send("GET", url)
def works(method, url, body=None):
    status, text, came_from = send(method, url, body)
    return 200 <= status < 300 and "/hub/login" not in came_from and "/hub/api/oauth2" not in came_from
def handed_in(name):
    entry = dict(name="tiny.ipynb", size_bytes=2, sha256=hashlib.sha256(b"{}").hexdigest())
    body = json.dumps(dict(files=[entry])).encode() + b"\\n{}"
    headers = {"Authorization": "token " + token, "Content-Type": "application/x-autograder-files", "X-Learner": name}
    request = urllib.request.Request(unit + "/submissions?learner=" + name, body, headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())["learner"] == name
    except urllib.error.HTTPError:
        return False
def direct(name):
    return ["http://127.0.0.1:%d/user/%s/api/contents" % (port, name) for port in ports[name]]
def attempt(name):
    return unit + "/submissions/%s/1" % name
def there(path):
    return os.path.lexists(path)
def readable(path):
    try:
        os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(1)
        return True
    except OSError:
        return False
def done(act, *paths):
    try:
        act(*paths)
        return True
    except OSError:
        return False
def writable(path):
    return done(lambda: open(path, "w").write("planted"))
def renamed(path):
    return done(os.rename, path, path + ".moved") and done(os.rename, path + ".moved", path)
def removed(path):
    return done(os.remove, path)
def linked(path):
    os.symlink(path, "/home/lea/link.txt")
    try:
        return readable("/home/lea/link.txt") or works("GET", proxy + "/user/lea/api/contents/link.txt")
    finally:
        os.remove("/home/lea/link.txt")
NAMES = set()
for top, folders, files in os.walk("/"):
    if top == "/":
        folders[:] = [name for name in folders if name not in ("proc", "sys")]
    if top.endswith("site-packages/nbgrader"):  # its own tests bring a gradebook
        folders.remove("tests")
    NAMES.update(folders, files)
def found(name):
    return name in NAMES
def each(what):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            yield pathlib.Path("/proc", pid, what).read_bytes().replace(b"\\0", b" ").decode(errors="replace")
        except OSError:
            pass
def commands():
    return list(each("cmdline"))
def environments():
    return list(each("environ"))
def tokens():
    words = [word for text in environments() for word in text.split()]
    return set(word for word in words if word.startswith("JUPYTERHUB_API_TOKEN="))
def killed():
    mine = set(filter(str.isdigit, os.listdir("/proc")))
    return any(done(os.kill, pid, 0) for pid in host_pids if str(pid) not in mine)
came = dict()
for name, expression in tries.items():
    try:
        came[name] = bool(eval(expression))
    except Exception as error:
        came[name] = "%s: %s" % (type(error).__name__, error)
print("CAME" + json.dumps(came))
"""


@dataclass
class Tried:
    """What came of all attempts, and how things are afterwards."""

    hub: HubHere
    came: dict[str, Any]
    before: dict[str, bytes]

    def lucas(self) -> dict[str, bytes]:
        return _files(self.hub.folder / "homes" / "luca")


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tried]:
    with hub_with_small_courses(tmp_path_factory.mktemp("hub")) as hub:
        ines = hub.sign_in("ines")
        top = ines.start_server("course-sums")
        _press(ines, f"{top}formgrader/api/assignment/tiny/release")
        people = {name: hub.sign_in(name) for name in ("lea", "luca")}
        for name, person in people.items():
            person.start_server()
            _press(person, f"/user/{name}/assignments/fetch", json=WHAT)
            _press(person, f"/user/{name}/assignments/submit", json=WHAT)
        people["luca"].run_code(f"open('secret.txt', 'w').write({SECRET!r})")
        _press(ines, f"{top}formgrader/api/assignment/tiny/collect")
        _press(ines, f"{top}formgrader/api/submission/tiny/luca/autograde")
        _press(ines, f"{top}formgrader/api/assignment/tiny/luca/generate_feedback")
        _press(ines, f"{top}formgrader/api/assignment/tiny/luca/release_feedback")
        _press(people["luca"], "/user/luca/assignments/fetch_feedback", json=WHAT)
        before = _files(hub.folder / "homes" / "luca")
        given = _given(hub) | {"tries": ATTEMPTS | SOUND}
        said = people["lea"].run_code(INSIDE.replace("{given!r}", repr(json.dumps(given))))
        assert "CAME" in said, said
        yield Tried(hub, json.loads(said.split("CAME", 1)[1]), before)


@pytest.mark.parametrize("what", list(SOUND))
def test_a_learner_can(what: str, tried: Tried) -> None:
    assert tried.came[what] is True


@pytest.mark.parametrize("what", list(ATTEMPTS))
def test_a_learner_cannot(what: str, tried: Tried) -> None:
    assert tried.came[what] is False


def test_a_course_without_lessons_puts_none_into_a_home(tried: Tried) -> None:
    tried.hub.sign_in("lina").start_server()
    home = tried.hub.folder / "homes" / "lina"
    assert home.is_dir() and not (home / "lessons").exists() and not (home / "START.md").exists()


def test_after_all_attempts_the_others_work_is_as_it_was(tried: Tried) -> None:
    assert SECRET.encode() in tried.before.values()
    assert tried.lucas() == tried.before
    luca = tried.hub.sign_in("luca")
    luca.start_server()
    (listed,) = luca.get("/user/luca/assignments?course_id=sums").json()["value"][-1:]
    assert (listed["status"], listed["student_id"]) == ("submitted", "luca")
    assert len(listed["submissions"]) == 1


def _press(person: Person, path: str, **more: Any) -> None:
    answer = person.send("POST", path, **more)
    assert answer.status_code == 200, answer.text[-2000:]
    assert answer.json()["success"] is True, answer.text[-3000:]


def _files(folder: Path) -> dict[str, bytes]:
    """All of a home but what its own server keeps."""
    paths = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    named = {path.relative_to(folder).as_posix(): path for path in paths}
    return {name: path.read_bytes() for name, path in named.items() if not name.startswith(".")}


def _given(hub: HubHere) -> dict[str, Any]:
    """What an attacker might know of this machine: addresses, ports, folders, pids."""
    import sqlite3

    import yaml

    network = yaml.safe_load(hub.file.read_text())["network"]
    with sqlite3.connect(hub.folder / "hub" / "hub.sqlite") as db:
        query = "select users.name, servers.port, spawners.state from spawners"
        query += " join users on users.id = user_id join servers on servers.id = spawners.server_id"
        rows = db.execute(query).fetchall()
    db.close()
    assert hub.process is not None
    return {
        "state": str(hub.folder),
        "private": str(hub.folder.parent / "private"),
        "proxy": hub.base_url,
        "hub": f"http://127.0.0.1:{network['hub_port']}/hub/api",
        "proxy_api": f"http://127.0.0.1:{network['proxy_port']}",
        "exchange": f"{hub.base_url}/services/exchange/api/",
        "ports": {name: [port] for name, port, _ in rows},
        "host_pids": [hub.process.pid, *(json.loads(state)["first"] for name, _, state in rows if name != "lea")],
    }
