"""Backup and restore: hash-equal, whole databases, nothing overwritten by accident."""

import gzip
import hashlib
import os
import sqlite3
import stat
import tarfile
from pathlib import Path

import pytest

from autograder.errors import HubError
from autograder.hub import lock
from autograder.hub.backup import back_up, put_back
from autograder.hub.hub import Hub
from tests.integration.hub_here import write_hub_yaml


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    hub = Hub.open(write_hub_yaml(tmp_path))
    hub.places.make()
    (hub.places.hub / "accounts.json").write_text("{}", encoding="utf-8")
    (hub.places.hub / "accounts.json").chmod(0o600)
    for folder in ("exchange/blobs", "homes/lea/dask", "courses/dask/source"):
        (hub.places.folder / folder).mkdir(parents=True)
    (hub.places.home("lea") / "dask" / "notes.ipynb").write_bytes(os.urandom(100_000))
    (hub.places.home("lea") / "lessons").symlink_to("/srv/lessons")
    (hub.places.home("lea") / "stolen").symlink_to(hub.places.accounts_file)
    os.mkfifo(hub.places.home("lea") / "pipe")
    with sqlite3.connect(hub.places.course("dask") / "gradebook.db") as db:
        db.execute("create table marks (learner text, points real)")
        db.execute("insert into marks values ('lea', 7.5)")
    db.close()
    return hub


def _hashes(top: Path) -> dict[str, str]:
    files = [path for path in sorted(top.rglob("*")) if path.is_file() and not path.is_symlink()]
    kept = [path for path in files if path.relative_to(top).parts[0] not in ("run", "logs")]
    return {str(path.relative_to(top)): hashlib.sha256(path.read_bytes()).hexdigest() for path in kept}


def test_what_is_put_back_is_hash_equal(hub: Hub, tmp_path: Path) -> None:
    before = _hashes(hub.places.folder)
    count, size_bytes = back_up(hub, tmp_path / "backup.tar.gz")
    assert count == len(before) == 3
    assert size_bytes > 100_000
    assert stat.S_IMODE((tmp_path / "backup.tar.gz").stat().st_mode) == 0o600
    os.rename(hub.places.folder, tmp_path / "lost")
    assert put_back(hub, tmp_path / "backup.tar.gz") == count
    assert _hashes(hub.places.folder) == before
    assert stat.S_IMODE(hub.places.accounts_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(hub.places.folder.stat().st_mode) == 0o700
    assert os.readlink(hub.places.home("lea") / "lessons") == "/srv/lessons"


def test_a_database_that_is_being_written_is_whole_in_the_backup(hub: Hub, tmp_path: Path) -> None:
    gradebook = hub.places.course("dask") / "gradebook.db"
    db = sqlite3.connect(gradebook)
    db.execute("pragma journal_mode=wal")
    db.execute("insert into marks values ('luca', 3)")
    db.commit()
    db.execute("insert into marks values ('leon', 1)")  # not committed
    back_up(hub, tmp_path / "backup.tar.gz")
    db.rollback()
    db.close()
    put_back(hub, tmp_path / "backup.tar.gz", force=True)
    with sqlite3.connect(gradebook) as again:
        assert again.execute("select learner from marks order by learner").fetchall() == [("lea",), ("luca",)]
    again.close()


def test_what_is_there_is_not_overwritten(hub: Hub, tmp_path: Path) -> None:
    archive = tmp_path / "backup.tar.gz"
    back_up(hub, archive)
    with pytest.raises(HubError, match="exists already"):
        back_up(hub, archive)
    (hub.places.hub / "new").touch()
    with pytest.raises(HubError, match="--force"):
        put_back(hub, archive)
    assert (hub.places.hub / "new").exists()
    put_back(hub, archive, force=True)
    assert not (hub.places.hub / "new").exists()
    (kept,) = tmp_path.glob("state.before-*")
    assert (kept / "hub" / "new").exists()


@pytest.mark.parametrize("how", ["cut short", "changed"])
def test_a_damaged_archive_changes_nothing(how: str, hub: Hub, tmp_path: Path) -> None:
    archive = tmp_path / "backup.tar.gz"
    back_up(hub, archive)
    whole = gzip.decompress(archive.read_bytes())
    notes = (hub.places.home("lea") / "dask" / "notes.ipynb").read_bytes()
    changed = whole.replace(notes[:50], b"x" * 50) if how == "changed" else whole[: len(whole) // 2]
    assert changed != whole
    archive.write_bytes(gzip.compress(changed))
    before = _hashes(hub.places.folder)
    with pytest.raises(HubError, match="damaged"):
        put_back(hub, archive, force=True)
    assert _hashes(hub.places.folder) == before
    assert [path.name for path in tmp_path.glob(".state.restoring-*")] == []


@pytest.mark.parametrize(
    ("names", "kind"),
    [(["../outside"], tarfile.REGTYPE), (["/outside"], tarfile.REGTYPE), (["device"], tarfile.CHRTYPE)],
)
def test_an_archive_that_no_backup_made_changes_nothing(
    names: list[str], kind: bytes, hub: Hub, tmp_path: Path
) -> None:
    archive = tmp_path / "backup.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name in names:
            member = tarfile.TarInfo(name)
            member.type = kind
            tar.addfile(member)
    before = _hashes(hub.places.folder)
    with pytest.raises(HubError, match="which no backup has"):
        put_back(hub, archive, force=True)
    assert _hashes(hub.places.folder) == before


def test_an_archive_that_writes_through_a_link_of_its_own_changes_nothing(hub: Hub, tmp_path: Path) -> None:
    archive, outside = tmp_path / "backup.tar.gz", tmp_path / "outside"
    outside.mkdir()
    with tarfile.open(archive, "w:gz") as tar:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, str(outside)
        tar.addfile(link)
        tar.addfile(tarfile.TarInfo("link/file"))
    with pytest.raises(HubError, match="which no backup has"):
        put_back(hub, archive, force=True)
    assert list(outside.iterdir()) == []


def test_a_running_hub_is_not_put_back_under(hub: Hub, tmp_path: Path) -> None:
    back_up(hub, tmp_path / "backup.tar.gz")
    with lock.hold(hub), pytest.raises(HubError, match=f"process {os.getpid()}"):
        put_back(hub, tmp_path / "backup.tar.gz", force=True)
    assert lock.holder(hub) is None
