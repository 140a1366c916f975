"""Containers and blobs: what comes in whole is kept, and nothing else."""

import hashlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.exchange.blobs import Blobs, Incoming
from autograder.exchange.client import LocalFiles
from autograder.exchange.container import MANIFEST_BYTES, Bounds, Manifest, Unpacker, container_size_bytes
from autograder.exchange.refusals import ExchangeRefusal, Malformed, TooLarge
from tests.unit.exchange_helper import BOUNDS, container, manifest, take_in

FILES = {"unit_ipynb": b'{"cells": []}', "empty": b"", "data_bin": bytes(range(256)) * 40}


def kept(storage: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (storage / "blobs").glob("*/*")}


@pytest.mark.parametrize("chunk_bytes", [1, 7, 4_096, 10**6])
def test_files_are_kept_under_the_hash_of_their_bytes_however_they_come(tmp_path: Path, chunk_bytes: int) -> None:
    came = take_in(tmp_path, container(**FILES), chunk_bytes)
    assert came == manifest(**FILES)
    assert kept(tmp_path) == {hashlib.sha256(data).hexdigest(): data for data in FILES.values()}
    assert list((tmp_path / "incoming").iterdir()) == []


def test_the_hash_over_all_files_is_what_sha256sum_says_of_its_own_lines() -> None:
    lines = sorted((name.replace("_", "."), hashlib.sha256(data).hexdigest()) for name, data in FILES.items())
    text = "".join(f"{sha256}  {name}\n" for name, sha256 in lines)
    assert manifest(**FILES).sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_the_order_of_files_does_not_change_the_hash_but_their_names_do() -> None:
    assert manifest(a=b"1", b=b"2").sha256 == manifest(b=b"2", a=b"1").sha256
    assert manifest(a=b"1", b=b"2").sha256 != manifest(a=b"2", b=b"1").sha256


def _spoiled() -> dict[str, bytes]:
    whole = container(**FILES)
    line = json.loads(manifest(**FILES).head())

    def with_files(*changes: dict[str, object]) -> bytes:
        return json.dumps({"files": [{**line["files"][0], **change} for change in changes]}).encode() + b"\n"

    return {
        "cut short": whole[:-1],
        "cut in the manifest": whole[:40],
        "one byte more": whole + b"x",
        "another byte": whole[:-1] + b"x",
        "no manifest": b"\n" + whole,
        "no JSON": b"PK\x03\x04\n" + whole,
        "a list": b"[]\n",
        "no file": b'{"files": []}\n',
        "an unknown key": b'{"files": [], "mode": 511}\n',
        "a link": with_files({"link": "/etc/passwd"}),
        "a negative size": with_files({"size_bytes": -1}),
        "a size that is no whole number": with_files({"size_bytes": 1.5}),
        "a size that is text": with_files({"size_bytes": "13"}),
        "no hash": with_files({"sha256": "../../x"}),
        "a hash in capitals": with_files({"sha256": "A" * 64}),
        "a path upwards": with_files({"name": "../x"}),
        "an absolute path": with_files({"name": "/x"}),
        "a name twice": with_files({"name": "x"}, {"name": "x"}),
        "nbgrader's own name": with_files({"name": "timestamp.txt"}),
        "too many files": with_files(*({"name": str(number)} for number in range(6))),
        "too large": with_files({"size_bytes": 2**20 + 1}),
        "too large together": with_files({"name": "a", "size_bytes": 2**19}, {"name": "b", "size_bytes": 2**19 + 1}),
        "a manifest without an end": b'{"files": [' + b" " * MANIFEST_BYTES,
        "nothing": b"",
    }


@pytest.mark.parametrize("what", _spoiled())
def test_nothing_is_kept_of_what_is(tmp_path: Path, what: str) -> None:
    with pytest.raises(ExchangeRefusal) as caught:
        take_in(tmp_path, _spoiled()[what], 4_096)
    assert isinstance(caught.value, TooLarge) == ("too " in what or "without an end" in what)
    assert list((tmp_path / "incoming").iterdir()) == []
    assert kept(tmp_path) == {}


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_taken_or_refused(body: bytes) -> None:
    unpacker = Unpacker(BOUNDS)
    with pytest.raises(ExchangeRefusal):
        list(unpacker.take(body))
        unpacker.finish()


