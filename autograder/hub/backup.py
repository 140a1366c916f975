"""Backup and restore of everything that a hub keeps, in one archive whose last entry names each file's hash."""

import datetime
import hashlib
import io
import json
import os
import shutil
import sqlite3
import stat
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from autograder.errors import HubError
from autograder.hub.hub import Hub
from autograder.hub.lock import hold
from autograder.hub.servers import running_servers

KEPT = ("hub", "exchange", "courses", "homes")
MANIFEST = "manifest.json"
PIECE_BYTES = 2**20
SQLITE_HEADER = b"SQLite format 3\0"
BESIDE_DATABASE = ("-journal", "-wal", "-shm")


def back_up(hub: Hub, archive: Path) -> tuple[int, int]:
    """Writes the archive; how many files are in it, and its size. The hub may run.

    Each database is copied by SQLite itself, so that it is whole; databases come first, so that the files that they
    name are there.

    Raises:
        HubError: the archive exists, or nothing is there to be kept.
    """
    if archive.exists():
        raise HubError("the archive exists already", where=str(archive), mend="choose another name")
    top = hub.places.folder
    if not hub.places.hub.is_dir():
        raise HubError("there is nothing to keep", where=str(top), mend="start the hub once, or correct storage.folder")
    new = archive.with_name(f".{archive.name}.writing")
    hashes: dict[str, str] = {}
    try:
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
            with tarfile.open(fileobj=stream, mode="w:gz", compresslevel=3) as tar:
                found = list(_found(top))
                for path, is_database in sorted(found, key=lambda each: not each[1]):
                    _add(tar, top, path, hashes, is_database=is_database)
                text = json.dumps(hashes, indent=1, sort_keys=True).encode()
                about = tarfile.TarInfo(MANIFEST)
                about.size, about.mode = len(text), 0o600
                tar.addfile(about, io.BytesIO(text))
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(new, archive)
    finally:
        new.unlink(missing_ok=True)
    return len(hashes), archive.stat().st_size


def put_back(hub: Hub, archive: Path, *, force: bool = False) -> int:
    """Puts an archive's content in place of the hub's folder; how many files, each with the hash that was noted.

    Args:
        force: also where the folder holds something; that is kept beside it, under another name.

    Raises:
        HubError: the hub runs, the folder holds something, or the archive is damaged; nothing was changed then.
    """
    top = hub.places.folder
    top.parent.mkdir(parents=True, exist_ok=True)
    with hold(hub):
        if running := running_servers(hub):
            raise HubError(
                "servers of this hub still run", came=", ".join(running), mend="end them: `autograder hub stop`"
            )
        occupied = any((top / name).is_dir() and any((top / name).iterdir()) for name in KEPT)
        if occupied and not force:
            raise HubError(
                "the hub's folder holds something already",
                where=str(top),
                expected="an empty folder",
                mend="move it away, or use --force: what is there is then kept beside it",
            )
        new = Path(tempfile.mkdtemp(prefix=f".{top.name}.restoring-", dir=top.parent))
        try:
            count = _extract(archive, new)
            new.chmod(0o700)
            if top.exists():
                stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
                os.rename(top, top.with_name(f"{top.name}.before-{stamp}"))
            os.rename(new, top)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    return count


def _found(top: Path) -> Iterator[tuple[Path, bool]]:
    """All that is kept, folders before what lies in them, and whether it is a database that we copy by SQLite."""
    for name in KEPT:
        for parent, folders, names in os.walk(top / name):
            yield Path(parent), False
            folders.sort()
            for each in sorted((*names, *(f for f in folders if (Path(parent) / f).is_symlink()))):
                path = Path(parent, each)
                if each.endswith(BESIDE_DATABASE) and _is_database(Path(parent, each.rpartition("-")[0])):
                    continue
                yield path, name != "homes" and _is_database(path)


def _is_database(path: Path) -> bool:
    try:
        with _open(path) as stream:
            return stream.read(len(SQLITE_HEADER)) == SQLITE_HEADER
    except OSError:
        return False


def _open(path: Path) -> BufferedReader:
    """A plain file, without following a link that somebody put there. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("no plain file")
    return open(descriptor, "rb")


def _add(tar: tarfile.TarFile, top: Path, path: Path, hashes: dict[str, str], *, is_database: bool) -> None:
    """One entry; what went away meanwhile, and what is neither file, folder nor link, is left out."""
    name = path.relative_to(top).as_posix()
    try:
        about = tar.gettarinfo(str(path), arcname=name)
        if about.isdir() or about.issym():
            tar.addfile(about)
            return
        if not (about.isreg() or about.islnk()):
            return
        about.type, about.linkname = tarfile.REGTYPE, ""
        with tempfile.TemporaryFile() as copy:
            if is_database:
                _copy_database(path, copy)
            else:
                with _open(path) as stream:
                    shutil.copyfileobj(stream, copy, PIECE_BYTES)
            about.size = copy.tell()
            copy.seek(0)
            hashes[name] = hashlib.file_digest(copy, "sha256").hexdigest()
            copy.seek(0)
            tar.addfile(about, copy)
    except FileNotFoundError:
        if is_database:
            raise


def _copy_database(path: Path, copy: BinaryIO) -> None:
    """The database as after its last commit: byte by byte while no writer may change it, so that hashes are equal; with
    a write-ahead log, whose pages stand elsewhere, by SQLite's own backup."""
    with closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=60)) as source:
        if source.execute("pragma journal_mode").fetchone() != ("wal",):
            source.execute("begin")
            source.execute("select count(*) from sqlite_master").fetchone()  # takes the readers' lock
            with _open(path) as stream:
                shutil.copyfileobj(stream, copy, PIECE_BYTES)
            return
        with tempfile.TemporaryDirectory() as folder:
            with closing(sqlite3.connect(Path(folder, "copy"))) as target:
                source.backup(target)
            with open(Path(folder, "copy"), "rb") as whole:
                shutil.copyfileobj(whole, copy, PIECE_BYTES)


def _harmless(tar: tarfile.TarFile, archive: Path) -> list[tarfile.TarInfo]:
    """The members, once none of them would be written outside the folder, through a link, or is a device."""
    members = tar.getmembers()
    links = {PurePosixPath(member.name) for member in members if member.issym()}
    for member in members:
        path = PurePosixPath(member.name)
        inside = not path.is_absolute() and ".." not in path.parts and not links.intersection(path.parents)
        if not inside or not (member.isreg() or member.isdir() or member.issym()):
            raise _damaged(archive, f"it holds {member.name!r}, which no backup has")
        member.mode &= 0o1777
    return members


def _extract(archive: Path, folder: Path) -> int:
    try:
        with tarfile.open(archive, "r:gz") as tar:
            members = _harmless(tar, archive)
            # Python 3.11.2, which Debian 12 has, knows no filters; where there are some, ours has looked already.
            tar.extraction_filter = lambda member, _: member
            tar.extractall(folder, members, numeric_owner=True)  # noqa: S202 - looked through above
        hashes: dict[str, str] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (tarfile.TarError, OSError, ValueError, EOFError) as error:
        raise _damaged(archive, str(error)) from None
    (folder / MANIFEST).unlink()
    for name, expected in hashes.items():
        try:
            with _open(folder / name) as stream:
                came = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise _damaged(archive, f"{name}: {error}") from None
        if came != expected:
            raise _damaged(archive, f"{name}: another hash")
    return len(hashes)


def _damaged(archive: Path, came: str) -> HubError:
    return HubError("the archive is damaged; nothing was changed", str(archive), came, mend="use another one")
