"""What is too large, too slow or not in the right form is refused in words, at a service of a real hub."""

import hashlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.errors import KitError
from autograder.exchange.client import LocalFiles
from autograder.exchange.container import MEDIA_TYPE, entries
from tests.integration.exchange_here import ExchangeHere, exchange_here
from tests.integration.servers_here import free_ports

UNIT = "api/courses/dask/assignments/arrays"
MIB = 2**20


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExchangeHere]:
    limits = {"submission_mib": 1, "files": 3, "idle_s": 0.5}
    with exchange_here(tmp_path_factory.mktemp("hub"), limits=limits) as made:
        assert made.ask("PUT", UNIT, made.token("ines"), body(a=b"{}"), MEDIA_TYPE)[0] == 200
        yield made


def body(**files: bytes) -> bytes:
    listed = ((name, len(data), hashlib.sha256(data).hexdigest()) for name, data in files.items())
    return entries(listed).head() + b"".join(files.values())


def submit(here: ExchangeHere, sent: bytes, kind: str = MEDIA_TYPE) -> tuple[int, Any]:
    return here.ask("POST", f"{UNIT}/submissions", here.token("ann"), sent, kind)


@pytest.mark.parametrize(
    ("sent", "kind", "status", "what"),
    [
        (body(a=b"x" * (MIB + 1)), MEDIA_TYPE, 413, "the submission is too large"),
        (body(a=b"x", b=b"y", c=b"z", d=b""), MEDIA_TYPE, 413, "the submission has too many files"),
        (body(a=b"x")[:-1], MEDIA_TYPE, 400, "a file is not what was announced"),
        (body(a=b"x") + b"y", MEDIA_TYPE, 400, "a file is not what was announced"),
        (b"PK\x03\x04\n", MEDIA_TYPE, 400, "the list of files cannot be read"),
        (b"", MEDIA_TYPE, 400, "the request ended before its list of files did"),
        (body(a=b"x"), "application/zip", 400, "files come in another form"),
        (body(**{"../a": b"x"}), MEDIA_TYPE, 400, "a file has a name that may not travel"),
        (body(**{"timestamp.txt": b"x"}), MEDIA_TYPE, 400, "a file has a name that may not travel"),
    ],
)
def test_it_is_refused_in_words_and_nothing_is_stored(
    here: ExchangeHere, sent: bytes, kind: str, status: int, what: str
) -> None:
    came, answer = submit(here, sent, kind)
    assert (came, answer["error"]["what"].split(":")[0]) == (status, what)
    assert here.client("ann").get("submissions") == {"submissions": []}


