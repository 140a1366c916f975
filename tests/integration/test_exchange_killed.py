"""kill -9 of the exchange while somebody hands in: nothing is lost, a retry works, receipts are true."""

import hashlib
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from autograder.exchange.client import LocalFiles
from autograder.exchange.container import MEDIA_TYPE, entries
from tests.integration.exchange_here import ExchangeHere, exchange_here

UNIT = ("courses", "dask", "assignments", "arrays")
SIZE = 300_000
# Where in the request the service dies: a share of its bytes; None: some milliseconds after the last byte.
SHARES = [0.0, 0.0005, 0.3, 0.7, 0.99999]
DELAYS_MS = [0, 4, 8, 11, 13, 15, 17, 20, 40]


class Running:
    """The service, which the next test finds as the one before left it: started again after a kill."""

    def __init__(self, here: ExchangeHere) -> None:
        self.here, self._stack = here, ExitStack()

    def start(self) -> None:
        self.process = self._stack.enter_context(self.here.service())

    def kill(self) -> None:
        self.process.kill()
        self._stack.close()


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExchangeHere]:
    with exchange_here(tmp_path_factory.mktemp("hub"), managed=False) as made:
        folder = tmp_path_factory.mktemp("release")
        (folder / "arrays.ipynb").write_text("{}")
        with made.service():
            made.client("ines").send("PUT", *UNIT, files=LocalFiles(folder, ["arrays.ipynb"]))
        yield made


@pytest.fixture(scope="module")
def service(here: ExchangeHere) -> Iterator[Running]:
    made = Running(here)
    made.start()
    yield made
    made.kill()


def body_of(number: int) -> tuple[bytes, str]:
    """A container with three files, other ones for each number; and the hash over them."""
    files = {f"{name}.bin": os.urandom(SIZE) for name in "abc"} | {"n.txt": b"%d" % number}
    manifest = entries((name, len(data), hashlib.sha256(data).hexdigest()) for name, data in files.items())
    return manifest.head() + b"".join(files.values()), manifest.sha256


def post(here: ExchangeHere, body: bytes) -> tuple[int, Any]:
    return here.ask("POST", "/".join(("api", *UNIT, "submissions")), here.token("ann"), body, MEDIA_TYPE)


def answer_to_cut_request(here: ExchangeHere, service: Running, body: bytes, sent: int, delay_s: float) -> Any:
    """Sends so many bytes of the body, kills the service after the delay; the receipt, if one came nevertheless."""
    with socket.create_connection(("127.0.0.1", here.ports["proxy"]), timeout=20) as wire:
        head = f"POST /services/exchange/api/{'/'.join(UNIT)}/submissions HTTP/1.1\r\nHost: hub\r\n"
        head += f"Authorization: Bearer {here.token('ann')}\r\nContent-Type: {MEDIA_TYPE}\r\n"
        wire.sendall(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body[:sent])
        if sent < len(body):
            wait_until_it_reads(here)
        time.sleep(delay_s)
        service.kill()
        came = b""
        while part := wire.recv(65_536):
            came += part
    status, _, text = came.partition(b"\r\n\r\n")
    return json.loads(text[text.index(b"{") : text.rindex(b"}") + 1]) if b" 201 " in status[:20] else None


def wait_until_it_reads(here: ExchangeHere) -> None:
    """Until the service has something of the upload on the disk, or half a second."""
    for _ in range(50):
        if list((here.storage / "incoming").iterdir()):
            return
        time.sleep(0.01)


