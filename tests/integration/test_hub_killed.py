"""kill -9 of proxy, exchange, hub and the course's server shortly after handing in or grading has begun.

Nothing is lost, the same request works again, and receipts agree with what is stored. test_exchange_killed.py
kills the exchange at many more moments, without a hub around it.
"""

import json
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.browser.small_courses import RIGHT, hub_with_small_courses
from tests.integration.hub_here import HubHere, Person

pytestmark = [pytest.mark.slow, pytest.mark.needs_sandbox, pytest.mark.timeout(480)]
WHAT = {"course_id": "sums", "assignment_id": "tiny"}
WAIT_S = 90


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubHere]:
    with hub_with_small_courses(tmp_path_factory.mktemp("hub")) as hub:
        ines, lea = hub.sign_in("ines"), hub.sign_in("lea")
        press(ines, f"{ines.start_server('course-sums')}formgrader/api/assignment/tiny/release")
        press(lea, f"{lea.start_server()}assignments/fetch", json=WHAT)
        yield hub


@pytest.mark.parametrize("after_s", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("part", ["autograder.exchange", "configurable-http-proxy"])
def test_a_killed_part_comes_back_and_handing_in_works_again(part: str, after_s: float, hub: HubHere) -> None:
    lea = hub.sign_in("lea")
    lea.start_server()
    write_answers(lea, f"{after_s} s before {part} was killed")
    before = attempts(hub)
    sending = threading.Thread(target=lambda: suppressed(lambda: hand_in(lea)))
    sending.start()
    time.sleep(after_s)
    pid = child_of(hub, part)
    os.kill(pid, signal.SIGKILL)
    sending.join()
    eventually(lambda: hand_in(hub_person_again(hub, lea)))
    assert child_of(hub, part) != pid
    agree(hub, before + 1)


def test_a_killed_hub_loses_nothing_of_what_is_handed_in(hub: HubHere) -> None:
    lea = hub.sign_in("lea")
    lea.start_server()
    write_answers(lea, "before the hub was killed")
    before = attempts(hub)
    sending = threading.Thread(target=lambda: suppressed(lambda: hand_in(lea)))
    sending.start()
    time.sleep(0.3)
    assert hub.process is not None
    hub.process.kill()
    hub.process.wait()
    sending.join()
    eventually(lambda: not answers(hub))
    hub.start()
    lea = hub.sign_in("lea")
    lea.start_server()
    hand_in(lea)
    agree(hub, before + 1)


def test_a_course_server_killed_while_it_grades_is_started_again_and_grades(hub: HubHere) -> None:
    ines, lea = hub.sign_in("ines"), hub.sign_in("lea")
    lea.start_server()
    write_answers(lea, "before the course's server was killed")
    hand_in(lea)
    top = ines.start_server("course-sums")
    press(ines, f"{top}formgrader/api/assignment/tiny/collect")
    autograde = f"{top}formgrader/api/submission/tiny/lea/autograde"
    grading = threading.Thread(target=lambda: suppressed(lambda: press(ines, autograde)))
    grading.start()
    time.sleep(1.5)
    os.kill(first_process(hub, "course-sums"), signal.SIGKILL)
    grading.join()
    eventually(lambda: press(hub_person_again(hub, ines, "course-sums"), autograde))
    (submission,) = [one for one in ines.get(f"{top}formgrader/api/submissions/tiny").json() if one["student"] == "lea"]
    assert (submission["autograded"], submission["score"]) == (True, 5.0)
    agree(hub, attempts(hub))


def hub_person_again(hub: HubHere, person: Person, account: str = "") -> Person:
    """The same browser, whose server is started where it does not run."""
    person.start_server(account)
    return person


def press(person: Person, path: str, **more: Any) -> bool:
    answer = person.send("POST", path, **more)
    assert answer.status_code == 200, answer.text[-2000:]
    assert answer.json()["success"] is True, answer.text[-3000:]
    return True


def hand_in(person: Person) -> bool:
    return press(person, "/user/lea/assignments/submit", json=WHAT)


def write_answers(lea: Person, reason: str) -> None:
    """Right answers, and a reason that makes these bytes new."""
    path = "/user/lea/api/contents/sums/tiny/tiny.ipynb"
    notebook = lea.get(path).json()["content"]
    for cell in notebook["cells"]:
        cell["source"] = (RIGHT["sums"] | {"written-reason": reason}).get(cell["id"], cell["source"])
    assert lea.send("PUT", path, json={"type": "notebook", "content": notebook}).status_code == 200


def attempts(hub: HubHere) -> int:
    with sqlite3.connect(hub.folder / "exchange" / "exchange.sqlite") as db:
        (count,) = db.execute("select count(*) from submissions").fetchone()
    db.close()
    return int(count)


def agree(hub: HubHere, count: int) -> None:
    """So many attempts are there, each with all its bytes, and those of the learner's receipts are among them."""
    lea = hub.sign_in("lea")
    lea.start_server()
    said = lea.run_code(_LOOK)
    stored, receipts, whole = said.split()
    assert int(stored) == count == attempts(hub)
    assert (receipts, whole) == ("True", "True")


_LOOK = """
import hashlib, json, os, pathlib, urllib.request
base = os.environ["AUTOGRADER_EXCHANGE_URL"].rstrip("/") + "/api/"
def get(path):
    headers = {"Authorization": "token " + os.environ["JUPYTERHUB_API_TOKEN"]}
    return urllib.request.urlopen(urllib.request.Request(base + path, headers=headers), timeout=60).read()
stored = {one["attempt"]: one for one in json.loads(get("submissions?course=sums"))["submissions"]}
kept = [json.loads(path.read_text()) for path in pathlib.Path("receipts").rglob("*.json")]
whole = True
for attempt, one in stored.items():
    head, _, body = get("courses/sums/assignments/tiny/submissions/lea/%d/files" % attempt).partition(b"\\n")
    lines = ""
    for entry in json.loads(head)["files"]:
        data, body = body[: entry["size_bytes"]], body[entry["size_bytes"] :]
        lines += hashlib.sha256(data).hexdigest() + "  " + entry["name"] + "\\n"
    whole = whole and hashlib.sha256(lines.encode()).hexdigest() == one["sha256"] and not body
agree = bool(kept) and all(stored[one["attempt"]]["sha256"] == one["sha256"] for one in kept)
print(len(stored), agree, whole)
"""


def child_of(hub: HubHere, words: str) -> int:
    """The process of this hub whose command says so; waits until it is there."""
    assert hub.process is not None
    deadline_s = time.monotonic() + WAIT_S
    while True:
        for pid in Path(f"/proc/{hub.process.pid}/task/{hub.process.pid}/children").read_text().split():
            with suppress(OSError):
                if words in Path(f"/proc/{pid}/cmdline").read_text():
                    return int(pid)
        assert time.monotonic() < deadline_s, f"no process of {words}"
        time.sleep(0.2)


def first_process(hub: HubHere, account: str) -> int:
    with sqlite3.connect(hub.folder / "hub" / "hub.sqlite") as db:
        query = "select spawners.state from spawners join users on users.id = user_id where users.name = ?"
        (state,) = db.execute(query, (account,)).fetchone()
    db.close()
    return int(json.loads(state)["first"])


def answers(hub: HubHere) -> bool:
    with suppress(requests.RequestException):
        requests.get(hub.base_url, timeout=5)
        return True
    return False


def suppressed(act: Any) -> None:
    """Whatever comes of it: the other end is being killed."""
    with suppress(AssertionError, requests.RequestException, ValueError):
        act()


def eventually(act: Any) -> None:
    """Until it works, with all that may go wrong meanwhile."""
    deadline_s = time.monotonic() + WAIT_S
    while True:
        try:
            if act():
                return
        except (AssertionError, requests.RequestException, ValueError):
            if time.monotonic() > deadline_s:
                raise
        assert time.monotonic() < deadline_s, "it did not come about"
        time.sleep(0.5)
