"""A learner's own records: which lessons were read, which parts tried and passed, what was predicted.

They lie in one SQLite file on the learner's machine, and nothing of them leaves it. Writing never disturbs a cell: what
cannot be written is said in one sentence, once in each kernel, and kept in memory for the next attempt.
"""

import math
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from workbench.errors import KitError

if TYPE_CHECKING:
    import sqlite3

RECORDS = "WORKBENCH_RECORDS"  # another file; "0": no records
VERSION = 1  # of the tables below; stands in the file's `user_version`
BUSY_S = 0.2  # how long to wait for another notebook that writes at the same moment
MOST_WAITING = 1000

_TABLES = """
CREATE TABLE lessons (course TEXT, unit TEXT, read_at TEXT NOT NULL, PRIMARY KEY (course, unit));
CREATE TABLE parts (course TEXT, unit TEXT, part TEXT, n_visible INTEGER NOT NULL, tries INTEGER NOT NULL,
    tried_at TEXT NOT NULL, passed_at TEXT,
    PRIMARY KEY (course, unit, part));
CREATE TABLE predictions (course TEXT, unit TEXT, name TEXT, guess REAL NOT NULL, measured REAL, at TEXT NOT NULL,
    PRIMARY KEY (course, unit, name));
"""
_LESSON = "INSERT INTO lessons VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_PART = """INSERT INTO parts VALUES (?, ?, ?, ?, 1, ?, ?) ON CONFLICT DO UPDATE SET tries = tries + 1,
    n_visible = excluded.n_visible, tried_at = excluded.tried_at, passed_at = coalesce(passed_at, excluded.passed_at)"""
_PREDICTION = "INSERT OR REPLACE INTO predictions VALUES (?, ?, ?, ?, ?, ?)"

_waiting: list[tuple[str, tuple[Any, ...]]] = []  # what could not be written yet
_said: set[str] = set()  # sentences that this kernel has printed


class RecordsError(KitError):
    """The file of records cannot be used; nothing in it was changed."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


@dataclass(frozen=True)
class PartRecord:
    """One part of an exercise. Times are UTC, as 2026-11-24T20:41:07Z.

    Attributes:
        n_visible: visible checks; of a part without any a learner cannot know whether it passes.
        passed_at: when all visible checks first passed; None until then.
    """

    n_visible: int
    tries: int
    tried_at: str
    passed_at: str | None


@dataclass(frozen=True)
class PredictionRecord:
    """The last prediction of this name; `measured` is None until it was measured."""

    guess: float
    measured: float | None
    at: str


@dataclass
class UnitRecord:
    """What is recorded of one unit; `read_at` is when its lesson was first opened and run, or None."""

    read_at: str | None = None
    parts: dict[str, PartRecord] = field(default_factory=dict)
    predictions: dict[str, PredictionRecord] = field(default_factory=dict)


def path() -> Path | None:
    """The file of records; None where they are switched off."""
    wanted = os.environ.get(RECORDS, "")
    if wanted == "0":
        return None
    folder = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(wanted or f"{folder}/ai-factory-workbench/progress.sqlite").expanduser()


def note_lesson(course: str, unit: str) -> None:
    """Records that this lesson was opened and run."""
    _write(_LESSON, (course, unit, _now()))


def note_part(course: str, unit: str, part: str, *, passed: bool, n_visible: int = 1) -> None:
    """Records that a part was checked; `passed`: all its visible checks passed."""
    now = _now()
    _write(_PART, (course, unit, part, n_visible, now, now if passed else None))


def note_prediction(course: str, unit: str, name: str, guess: float, measured: float | None = None) -> None:
    """Records a prediction, and what was measured."""
    numbers = [float(number) if number is not None and math.isfinite(number) else None for number in (guess, measured)]
    if numbers[0] is not None:
        _write(_PREDICTION, (course, unit, name, *numbers, _now()))


def read_units(course: str) -> dict[str, UnitRecord]:
    """What is recorded of a course, by unit; a unit without records is not in it.

    Raises:
        RecordsError: the file is of a newer version, is no file of records, or cannot be read.
    """
    units: dict[str, UnitRecord] = {}

    def of(unit: str) -> UnitRecord:
        return units.setdefault(unit, UnitRecord())

    with _reading() as file:
        if file is None:
            return units
        for unit, read_at in file.execute("SELECT unit, read_at FROM lessons WHERE course = ?", (course,)):
            of(unit).read_at = read_at
        columns = "unit, part, n_visible, tries, tried_at, passed_at"
        for unit, part, *fields in file.execute(f"SELECT {columns} FROM parts WHERE course = ?", (course,)):  # noqa: S608
            of(unit).parts[part] = PartRecord(*fields)
        columns = "unit, name, guess, measured, at"
        for unit, name, *fields in file.execute(f"SELECT {columns} FROM predictions WHERE course = ?", (course,)):  # noqa: S608
            of(unit).predictions[name] = PredictionRecord(*fields)
    return units


