"""Takes in submissions: hostile files, hostile names. Never raises on what a learner sent: a status and a sentence
instead.

No link is followed below the folder of submissions, nothing but a regular file is opened, and the notebook is parsed
by a process of its own (`notebook_reader.py`) whose memory and CPU time are limited.
"""

import json
import os
import re
import stat
import sys
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from autograder.crew import Crew, JobEndedError
from autograder.errors import GradingError
from autograder.grade.models import bounded

MIB = 2**20
LEARNER_ID = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_@+-]|\.(?!\.|$)){0,99}", re.ASCII)
UNIT_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]|\.(?!\.|$)){0,99}", re.ASCII)
OPEN_SAFELY = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
TIMESTAMP_BYTES = 100
_readers = Crew(
    "autograder.grade.notebook_reader",
    unended="Reading a notebook did not end.",
    ended="The process that reads a notebook ended.",
)
IntakeStatus = Literal["read", "notebook unreadable", "too large", "refused", "unknown exercise"]


@dataclass(frozen=True)
class IntakeLimits:
    """How much of a submission is read. Outputs above their bound cost only themselves, never a mark."""

    file_mib: int = 256
    memory_mib: int = 2_048
    cpu_s: int = 60
    cells: int = 5_000
    source_chars: int = 4_000_000
    output_chars: int = 64_000
    image_chars: int = 1_500_000
    display_chars: int = 6_000_000

    def for_reader(self) -> str:
        """The limits as the reader process takes them."""
        names = ("cpu_s", "cells", "source_chars", "output_chars", "image_chars", "display_chars")
        own = {name: getattr(self, name) for name in names}
        return json.dumps(own | {"file_bytes": self.file_mib * MIB, "memory_bytes": self.memory_mib * MIB})


@dataclass(frozen=True)
class Intake:
    """What came in. `status` is "read" (then `notebook` is there), or one of the statuses of a result.

    `notebook` is `{"cells": [{cell_type, source, id, grade_id, outputs}], "notes": [...]}`: sources and bounded
    outputs only.
    """

    status: IntakeStatus
    sentence: str
    notebook: dict[str, Any] | None = None
    sha256: str | None = None
    size_bytes: int = 0
    notes: tuple[str, ...] = ()

    @property
    def readable(self) -> bool:
        """Whether there is a notebook to grade."""
        return self.status == "read"


@dataclass(frozen=True)
class Submission:
    """A folder found under `submitted/`; `problem` is set where its name alone decides that it is not graded."""

    learner: str
    unit: str
    folder: Path
    submitted_at: str | None = None
    problem: Intake | None = None
    notes: tuple[str, ...] = field(default=())


def read_submission(folder: Path, unit: str, limits: IntakeLimits | None = None) -> Intake:
    """Read `folder/<unit>.ipynb`, where folder is `submitted/<learner>/<unit>`.

    Everything above the learner's folder is trusted; the learner's folder, the unit's and the notebook are opened
    without following links.
    """
    limits = limits or IntakeLimits()
    problem = learner_problem(folder.parent.name) or unit_problem(unit)
    if problem:
        return Intake("refused", problem)
    try:
        with open_below(folder.parent.parent, (folder.parent.name, folder.name)) as folder_fd:
            return read_file(folder_fd, f"{unit}.ipynb", limits)
    except FileNotFoundError:
        return Intake("notebook unreadable", f"Nothing was handed in for {unit}: the folder is not there.")
    except OSError:
        return Intake("refused", "A folder of the submission is a link or no folder. Hand in real folders and files.")


def list_submissions(course_dir: Path, known_units: Collection[str] | None = None) -> list[Submission]:
    """Each `submitted/<learner>/<unit>` of a course directory, in order of learner and unit.

    With `known_units`, a folder of another name gets the status "unknown exercise". Ids that differ only by case are
    refused, all of them: some file systems and databases would take one learner for the other.
    """
    submitted = course_dir / "submitted"
    if not submitted.is_dir():
        raise GradingError(
            "there is no folder of submissions",
            where=str(submitted),
            expected="submitted/<learner>/<unit>/<unit>.ipynb",
            mend="collect submissions (nbgrader collect), or copy them there",
        )
    learners = sorted(name for name in os.listdir(submitted) if not name.startswith("."))
    alike = Counter(name.casefold() for name in learners)
    found: list[Submission] = []
    for learner in learners:
        sentence = learner_problem(learner)
        if not sentence and alike[learner.casefold()] > 1:
            sentence = "Another learner's id differs from this one only by case. Rename one of the two folders."
        if sentence:
            found.append(
                Submission(bounded(learner, 100), "", submitted / learner, problem=Intake("refused", sentence))
            )
        else:
            found.extend(_units_of(submitted, learner, known_units))
    return found


def learner_problem(learner: str) -> str:
    """Why a learner's id is refused; "" where it is fine. An id becomes a folder's name and a key of the gradebook."""
    if LEARNER_ID.fullmatch(learner):
        return ""
    return (
        f"The learner id {bounded(ascii(learner), 120)} cannot be used: an id has 1 to 100 letters A-Z, digits "
        "and . _ @ + -, starts with a letter, digit or _, and has no two dots in a row. Rename the folder."
    )


def unit_problem(unit: str) -> str:
    """Why a unit's name is refused; "" where it is fine."""
    if UNIT_NAME.fullmatch(unit):
        return ""
    return f"The folder name {bounded(ascii(unit), 120)} is no name of an exercise."