def test_a_refusal_is_a_kit_error_for_the_client(here: ExchangeHere, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(os.urandom(MIB + 1))
    files = LocalFiles(tmp_path, ["a"])
    with pytest.raises(KitError) as caught:
        here.client("ann").send("POST", "courses", "dask", "assignments", "arrays", "submissions", files=files)
    assert (caught.value.came, caught.value.expected) == ("1.0 MiB", "1 MiB at most")
    assert caught.value.mend


def test_a_body_far_beyond_the_limit_is_cut_off(here: ExchangeHere) -> None:
    with socket.create_connection(("127.0.0.1", here.ports["exchange"]), timeout=20) as wire:
        wire.sendall(head(here, 10**12))
        assert b" 413 " in wire.recv(100)
        wire.settimeout(20)
        while wire.recv(65_536):
            pass  # until it is closed


def head(here: ExchangeHere, size_bytes: int) -> bytes:
    lines = [f"POST /services/exchange/{UNIT}/submissions HTTP/1.1", "Host: hub", f"Content-Length: {size_bytes}"]
    lines += [f"Authorization: Bearer {here.token('ann')}", f"Content-Type: {MEDIA_TYPE}"]
    return "\r\n".join([*lines, "", ""]).encode()


def test_an_upload_that_stands_still_is_cut_off_and_leaves_nothing(here: ExchangeHere) -> None:
    with socket.create_connection(("127.0.0.1", here.ports["exchange"]), timeout=20) as wire:
        wire.sendall(head(here, 1_000_000) + body(a=b"x" * 900_000)[:500_000])
        assert wire.recv(100) == b""
    deadline_s = time.monotonic() + 10
    while list((here.storage / "incoming").iterdir()) and time.monotonic() < deadline_s:
        time.sleep(0.02)
    assert list((here.storage / "incoming").iterdir()) == []


@pytest.mark.parametrize(
    "sent",
    [b"", b"{", b"[]", b'"due"', b"{}", b'{"due": 1}', b'{"due": "tomorrow"}', b'{"due": "2027-03-01"}', b"\xff"],
)
def test_a_due_date_that_is_none_is_refused_in_words(here: ExchangeHere, sent: bytes) -> None:
    status, answer = here.ask("PUT", f"{UNIT}/due", here.token("ines"), sent)
    assert status == 400
    assert set(answer["error"]) == {"what", "where", "came", "expected", "mend"}


def test_a_hub_that_does_not_answer_is_said_so_and_nobody_is_taken_for_a_stranger(tmp_path: Path) -> None:
    (port, nothing) = free_ports(2)
    alone = ExchangeHere(tmp_path, {"exchange": port, "proxy": port, "hub": nothing}, "tests", "exchange")
    (tmp_path / "exchange.json").write_text(json.dumps({"storage": str(alone.storage)}))
    with alone.service():
        status, answer = alone.ask("GET", "api/me", "0123456789abcdef")
    assert (status, answer["error"]["what"]) == (503, "the hub does not say who asks")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (None, "cannot be read"),
        ("{", "wrong"),
        ("{}", "storage"),
        ('{"storage": "x", "limit": {}}', "limit"),
        ('{"storage": "x", "limits": {"submission_mb": 1}}', "limits.submission_mb"),
        ('{"storage": "x", "limits": {"files": 0}}', "limits.files"),
        ('{"storage": "/proc/none"}', "storage of the exchange cannot be used"),
        ('{"storage": "exchange", "database": "postgresql+psycopg://nobody@127.0.0.1:1/none"}', "cannot be used"),
    ],
)
def test_the_service_does_not_start_with_wrong_settings_and_says_which(
    tmp_path: Path, settings: str | None, said: str
) -> None:
    path = tmp_path / "exchange.json"
    if settings is not None:
        path.write_text(settings)
    environment = {"AUTOGRADER_EXCHANGE": str(path), "JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:1"}
    environment |= {"JUPYTERHUB_API_TOKEN": "x", "JUPYTERHUB_API_URL": "http://127.0.0.1:1/hub/api"}
    environment |= {"JUPYTERHUB_SERVICE_PREFIX": "/services/exchange/", "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-m", "autograder.exchange"]
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_health_and_metrics_tell_what_happened_and_name_no_learner(here: ExchangeHere) -> None:
    assert submit(here, body(a=b"for the metrics"))[0] == 201
    assert here.ask("GET", "health", "") == (200, {"status": "ok", "checks": {"records": "ok", "storage": "ok"}})
    status, text = here.ask("GET", "metrics", here.tests_token)
    assert status == 200
    assert b'exchange_attempts_total{course="dask",late="false"} 1.0' in text
    assert b"exchange_uploads_running 0.0" in text
    assert b"ann" not in text


def test_a_storage_that_lost_bytes_says_so(here: ExchangeHere) -> None:
    data = b"to be lost"
    assert submit(here, body(a=data))[0] == 201
    sha256 = hashlib.sha256(data).hexdigest()
    (here.storage / "blobs" / sha256[:2] / sha256).unlink()
    attempt = here.client("ann").get("submissions")["submissions"][-1]["attempt"]
    status, answer = here.ask("GET", f"{UNIT}/submissions/ann/{attempt}/files", here.token("ann"))
    assert (status, "restore the backup" in answer["error"]["mend"]) == (503, True)