def read_courses() -> list[str]:
    """The courses of which something is recorded, by name. Raises RecordsError, as `read_units`."""
    with _reading() as file:
        if file is None:
            return []
        tables = " UNION ".join(f"SELECT course FROM {table}" for table in ("lessons", "parts", "predictions"))  # noqa: S608
        return sorted(course for (course,) in file.execute(tables))


def _write(statement: str, values: tuple[Any, ...]) -> None:
    """Writes this and what waits; never raises."""
    place = path()
    if place is None:
        return
    # A lone surrogate is no text to SQLite.
    plain = tuple(v.encode("utf-8", "replace").decode() if isinstance(v, str) else v for v in values)
    _waiting.append((statement, plain))
    del _waiting[:-MOST_WAITING]
    try:
        with _opened(place, write=True) as file, file:
            for waiting in _waiting:
                file.execute(*waiting)
        _waiting.clear()
    except RecordsError as error:
        sentence = f"Your progress is not recorded: {error.what} ({error.where}) {error.mend}"
        if sentence not in _said:
            _said.add(sentence)
            print(sentence)


@contextmanager
def _reading() -> "Iterator[sqlite3.Connection | None]":
    """The file for reading; None where there is none."""
    place = path()
    if place is None or not place.exists():
        yield None
        return
    with _opened(place, write=False) as file:
        yield file


@contextmanager
def _opened(place: Path, *, write: bool) -> "Iterator[sqlite3.Connection]":
    """The file, of the version that this code knows; made where it is missing and shall be written.

    Raises:
        RecordsError: for all that can go wrong with it, also inside the block.
    """
    try:
        import sqlite3
    except ImportError as error:  # a Python that was built without it
        raise RecordsError("this Python has no sqlite3.", str(error), mend="Your work is not affected.") from None
    try:
        if write:
            _make(place)
        mode = "rw" if write else "ro"
        uri = f"file:{quote(str(place.absolute()))}?mode={mode}"
        with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_S)) as file:
            _check_version(file, place, write)
            yield file
    except (OSError, sqlite3.Error, ValueError) as error:
        raise _refusal(error, place) from error


def _make(place: Path) -> None:
    """An empty file that only its owner can read. One that is there stays as it is."""
    if place.exists():
        return
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with suppress(FileExistsError):  # another notebook was faster
        os.close(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _check_version(file: "sqlite3.Connection", place: Path, write: bool) -> None:
    (version,) = file.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        what = f"its file is of version {version}, and this workbench knows version {VERSION}."
        mend = f"Take the newer kit, or name another file by {RECORDS}; this one stays as it is."
        raise RecordsError(what, str(place), str(version), f"at most {VERSION}", mend)
    if version == 0:
        if not write:
            raise RecordsError("the file holds no records.", str(place), mend="Remove it, or set another one.")
        with file:
            file.execute("BEGIN IMMEDIATE")  # two notebooks may make the tables at the same moment
            if file.execute("PRAGMA user_version").fetchone() == (0,):
                for statement in filter(str.strip, _TABLES.split(";")):
                    file.execute(statement)
                file.execute(f"PRAGMA user_version = {VERSION}")


def _refusal(error: Exception, place: Path) -> RecordsError:
    """The sentence for what the system or SQLite said."""
    text = str(error)
    if "locked" in text or "busy" in text:
        what, mend = "another notebook is writing to its file.", "It is tried again with your next check."
    elif "full" in text or getattr(error, "errno", None) in (28, 122):  # no space, quota
        what, mend = "the disk is full.", "Make room; it is tried again with your next check."
    elif "not a database" in text or "malformed" in text:
        what, mend = "its file is damaged, or is none of records.", f"Move it away, or name another by {RECORDS}."
    else:
        what = f"its file cannot be used: {text}."
        mend = f'Make the folder writable, or name another file by {RECORDS}, or "0" for none.'
    return RecordsError(what, str(place), text, mend=mend + " Your work is not affected.")


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
