"""Where bytes are kept: each file once, under the hash of its bytes. No name from outside is part of a path here.

A file is written under a name of its own, fsynced and renamed, so that a name of 64 hex digits means whole bytes.
What no record points to is swept away after an hour.
"""

import os
import secrets
import threading
import time
from collections.abc import Iterator, Set
from pathlib import Path
from typing import BinaryIO

from autograder.exchange.container import Bounds, Manifest, Unpacker
from autograder.exchange.names import SHA256

SWEPT_AFTER_S = 3_600


class Blobs:
    """The folders `blobs/` and `incoming/` of a storage folder."""

    def __init__(self, storage: Path) -> None:
        self.kept, self.incoming = storage / "blobs", storage / "incoming"
        for folder in (storage, self.kept, self.incoming):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Between "it is there already" and its new time stamp nothing may be swept.
        self._lock = threading.Lock()

    def path(self, sha256: str) -> Path:
        """Where the bytes of this hash are, or would be."""
        assert SHA256.fullmatch(sha256), "only hashes name blobs"
        return self.kept / sha256[:2] / sha256

    def has(self, sha256: str, size_bytes: int) -> bool:
        """Whether these bytes are kept, whole."""
        try:
            return self.path(sha256).stat().st_size == size_bytes
        except FileNotFoundError:
            return False

    def adopt(self, written: Path, sha256: str, size_bytes: int) -> None:
        """Keep a file that was written, whose hash was checked. It is on the disk when this returns."""
        final = self.path(sha256)
        fd = os.open(written, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
        with self._lock:
            if self.has(sha256, size_bytes):
                os.utime(final)
                written.unlink()
            else:
                final.parent.mkdir(mode=0o700, exist_ok=True)
                os.rename(written, final)
        self._sync(final.parent)

    def sync_folders(self) -> None:
        """After this the names of what was adopted are on the disk as well."""
        self._sync(self.kept)

    def read(self, sha256: str) -> BinaryIO:
        """The bytes. Raises FileNotFoundError."""
        return self.path(sha256).open("rb")

    def sweep(self, wanted: Set[str], older_than_s: float = SWEPT_AFTER_S) -> int:
        """Remove what is not wanted and old enough, whole files and half ones; how many that were."""
        before, swept = time.time() - older_than_s, 0
        for path in self._files():
            with self._lock:
                if path.name not in wanted and path.stat().st_mtime <= before:
                    path.unlink()
                    swept += 1
        return swept

    def _files(self) -> Iterator[Path]:
        yield from list(self.incoming.iterdir())
        for folder in list(self.kept.iterdir()):
            yield from list(folder.iterdir())

    @staticmethod
    def _sync(folder: Path) -> None:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


class Incoming:
    """Files on their way in: chunk by chunk to the disk, kept at the end or not at all. Used by one thread at a time,
    but it may be given up by another.
    """

    def __init__(self, blobs: Blobs, bounds: Bounds) -> None:
        self.blobs = blobs
        self.size_bytes = 0
        self._unpacker = Unpacker(bounds)
        self._written: list[tuple[Path, str, int]] = []
        self._file: BinaryIO | None = None
        self._lock = threading.Lock()
        self._given_up = False

    def feed(self, chunk: bytes) -> None:
        """Raises Malformed, TooLarge, OSError."""
        with self._lock:
            if self._given_up:
                return
            self.size_bytes += len(chunk)
            for what, value in self._unpacker.take(chunk):
                if what == "file":
                    path = self.blobs.incoming / secrets.token_hex(16)
                    self._file = path.open("xb", buffering=0)
                    self._written.append((path, value.sha256, value.size_bytes))
                elif what == "bytes":
                    _write_all(self._file, value)
                elif self._file:
                    self._file.close()

    def finish(self) -> Manifest:
        """Keep the files; on the disk when this returns. Raises Malformed, OSError."""
        with self._lock:
            manifest = self._unpacker.finish()
            while self._written:
                self.blobs.adopt(*self._written[-1])
                self._written.pop()
            self.blobs.sync_folders()
            return manifest

    def give_up(self) -> None:
        """Remove what was written and not kept."""
        with self._lock:
            self._given_up = True
            if self._file:
                self._file.close()
            while self._written:
                self._written.pop()[0].unlink(missing_ok=True)


def _write_all(file: BinaryIO | None, view: memoryview) -> None:
    assert file is not None, "bytes come after their file"
    while view:
        view = view[file.write(view) :]