@contextmanager
def open_below(root: Path, names: tuple[str, ...]) -> Iterator[int]:
    """A descriptor of a folder below `root`, reached name by name without following a link. Raises OSError."""
    fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in names:
            below = os.open(name, OPEN_SAFELY | os.O_DIRECTORY, dir_fd=fd)
            os.close(fd)
            fd = below
        yield fd
    finally:
        os.close(fd)


@contextmanager
def plain_file(root: Path, names: tuple[str, ...], most_bytes: int) -> Iterator[int]:
    """A descriptor of a regular file below `root`, reached as by `open_below`.

    Raises OSError: it is none, or larger than `most_bytes`.
    """
    with open_below(root, names[:-1]) as folder_fd:
        fd = os.open(names[-1], OPEN_SAFELY, dir_fd=folder_fd)
    try:
        about = os.fstat(fd)
        if not stat.S_ISREG(about.st_mode) or about.st_size > most_bytes:
            raise OSError("no regular file of a sensible size")
        yield fd
    finally:
        os.close(fd)


def _units_of(submitted: Path, learner: str, known_units: Collection[str] | None) -> Iterator[Submission]:
    folder = submitted / learner
    try:
        with open_below(submitted, (learner,)) as fd:
            units = sorted(name for name in os.listdir(fd) if not name.startswith("."))
            if len(units) > 10_000:
                raise OSError("too many entries")
    except OSError:
        sentence = "The learner's folder is a link or no folder. Hand in real folders and files."
        yield Submission(learner, "", folder, problem=Intake("refused", sentence))
        return
    for unit in units:
        problem = None
        if known_units is not None and unit not in known_units:
            shown = bounded(ascii(unit), 120)
            sentence = f"This course has no exercise named {shown}. Rename the folder to the exercise's name."
            problem = Intake("unknown exercise", sentence)
        elif sentence := unit_problem(unit):
            problem = Intake("refused", sentence)
        submitted_at, notes = (None, ()) if problem else _timestamp(submitted, learner, unit)
        yield Submission(learner, bounded(unit, 100), folder / unit, submitted_at, problem, notes)


def _timestamp(submitted: Path, learner: str, unit: str) -> tuple[str | None, tuple[str, ...]]:
    """The time in timestamp.txt in ISO 8601, UTC, and a note where there is a file that cannot be read."""
    from nbgrader.utils import parse_utc  # nbgrader's own reading of its own format; slow to import, so only here

    try:
        with plain_file(submitted, (learner, unit, "timestamp.txt"), sys.maxsize) as fd:
            text = os.read(fd, TIMESTAMP_BYTES + 1).decode("utf-8").strip()
        if not 0 < len(text) <= TIMESTAMP_BYTES:
            raise ValueError("empty or too long")
        moment: datetime = parse_utc(text)
        return moment.replace(tzinfo=UTC).isoformat(), ()
    except FileNotFoundError:
        return None, ()
    except (OSError, ValueError, OverflowError, TypeError):
        return None, ("timestamp.txt holds no time that can be read; the submission counts as not dated.",)


def read_file(folder_fd: int, name: str, limits: IntakeLimits) -> Intake:
    """Reads a notebook of an opened folder; whatever is wrong with it becomes a status."""
    try:
        fd = os.open(name, OPEN_SAFELY, dir_fd=folder_fd)
    except FileNotFoundError:
        return _missing(folder_fd, name)
    except OSError:
        return Intake("refused", f"{name} is a link, a device or cannot be opened. Hand in the notebook itself.")
    try:
        about = os.fstat(fd)
        if not stat.S_ISREG(about.st_mode):
            return Intake("refused", f"{name} is a folder, pipe or device. Hand in the notebook itself.")
        if about.st_size > limits.file_mib * MIB:
            sentence = (
                f"The notebook has {about.st_size / MIB:.0f} MiB; at most {limits.file_mib} MiB are read. "
                "Clear its outputs (Edit, Clear Outputs of All Cells), save, submit again."
            )
            return Intake("too large", sentence, size_bytes=about.st_size)
        if about.st_size == 0:
            return Intake("notebook unreadable", "The notebook file is empty. Save the notebook, then submit again.")
        return _read_in_child(fd, about.st_size, limits)
    finally:
        os.close(fd)


def _missing(folder_fd: int, name: str) -> Intake:
    others = sorted(entry for entry in os.listdir(folder_fd) if entry.endswith(".ipynb"))[:3]
    shown = ", ".join(bounded(ascii(other), 80) for other in others)
    there = f" There is {shown}: rename it to {name}." if others else ""
    return Intake("notebook unreadable", f"No notebook named {name} was handed in.{there}")


def _read_in_child(fd: int, size_bytes: int, limits: IntakeLimits) -> Intake:
    """Lets a process of its own take the notebook apart; whatever happens to it becomes a status."""
    try:
        said = _readers.do([limits.for_reader().encode()], [fd], wall_s=3 * limits.cpu_s + 15)
    except JobEndedError:
        sentence = "The notebook cannot be read within the limits of memory and time. Clear its outputs, save it."
        return Intake("too large", sentence, size_bytes=size_bytes)
    notebook = said.get("notebook")
    notes = tuple(notebook["notes"]) if notebook else ()
    return Intake(said["status"], said["sentence"], notebook, said.get("sha256"), said["size_bytes"], notes)
