"""Who may do what at the exchange: each cell of the table is a request to a real hub, with a real token.

The answers are those of one shared hub; requests that succeed are made so that they can be made again.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from autograder.exchange.container import MEDIA_TYPE, entries
from tests.integration.exchange_here import ACCESS, OUTSIDER, UNRELATED, ExchangeHere, exchange_here

UNIT = "api/courses/dask/assignments/arrays"
ANN = f"{UNIT}/submissions/ann/1"
NOTEBOOK = b'{"cells": []}'
WHOLE = b"".join((entries([("arrays.ipynb", 13, hashlib.sha256(NOTEBOOK).hexdigest())]).head(), NOTEBOOK))
DUE = "2027-03-01T12:00:00+00:00"
UNTIL = "2027-03-08T12:00:00+00:00"

PEOPLE: dict[str, Callable[[ExchangeHere], str]] = {
    "learner": lambda here: here.token("ann"),
    "other learner": lambda here: here.token("ben"),
    "learner of another course": lambda here: here.token("carl"),
    "grader": lambda here: here.token("gina"),
    "instructor": lambda here: here.token("ines"),
    "instructor of another course": lambda here: here.token("otto"),
    "account of the course": lambda here: here.token("course-dask"),
    "user in no course": lambda here: here.token(OUTSIDER),
    "user without the service": lambda here: here.new_token(UNRELATED, scopes=["access:servers!user=uma"]),
    "nobody": lambda here: "",
    "expired": lambda here: _expired(here),
    "foreign": lambda here: "0123456789abcdef0123456789abcdef",
    "another service": lambda here: here.tests_token,
    "the exchange's own": lambda here: here.exchange_token,
}


@dataclass(frozen=True)
class Asked:
    """One kind of request, and what each of PEOPLE, in order, gets."""

    what: str
    method: str
    path: str
    body: bytes | None
    kind: str
    statuses: str


def _json(**value: Any) -> bytes:
    return json.dumps(value).encode()


FILES, JSON = MEDIA_TYPE, "application/json"
# Columns as in PEOPLE: ann ben carl gina ines otto course nora uma nobody expired foreign service own
TABLE = [
    Asked("who am I", "GET", "api/me", None, JSON, "200 200 200 200 200 200 200 200 403 401 401 401 403 403"),
    Asked(
        "list the assignments of a course",
        "GET",
        "api/assignments?course=dask",
        None,
        JSON,
        "200 200 403 200 200 403 200 403 403 401 401 401 403 403",
    ),
    Asked("fetch an assignment", "GET", UNIT, None, JSON, "200 200 403 200 200 403 200 403 403 401 401 401 403 403"),
    Asked(
        "release an assignment", "PUT", UNIT, WHOLE, FILES, "403 403 403 403 200 403 200 403 403 401 401 401 403 403"
    ),
    Asked(
        "take back a release",
        "DELETE",
        "api/courses/dask/assignments/never-released",
        None,
        JSON,
        "403 403 403 403 404 403 404 403 403 401 401 401 403 403",
    ),
    Asked(
        "submit",
        "POST",
        f"{UNIT}/submissions",
        WHOLE,
        FILES,
        "200 200 403 403 403 403 403 403 403 401 401 401 403 403",
    ),
    Asked(
        "submit in the name of ben",
        "POST",
        f"{UNIT}/submissions?learner=ben",
        WHOLE,
        FILES,
        "403 200 403 403 403 403 403 403 403 401 401 401 403 403",
    ),
    Asked(
        "list one's own attempts",
        "GET",
        "api/submissions?course=dask",
        None,
        JSON,
        "200 200 403 403 403 403 403 403 403 401 401 401 403 403",
    ),
    Asked(
        "list ann's attempts as one's own",
        "GET",
        "api/submissions?learner=ann",
        None,
        JSON,
        "200 403 403 403 403 403 403 403 403 401 401 401 403 403",
    ),
    Asked(
        "list the attempts of learners",
        "GET",
        "api/submissions?of=learners&course=dask",
        None,
        JSON,
        "403 403 403 200 200 403 200 403 403 401 401 401 403 403",
    ),
    Asked("read ann's receipt", "GET", ANN, None, JSON, "200 403 403 200 200 403 200 403 403 401 401 401 403 403"),
    Asked(
        "collect ann's files",
        "GET",
        f"{ANN}/files",
        None,
        JSON,
        "200 403 403 403 200 403 200 403 403 401 401 401 403 403",
    ),
    Asked(
        "write over ann's files",
        "PUT",
        f"{ANN}/files",
        WHOLE,
        FILES,
        "405 405 405 405 405 405 405 405 403 401 401 401 403 403",
    ),
    Asked("delete ann's attempt", "DELETE", ANN, None, JSON, "405 405 405 405 405 405 405 405 403 401 401 401 403 403"),
    Asked(
        "put feedback for ann",
        "PUT",
        f"{ANN}/feedback",
        WHOLE,
        FILES,
        "403 403 403 403 200 403 200 403 403 401 401 401 403 403",
    ),
    Asked(
        "read ann's feedback",
        "GET",
        f"{ANN}/feedback",
        None,
        JSON,
        "200 403 403 403 200 403 200 403 403 401 401 401 403 403",
    ),
    Asked(
        "set a due date",
        "PUT",
        f"{UNIT}/due",
        _json(due=DUE),
        JSON,
        "403 403 403 403 200 403 200 403 403 401 401 401 403 403",
    ),
    Asked(
        "read due dates", "GET", f"{UNIT}/due", None, JSON, "403 403 403 403 200 403 200 403 403 401 401 401 403 403"
    ),
    Asked(
        "extend ann's time",
        "PUT",
        f"{UNIT}/extensions/ann",
        _json(until=UNTIL),
        JSON,
        "403 403 403 403 200 403 200 403 403 401 401 401 403 403",
    ),
    Asked(
        "read all extensions",
        "GET",
        f"{UNIT}/extensions",
        None,
        JSON,
        "403 403 403 403 200 403 200 403 403 401 401 401 403 403",
    ),
    Asked("read metrics", "GET", "metrics", None, JSON, "403 403 403 403 403 403 403 403 403 401 401 401 200 403"),
    Asked("look at the health", "GET", "health", None, JSON, "200 200 200 200 200 200 200 200 200 200 200 200 200 200"),
]
CELLS = [
    pytest.param(asked, person, int(status), id=f"{person}: {asked.what}: {status}")
    for asked in TABLE
    for person, status in zip(PEOPLE, asked.statuses.split(), strict=True)
]


def _expired(here: ExchangeHere) -> str:
    token = here.new_token("ines", expires_in=1)
    time.sleep(1.2)
    return token


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExchangeHere]:
    """A hub; ann and ben have handed in, and ann has feedback."""
    with exchange_here(tmp_path_factory.mktemp("hub")) as made:
        ines = made.token("ines")
        assert made.ask("PUT", UNIT, ines, WHOLE, FILES)[0] == 200
        assert made.ask("PUT", f"{UNIT}/due", ines, _json(due=DUE))[0] == 200
        for learner in ("ann", "ben"):
            assert made.ask("POST", f"{UNIT}/submissions", made.token(learner), WHOLE, FILES)[0] == 201
        assert made.ask("PUT", f"{ANN}/feedback", ines, WHOLE, FILES)[0] == 200
        yield made


@pytest.fixture(scope="module")
def tokens(here: ExchangeHere) -> dict[str, str]:
    return {person: make(here) for person, make in PEOPLE.items()}


@pytest.mark.parametrize(("asked", "person", "status"), CELLS)
def test_a_role_gets_what_the_table_says(
    here: ExchangeHere, tokens: dict[str, str], asked: Asked, person: str, status: int
) -> None:
    came, answer = here.ask(asked.method, asked.path, tokens[person], asked.body, asked.kind)
    assert came == status, answer
    if status >= 400:
        assert answer["error"]["what"] != "", "a refusal says what is wrong"
        assert "submissions" not in answer


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "api/assignments?course=no-such-course", 403),
        ("GET", "api/assignments?course=..%2Fdask", 400),
        ("GET", "api/assignments?course=da%00sk", 400),
        ("GET", "api/courses/no-such-course/assignments/arrays", 403),
        ("GET", "api/courses/dask/assignments/no-such-unit", 404),
        ("GET", "api/courses/dask/assignments/..%2F..%2Fexchange.sqlite", 400),
        ("GET", "api/courses/..%2F..%2Fblobs/assignments/arrays", 400),
        ("GET", "api/courses/DASK/assignments/arrays", 403),
        ("GET", "api/courses/dask/assignments/arrays/submissions/nobody-of-that-name/1", 404),
        ("GET", "api/courses/dask/assignments/arrays/submissions/carl/1", 404),
        ("GET", "api/courses/dask/assignments/arrays/submissions/..%2Fann/1", 400),
        ("GET", "api/courses/dask/assignments/arrays/submissions/ann/0", 404),
        ("GET", "api/courses/dask/assignments/arrays/submissions/ann/2", 404),
        ("GET", "api/courses/dask/assignments/arrays/submissions/ann/1%2F..%2F1", 400),
        ("GET", "api/courses/dask/assignments/arrays/submissions/ann/-1", 400),
        ("GET", "api/courses/dask/assignments/arrays/submissions/ann/9999999999", 400),
        ("GET", "api/courses/dask/assignments/arrays/submissions/ann/1/files/../../../../me", 404),
        ("GET", "api/courses/dask/assignments/arrays/submissions/%E2%80%AEann/1", 400),
        ("GET", "api/submissions?of=learners&course=torch", 403),
        ("GET", "api/submissions?of=learners&course=dask&learner=a'%20or%20'1'='1", 400),
        ("PUT", "api/courses/dask/assignments/arrays/extensions/carl", 404),
        ("PUT", "api/courses/dask/assignments/arrays/extensions/nobody-of-that-name", 404),
        ("PUT", "api/courses/dask/assignments/arrays/extensions/..%2F..%2Fusers", 400),
        ("GET", "blobs/00/00", 404),
        ("GET", "exchange.sqlite", 404),
        ("GET", "api/../exchange.sqlite", 404),
        ("GET", "", 404),
    ],
)
def test_a_forged_name_or_a_guessed_path_leads_an_instructor_nowhere(
    here: ExchangeHere, method: str, path: str, status: int
) -> None:
    body = _json(until=UNTIL) if method == "PUT" else None
    assert here.ask(method, path, here.token("ines"), body)[0] == status


def test_what_a_client_says_of_itself_is_not_believed(here: ExchangeHere) -> None:
    sent = _json(due=None, name="ines", roles=["instructor"], groups=["instructor-dask"])
    status, _ = here.ask("PUT", f"{UNIT}/due?user=ines&role=instructor", here.token("ann"), sent)
    assert status == 403


def test_a_token_in_the_address_is_not_taken(here: ExchangeHere) -> None:
    assert here.ask("GET", f"api/me?token={here.token('ann')}", "")[0] == 401


def test_a_learner_sees_only_what_is_their_own_in_lists(here: ExchangeHere) -> None:
    _, mine = here.ask("GET", "api/submissions", here.token("ann"))
    assert {(one["learner"], one["course"]) for one in mine["submissions"]} == {("ann", "dask")}
    _, others = here.ask("GET", "api/assignments", here.token("carl"))
    assert others == {"assignments": []}


def test_a_learner_who_hands_in_what_another_handed_in_has_an_attempt_of_their_own(here: ExchangeHere) -> None:
    _, receipt = here.ask("POST", f"{UNIT}/submissions", here.token("ben"), WHOLE, FILES)
    assert (receipt["learner"], receipt["attempt"]) == ("ben", 1)


def test_who_leaves_a_course_is_let_in_no_more_within_seconds(here: ExchangeHere) -> None:
    name = "carl"
    here.hub("POST", "groups/learner-dask/users", {"users": [name]})
    time.sleep(1.2)  # what the hub said of carl before is believed for one second here
    assert here.ask("GET", UNIT, here.token(name))[0] == 200
    here.hub("DELETE", "groups/learner-dask/users", {"users": [name]})
    time.sleep(1.2)
    assert here.ask("GET", UNIT, here.token(name))[0] == 403


def test_a_token_that_was_taken_back_opens_nothing_within_seconds(here: ExchangeHere) -> None:
    made = here.hub("POST", "users/ann/tokens", {"scopes": [ACCESS]})
    assert here.ask("GET", "api/me", made["token"])[0] == 200
    here.hub("DELETE", f"users/ann/tokens/{made['id']}")
    time.sleep(1.2)
    assert here.ask("GET", "api/me", made["token"])[0] == 401


def test_nothing_of_the_storage_can_be_read_or_written_by_another_account(here: ExchangeHere) -> None:
    paths = [here.storage, *here.storage.rglob("*")]
    assert {oct(path.stat().st_mode & 0o077) for path in paths} == {"0o0"}
    assert any(path.suffix == ".sqlite" for path in paths)
    assert any(path.parent.parent.name == "blobs" for path in paths)


def test_the_log_names_course_and_learner(here: ExchangeHere) -> None:
    said = Path(here.folder / "said").read_text()
    assert "received: course=dask assignment=arrays learner=ann attempt=1" in said
    assert here.token("ann") not in said