def check_what_is_stored(here: ExchangeHere, receipts: list[Any]) -> None:
    """Every attempt that is listed is there whole, and every receipt that was given is listed as it was given."""
    ann = here.client("ann")
    listed = ann.get("submissions", course="dask")["submissions"]
    assert [one["attempt"] for one in listed] == list(range(1, len(listed) + 1))
    for one in listed[-3:]:
        address = (*UNIT, "submissions", "ann", str(one["attempt"]), "files")
        with ann.received(*address, beside=here.folder / "read") as folder:
            manifest = LocalFiles(folder, [path.name for path in folder.iterdir()]).manifest
        assert (manifest.sha256, manifest.size_bytes) == (one["sha256"], one["size_bytes"])
    known = [{key: one[key] for key in receipt} for receipt, one in _pairs(receipts, listed)]
    assert known == receipts


def _pairs(receipts: list[Any], listed: list[Any]) -> list[tuple[Any, Any]]:
    by_attempt = {one["attempt"]: one for one in listed}
    return [(receipt, by_attempt[receipt["attempt"]]) for receipt in receipts]


@pytest.mark.parametrize(
    ("share", "delay_ms"),
    [*((share, 0) for share in SHARES), *((1.0, delay_ms) for delay_ms in DELAYS_MS)],
    ids=lambda value: str(value),
)
def test_a_kill_leaves_no_receipt_and_a_retry_works_or_a_receipt_that_is_true(
    here: ExchangeHere, service: Running, share: float, delay_ms: int
) -> None:
    body, sha256 = body_of(delay_ms)
    before = len(here.client("ann").get("submissions", course="dask")["submissions"])
    receipt = answer_to_cut_request(here, service, body, int(len(body) * share), delay_ms / 1_000)
    if share < 1:
        assert receipt is None, "there is no receipt for what did not come"
    service.start()
    after = here.client("ann").get("submissions", course="dask")["submissions"]
    assert len(after) in ((before,) if share < 1 else (before, before + 1))
    status, again = post(here, body)
    assert status == (200 if len(after) > before else 201), "the same bytes are the same attempt"
    assert (again["attempt"], again["sha256"]) == (before + 1, sha256)
    check_what_is_stored(here, [again] + ([receipt] if receipt else []))


def test_a_receipt_that_was_lost_on_its_way_comes_again(here: ExchangeHere, service: Running) -> None:
    body, sha256 = body_of(0)
    before = len(here.client("ann").get("submissions", course="dask")["submissions"])
    answer_to_cut_request(here, service, body, len(body), 2.0)  # it was given, and nobody reads it
    service.start()
    status, again = post(here, body)
    assert (status, again["attempt"], again["sha256"]) == (200, before + 1, sha256)
    check_what_is_stored(here, [again])


def test_nbgraders_client_hands_in_across_a_kill_and_gets_one_attempt(
    here: ExchangeHere, service: Running, tmp_path: Path
) -> None:
    (tmp_path / "a.bin").write_bytes(os.urandom(20_000_000))
    files = LocalFiles(tmp_path, ["a.bin"])
    before = len(here.client("ann").get("submissions", course="dask")["submissions"])
    answers: list[Any] = []
    client = here.client("ann")
    sending = threading.Thread(
        target=lambda: answers.append(client.send("POST", *UNIT, "submissions", files=files)), daemon=True
    )
    sending.start()
    wait_until_it_reads(here)
    service.kill()
    service.start()
    sending.join(60)
    (receipt,) = answers
    assert (receipt["attempt"], receipt["sha256"]) == (before + 1, files.manifest.sha256)
    check_what_is_stored(here, [receipt])


def test_what_kills_left_behind_is_swept_and_what_counts_is_not(here: ExchangeHere, service: Running) -> None:
    service.kill()
    left = list((here.storage / "incoming").iterdir())
    for path in (here.storage / "incoming", *here.storage.glob("blobs/*")):
        for file in path.iterdir():
            os.utime(file, (1, 1))
    service.start()
    deadline_s = time.monotonic() + 20
    while list((here.storage / "incoming").iterdir()) and time.monotonic() < deadline_s:
        time.sleep(0.02)
    assert list((here.storage / "incoming").iterdir()) == []
    check_what_is_stored(here, [])
    assert left, "some kill came while a file was being written"
