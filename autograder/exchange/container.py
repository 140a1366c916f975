"""How files travel: one line of JSON that names every file with its size and hash, then their bytes, in that order.

A tar or a zip can hold links, owners, devices, modes, sparse files and names that only the unpacker understands, and
says how large it is at its end. Here none of that can be said; all that can be refused is refused before the first byte
of a file; nothing is unpacked; and one request is one attempt, so that no half of one is ever seen.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from autograder.exchange import names
from autograder.exchange.refusals import Malformed, TooLarge
from autograder.exchange.settings import MIB

MEDIA_TYPE = "application/x-autograder-files"
MANIFEST_BYTES = MIB


class FileEntry(BaseModel):
    """One file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: str
    size_bytes: int = Field(ge=0, le=2**50)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(BaseModel):
    """The files, in the order of their bytes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    files: tuple[FileEntry, ...]

    @property
    def size_bytes(self) -> int:
        """Of all files together."""
        return sum(file.size_bytes for file in self.files)

    @property
    def sha256(self) -> str:
        """The hash over all files: of the lines `<sha256>  <name>`, as sha256sum prints them, in order of names."""
        lines = sorted((file.name.encode(), file.sha256.encode()) for file in self.files)
        return hashlib.sha256(b"".join(b"%b  %b\n" % (sha256, name) for name, sha256 in lines)).hexdigest()

    def head(self) -> bytes:
        """The line before the files."""
        return json.dumps(self.model_dump(mode="json")).encode() + b"\n"


@dataclass(frozen=True)
class Bounds:
    """What one set of files may be."""

    size_mib: int
    files: int
    what: str
    reserved: tuple[str, ...] = ()

    @property
    def body_bytes(self) -> int:
        """The largest request."""
        return self.size_mib * MIB + MANIFEST_BYTES


def read_manifest(line: bytes, bounds: Bounds) -> Manifest:
    """Raises Malformed or TooLarge: what the client says of its files is refused before any of them is read."""
    try:
        manifest = Manifest.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise Malformed(
            "the list of files cannot be read",
            where=".".join(str(part) for part in first["loc"]),
            came=first["msg"],
            expected='{"files": [{"name": "unit.ipynb", "size_bytes": 12, "sha256": "…"}]} and a line feed',
            mend="send it as docs/exchange.md says",
        ) from error
    if not manifest.files:
        raise Malformed(f"{bounds.what} has no file", expected="at least one", mend="check which folder was sent")
    if len(manifest.files) > bounds.files:
        raise TooLarge(
            f"{bounds.what} has too many files",
            came=f"{len(manifest.files):,} files",
            expected=f"{bounds.files:,} at most",
            mend="remove what the work does not need",
        )
    check_size(manifest.size_bytes, bounds)
    names.file_names((file.name for file in manifest.files), bounds.what, bounds.reserved)
    return manifest


def check_size(size_bytes: int, bounds: Bounds) -> None:
    """Raises TooLarge."""
    if size_bytes > bounds.size_mib * MIB:
        raise TooLarge(
            f"{bounds.what} is too large",
            came=f"{size_bytes / MIB:.1f} MiB",
            expected=f"{bounds.size_mib} MiB at most",
            mend="remove large outputs and data that can be made again",
        )


def changed(name: str) -> Malformed:
    """The refusal of bytes that are not those that were announced."""
    return Malformed(
        "a file is not what was announced",
        where=names.shown(name),
        came="other bytes, or more or fewer of them",
        expected="the bytes that the list of files gives size and hash of",
        mend="the file changed while it was read, or was damaged on the way: send everything again",
    )


class Unpacker:
    """Takes the bytes of a container as they come and tells what they are: ("file", entry), then ("bytes", part) and
    ("end", entry) for each file. It holds the line of the manifest at most.
    """

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.manifest: Manifest | None = None
        self._line = bytearray()
        self._waiting: list[FileEntry] = []
        self._left_bytes = 0
        self._hash = hashlib.sha256()

    def take(self, chunk: bytes) -> Iterator[tuple[str, Any]]:
        """Raises Malformed or TooLarge."""
        if self.manifest is None:
            self._line += chunk
            end = self._line.find(b"\n")
            if (end if end >= 0 else len(self._line)) > MANIFEST_BYTES:
                raise TooLarge("the list of files is too long", expected=f"{MANIFEST_BYTES} bytes at most")
            if end < 0:
                return
            chunk = bytes(self._line[end + 1 :])
            self.manifest = read_manifest(bytes(self._line[:end]), self.bounds)
            self._line.clear()
            self._waiting = list(reversed(self.manifest.files))
            yield from self._next()
        view = memoryview(chunk)
        while view:
            if not self._waiting:
                raise changed(self.manifest.files[-1].name)
            part = view[: self._left_bytes]
            view = view[len(part) :]
            self._left_bytes -= len(part)
            self._hash.update(part)
            yield "bytes", part
            if not self._left_bytes:
                yield self._ended()
                yield from self._next()

    def finish(self) -> Manifest:
        """What came, whole. Raises Malformed: the bytes ended too early."""
        if self.manifest is None:
            raise Malformed("the request ended before its list of files did", mend="send it again")
        if self._waiting:
            raise changed(self._waiting[-1].name)
        return self.manifest

    def _next(self) -> Iterator[tuple[str, Any]]:
        """Opens the next file; those of no byte end at once."""
        while self._waiting:
            yield "file", self._waiting[-1]
            self._left_bytes, self._hash = self._waiting[-1].size_bytes, hashlib.sha256()
            if self._left_bytes:
                return
            yield self._ended()

    def _ended(self) -> tuple[str, FileEntry]:
        entry = self._waiting.pop()
        if self._hash.hexdigest() != entry.sha256:
            raise changed(entry.name)
        return "end", entry


def container_size_bytes(manifest: Manifest) -> int:
    """How long the container of these files is."""
    return len(manifest.head()) + manifest.size_bytes


def entries(files: Iterable[tuple[str, int, str]]) -> Manifest:
    """The manifest of (name, size in bytes, sha256)."""
    return Manifest(
        files=tuple(FileEntry(name=name, size_bytes=size_bytes, sha256=sha) for name, size_bytes, sha in files)
    )