def test_a_large_file_is_never_in_memory_as_a_whole(tmp_path: Path) -> None:
    incoming = Incoming(Blobs(tmp_path), Bounds(64, 1, "it"))
    data = b"x" * 2**20
    sha256 = hashlib.sha256(data * 64).hexdigest()
    line = {"files": [{"name": "big", "size_bytes": 64 * 2**20, "sha256": sha256}]}
    incoming.feed(json.dumps(line).encode() + b"\n")
    for number in range(64):
        incoming.feed(data)
        (path,) = (tmp_path / "incoming").iterdir()
        assert path.stat().st_size == (number + 1) * 2**20, "each part is on the disk when the next one comes"
    assert incoming.finish().sha256


def test_what_was_given_up_leaves_nothing_and_takes_nothing_more(tmp_path: Path) -> None:
    incoming = Incoming(Blobs(tmp_path), BOUNDS)
    incoming.feed(container(**FILES)[:-5])
    incoming.give_up()
    incoming.feed(container(**FILES)[-5:])
    assert list((tmp_path / "incoming").iterdir()) == []
    assert kept(tmp_path) == {}


def test_the_same_bytes_are_kept_once(tmp_path: Path) -> None:
    take_in(tmp_path, container(a=b"same"))
    take_in(tmp_path, container(b=b"same"))
    assert list(kept(tmp_path).values()) == [b"same"]


def test_a_blob_of_the_wrong_size_is_replaced_by_a_whole_one(tmp_path: Path) -> None:
    sha256 = hashlib.sha256(b"whole").hexdigest()
    blobs = Blobs(tmp_path)
    blobs.path(sha256).parent.mkdir()
    blobs.path(sha256).write_bytes(b"who")
    take_in(tmp_path, container(a=b"whole"))
    assert blobs.path(sha256).read_bytes() == b"whole"


def test_only_what_nothing_points_to_and_is_old_is_swept(tmp_path: Path) -> None:
    wanted = take_in(tmp_path, container(a=b"wanted")).files[0].sha256
    old = take_in(tmp_path, container(a=b"old")).files[0].sha256
    new = take_in(tmp_path, container(a=b"new")).files[0].sha256
    blobs = Blobs(tmp_path)
    half = blobs.incoming / "half"
    half.write_bytes(b"ha")
    for path in (blobs.path(wanted), blobs.path(old), half):
        os.utime(path, (1, 1))
    assert blobs.sweep({wanted}) == 2
    assert set(kept(tmp_path)) == {wanted, new}
    assert not half.exists()


def test_what_comes_again_is_young_again(tmp_path: Path) -> None:
    sha256 = take_in(tmp_path, container(a=b"data")).files[0].sha256
    os.utime(Blobs(tmp_path).path(sha256), (1, 1))
    take_in(tmp_path, container(a=b"data"))
    assert Blobs(tmp_path).sweep(set()) == 0


def test_nobody_else_may_look_into_the_storage(tmp_path: Path) -> None:
    os.umask(os.umask(0o077))
    storage = tmp_path / "made" / "exchange"
    take_in(storage, container(a=b"data"))
    assert {path.stat().st_mode & 0o777 for path in storage.rglob("*") if path.is_dir()} == {0o700}


# The client's end


def write(folder: Path, **files: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name.replace("_", ".")).write_bytes(data)
    return folder


def test_a_client_sends_what_the_service_takes_and_the_same_again(tmp_path: Path) -> None:
    files = LocalFiles(write(tmp_path / "work", **FILES), [name.replace("_", ".") for name in FILES])
    first = files.read()
    assert files.seek(0) == 0
    assert files.read() == first
    assert len(files) == len(first) == container_size_bytes(files.manifest) == files.tell()
    assert take_in(tmp_path / "storage", first) == Manifest(files=files.manifest.files)


@pytest.mark.parametrize("after", [b"", b"short", b"another text"])
def test_a_file_that_changes_while_it_is_sent_is_refused(tmp_path: Path, after: bytes) -> None:
    files = LocalFiles(write(tmp_path / "work", a_txt=b"before, this"), ["a.txt"])
    write(tmp_path / "work", a_txt=after)
    with pytest.raises(Malformed, match="not what was announced"):
        take_in(tmp_path / "storage", files.read())
