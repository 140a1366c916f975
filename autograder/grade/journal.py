"""The journal of results: append-only lines of JSON, each with a sequence number and a hash, written through to the
disk.

It is the truth from which gradebook, autograded notebooks and feedback can be made again. The first line names the
journal; each further line is `{"seq", "sha256", "record"}`. One process writes at a time.
"""

import errno
import fcntl
import hashlib
import json
import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError

from autograder.errors import JournalError
from autograder.grade.models import Record

LINE_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Damage:
    """A line of the journal that cannot be used; what it held counts as not graded."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


class Journal:
    """Results on disk. Reading needs no lock; the first `append` (or `open`) takes it and mends a torn last line.

    Raises JournalError: another process writes; the file is no journal; the disk is full (the file stays valid,
    nothing is lost).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damage: tuple[Damage, ...] = ()
        self._fd: int | None = None
        self._end = 0
        self._last_seq = 0
        self._id = ""

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(self, *ending: object) -> None:
        self.close()

    def open(self) -> Self:
        """Take the lock for writing, mend the end of the file."""
        if self._fd is not None:
            return self
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            self._lock(fd)
            self._mend_end(fd)
            lines = self._lines()
            self._fd, self._end = fd, os.fstat(fd).st_size
            if lines:
                self._read(lines)
            else:
                self._id = uuid.uuid4().hex
                self._write({"seq": 0, "journal": self._id})
                _sync_folder(self.path.parent)
        except BaseException:
            os.close(fd)
            self._fd = None
            raise
        return self

    def close(self) -> None:
        """Give the lock back."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def append(self, record: Record) -> Record:
        """Write one record through to the disk; return it with its sequence number and the journal's id."""
        self.open()
        numbered = record.model_copy(update={"seq": self._last_seq + 1, "journal": self._id})
        self._write({"seq": numbered.seq, "record": numbered.model_dump(mode="json")})
        self._last_seq = numbered.seq
        return numbered

    def records(self) -> list[Record]:
        """All records, in order. Lines that cannot be used are listed in `damage`."""
        return self._read(self._lines())

    def latest(self) -> dict[tuple[str, str], Record]:
        """The last record of each (learner, exercise)."""
        return {(record.learner, record.exercise): record for record in self.records()}

    def _lock(self, fd: int) -> None:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise JournalError(
                    "the journal cannot be locked",
                    where=str(self.path),
                    came=str(error),
                    mend="put the course on a disk that can lock files",
                ) from None
            raise JournalError(
                "another process is writing the journal",
                where=str(self.path),
                mend="wait until that grading run ends, or end it, then run again: what it has graded is kept",
            ) from None

    def _mend_end(self, fd: int) -> None:
        """Cut off a last line that a crash left without its end; it is kept in a file beside the journal."""
        with open(self.path, "rb") as file:
            data = file.read()
        good = data.rfind(b"\n") + 1
        if good == len(data):
            return
        aside = self.path.with_name(f"{self.path.name}.torn-{good}")
        aside.write_bytes(data[good:])
        os.ftruncate(fd, good)
        os.fsync(fd)

    def _write(self, content: dict[str, Any]) -> None:
        assert self._fd is not None, "open() comes first"
        line = (_canonical(content | {"sha256": _digest(content)}) + "\n").encode("utf-8")
        try:
            done = 0
            while done < len(line):
                done += os.pwrite(self._fd, line[done:], self._end + done)
            os.fsync(self._fd)
        except OSError as error:
            os.ftruncate(self._fd, self._end)
            full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
            raise JournalError(
                "the last result could not be written; all earlier ones are safe",
                where=str(self.path),
                came=f"the disk is full ({error})" if full else str(error),
                mend=f"{'make room' if full else 'mend the disk'}, then run again: only what is missing is graded",
            ) from error
        self._end += len(line)

    def _lines(self) -> list[bytes]:
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return []
        # The part after the last newline is a line that is being written, or was torn.
        return data.split(b"\n")[:-1]

    def _read(self, lines: list[bytes]) -> list[Record]:
        records: list[Record] = []
        damage: list[Damage] = []
        for number, line in enumerate(lines, start=1):
            try:
                content = _checked(line)
                if number == 1:
                    self._id = str(content["journal"])
                    continue
                record = Record.model_validate(content["record"])
                if record.seq != content["seq"] or record.seq <= self._last_of(records):
                    raise ValueError(f"sequence number {content['seq']} after {self._last_of(records)}")
                records.append(record)
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                reason = "does not have the fields of a record" if isinstance(error, ValidationError) else str(error)
                lost = (
                    "the journal's name is taken from the records"
                    if number == 1
                    else "that result counts as not graded"
                )
                damage.append(Damage(number, f"{reason}; {lost}"))
        if lines and damage and damage[0].line == 1:
            if not records:
                raise JournalError(
                    "this is no journal, or its first line is damaged and no record follows",
                    where=f"{self.path}, line 1",
                    came=lines[0][:80].decode("ascii", "replace"),
                    mend="put the file aside and grade again, or restore it from a backup",
                )
            self._id = records[0].journal
        self.damage = tuple(damage)
        # A damaged line may have held the highest number: count lines, so that no number is given twice.
        self._last_seq = max(self._last_of(records), len(lines) - 1)
        return records

    @staticmethod
    def _last_of(records: list[Record]) -> int:
        return records[-1].seq if records else 0


def _sync_folder(folder: Path) -> None:
    """Write a new file's name through to the disk too."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _canonical(content: dict[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(_canonical(content).encode("ascii")).hexdigest()


def _checked(line: bytes) -> dict[str, Any]:
    if len(line) > LINE_BYTES:
        raise ValueError("longer than any record")
    content = json.loads(line)
    if not isinstance(content, dict):
        raise ValueError("no JSON object")
    claimed = content.pop("sha256", None)
    if claimed != _digest(content):
        raise ValueError("its hash does not fit its content")
    return content
