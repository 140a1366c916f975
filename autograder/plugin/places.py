"""The files of an ordinary assignment that the sandbox is given, and the folders that it must never see.

Into the sandbox go copies of what was released and of what the learner handed in; no notebook of either. nbgrader's
own copies in autograded/ are not used: hidden tests lie beside them, and a link in a submission was followed there.
"""

import os
import stat
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any

from autograder.errors import GradingError, SandboxError
from autograder.grade.intake import open_below, plain_file
from autograder.sandbox.limits import MIB
from autograder.sandbox.spec import SandboxSpec, read_only_folders

NOTEBOOK = "*.ipynb"
MOST_OWN_FILES = 2_000
MOST_FOLDERS_DEEP = 20
LONGEST_NAME_BYTES = 500
STEPS = ("source", "release", "submitted", "autograded", "feedback", "solution", "source_with_tests")


@dataclass
class Work:
    """The submission at hand. `kit_text`: the autograded notebook of an exercise of the kit; `unreadable`: why nothing
    of the learner's is run.
    """

    learner: str
    assignment: str
    submitted: Path
    release: Path
    kit_text: str | None = None
    unreadable: str = ""
    notes: list[str] = field(default_factory=list)


def files_for(work: Work, ignore: Collection[str], keep_own: Collection[str], disk_mib: float) -> dict[str, bytes]:
    """Name → bytes of what lies beside the notebook: the released files, then the learner's own.

    Args:
        ignore: patterns of names that nbgrader leaves out too.
        keep_own: names whose released file the learner may replace (`c.Autograde.exclude_overwriting`).

    Raises:
        GradingError: the released files are larger than the sandbox's disk.
    """
    patterns = (*ignore, NOTEBOOK)
    released = dict(_released(work.release, patterns))
    room_bytes = int(disk_mib * MIB) - sum(map(len, released.values()))
    if room_bytes <= 0:
        raise GradingError(
            "The released files do not fit into the sandbox.",
            where=str(work.release),
            came=f"{sum(map(len, released.values())) / MIB:.0f} MiB",
            expected=f"less than {disk_mib:g} MiB",
            mend="raise c.SandboxedExecute.disk_mib",
        )
    own = dict(_own(work, patterns, room_bytes))
    given = {name: data for name, data in released.items() if not (name in own and name in keep_own)}
    folders = {str(folder) for name in given for folder in PurePosixPath(name).parents}
    for name, data in own.items():
        above = {str(folder) for folder in PurePosixPath(name).parents}
        if name not in given and name not in folders and not above & given.keys():
            given[name] = data
    return given


def drop_linked_copies(work: Work, autograded: Path) -> None:
    """Removes what nbgrader copied by following a link of the learner's."""
    for name, is_link in _walk(work.submitted):
        copy = autograded / name
        if is_link and copy.is_file():
            copy.unlink()


def require_unseen(coursedir: Any, binds: Sequence[str]) -> None:
    """Refuses where the sandbox would show the course: its hidden tests, other submissions, the gradebook.

    Raises:
        SandboxError: a folder that is shown holds the course, or lies in one of its folders.
    """
    root = os.path.realpath(coursedir.root)
    steps = [os.path.realpath(os.path.join(root, getattr(coursedir, f"{step}_directory"))) for step in STEPS]
    database = str(coursedir.db_url).removeprefix("sqlite:///")
    private = [root, *steps, *([os.path.realpath(database)] if os.path.isabs(database) else [])]
    for shown in read_only_folders(SandboxSpec(binds=tuple(binds))).values():
        for place in private:
            holds = _holds(shown, place)
            if holds or (place != root and _holds(place, shown)):
                raise SandboxError(
                    "The sandbox would show the course to the learner's code.",
                    where=shown,
                    came=f"a folder that {'holds' if holds else 'lies in'} {place}",
                    expected="libraries and data only, apart from the course's folders",
                    mend="move the course, or the data in c.SandboxedExecute.binds, to a folder of its own",
                )


def _holds(folder: str, path: str) -> bool:
    return os.path.commonpath([folder, path]) == folder


def _released(folder: Path, patterns: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """The instructor's files, whose links are followed."""
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not _ignored(name, patterns)]
        for name in sorted(names):
            path = Path(parent, name)
            if not _ignored(name, patterns) and path.is_file():
                yield path.relative_to(folder).as_posix(), path.read_bytes()


def _own(work: Work, patterns: Collection[str], room_bytes: int) -> Iterator[tuple[str, bytes]]:
    """The learner's files, read without following a link; what does not fit is left out and noted."""
    for count, (name, is_link) in enumerate(_walk(work.submitted)):
        if any(_ignored(part, patterns) for part in PurePosixPath(name).parts):
            continue
        data = None if is_link or count >= MOST_OWN_FILES else _read(work.submitted, name, room_bytes)
        if data is None:
            work.notes.append(f"The file {ascii(name)[:200]} was left out: a link, no plain file, or too large.")
            continue
        room_bytes -= len(data)
        yield name, data


def _walk(folder: Path) -> Iterator[tuple[str, bool]]:
    """Each file below the learner's folder by its relative name, and whether it is a link."""
    try:
        with open_below(folder.parent.parent, (folder.parent.name, folder.name)) as top_fd:
            for parent, folders, names, parent_fd in os.fwalk(".", dir_fd=top_fd, follow_symlinks=False):
                place = PurePosixPath(parent)
                if len(place.parts) >= MOST_FOLDERS_DEEP:
                    folders.clear()
                for name in sorted((*names, *folders)):
                    mode = os.stat(name, dir_fd=parent_fd, follow_symlinks=False).st_mode
                    relative = str(place / name)
                    if stat.S_ISDIR(mode) or not relative.isprintable():
                        continue
                    if len(os.fsencode(relative)) <= LONGEST_NAME_BYTES:
                        yield relative, stat.S_ISLNK(mode)
    except OSError:
        return  # what changes under our hands, or is no folder, is not taken


def _read(folder: Path, name: str, most_bytes: int) -> bytes | None:
    """A plain file of the learner's; None where it is none, or too large."""
    names = (folder.parent.name, folder.name, *PurePosixPath(name).parts)
    try:
        with plain_file(folder.parent.parent, names, most_bytes) as fd, open(fd, "rb", closefd=False) as stream:
            return stream.read(most_bytes)
    except OSError:
        return None


def _ignored(name: str, patterns: Collection[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)
