"""A learner's folder: released notebooks are put into it, and never over work.

`.workbench/released.json` says which bytes came from a release. A file that has other bytes is somebody's work: then a
newer release goes beside it, into a folder of its own that is complete.
"""

import contextlib
import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from workbench.course_card import CARD
from workbench.errors import KitError
from workbench.shelf import Piece, Shelf, ShelfError

OWN = ".workbench"
STATE = "released.json"
CATALOGUE_PAGE = "catalogue.html"
Hashes = dict[str, str]  # path in a piece's folder → SHA-256


class FolderError(KitError):
    """The learner's folder cannot be used, or is full; work in it is as it was."""


@dataclass(frozen=True)
class Put:
    """What was done with one piece. `place`: its folder; `beside`: the learner's own one, which stays."""

    how: Literal["new", "renewed", "beside", "there"]
    place: str
    beside: str = ""


@dataclass
class LearnerFolder:
    """The folder and what is known of its files."""

    path: Path
    known: dict[str, Hashes] = field(default_factory=dict)


def fill(path: Path, shelf: Shelf) -> list[Put]:
    """Puts every released notebook into the folder; what was done with each.

    A piece that its owner has removed comes back. Safe to be ended at any moment, and to be done again.

    Raises:
        FolderError: it cannot be written, or the disk is full.
        ShelfError: a file on the shelf is not the one that was released.
    """
    with _told(path):
        folder = LearnerFolder(path)
        (path / OWN).mkdir(parents=True, exist_ok=True)
        _clear_left_over(path / OWN)
        folder.known = _read_state(path / OWN / STATE)
        puts = [_put(folder, shelf, piece) for piece in shelf.pieces.values()]
        for card in shelf.courses:
            _put_ours(shelf.card_file(card.course), path / card.course / CARD)
        if shelf.page_file is not None:
            _put_ours(shelf.page_file, path / CATALOGUE_PAGE)
    return puts


def _put(folder: LearnerFolder, shelf: Shelf, piece: Piece) -> Put:
    first = ""
    for name in _names(piece.name):
        place = folder.path / name
        known = folder.known.get(name, {})
        if not place.exists():
            _copy_whole(folder, shelf, piece, name)
            return Put("beside" if first else "new", name, first)
        if known == piece.files or not _changed(place, known, piece.files):
            renewed = bool(known) and known != piece.files
            _bring_up_to_date(folder, shelf, piece, name)
            return Put("renewed" if renewed else "there", name)
        first = first or name
    raise AssertionError("names do not end")


def _names(name: str) -> Iterator[str]:
    yield name
    yield f"{name}.new-release"
    number = 2
    while True:
        yield f"{name}.new-release-{number}"
        number += 1


def _changed(place: Path, known: Hashes, wanted: Hashes) -> bool:
    """Whether a file that a release would replace or remove has bytes that no release put there."""
    return any(
        _sha256(place / name) not in (known.get(name), wanted.get(name))
        for name in {*known, *wanted}
        if os.path.lexists(place / name)
    )


def _bring_up_to_date(folder: LearnerFolder, shelf: Shelf, piece: Piece, name: str) -> None:
    """Writes what is missing or of an older release, in a folder without work."""
    place, known = folder.path / name, folder.known.get(name, {})
    same_release = known == piece.files
    for file, sha256 in piece.files.items():
        there = os.path.lexists(place / file)
        if not there or (not same_release and _sha256(place / file) != sha256):
            _write(place / file, _released(shelf, piece, file))
    for file in known.keys() - piece.files.keys():
        (place / file).unlink(missing_ok=True)
    _put_ours(shelf.piece_folder(piece) / CARD, place / CARD)
    _remember(folder, name, piece.files)


def _copy_whole(folder: LearnerFolder, shelf: Shelf, piece: Piece, name: str) -> None:
    """Makes the folder aside and renames it, so that half a piece is never there."""
    with tempfile.TemporaryDirectory(prefix="put-", dir=folder.path / OWN) as scratch:
        made = Path(scratch) / "piece"
        for file in piece.files:
            _write(made / file, _released(shelf, piece, file))
        _put_ours(shelf.piece_folder(piece) / CARD, made / CARD)
        (folder.path / name).parent.mkdir(parents=True, exist_ok=True)
        os.rename(made, folder.path / name)
    _remember(folder, name, piece.files)


def _released(shelf: Shelf, piece: Piece, file: str) -> bytes:
    path = shelf.piece_folder(piece) / file
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        content = None
    if content is None or hashlib.sha256(content).hexdigest() != piece.files[file]:
        raise ShelfError(
            "a released file is damaged; it was not copied",
            where=str(path),
            came="no such file" if content is None else "other bytes than were released",
            mend="make the catalogue again (`autograder catalogue`), or install the bundle again",
        )
    return content


def _put_ours(source: Path, target: Path) -> None:
    """A file that is ours alone: nobody works on it, so it is simply the shelf's."""
    content = source.read_bytes()
    if not target.is_file() or target.read_bytes() != content:
        _write(target, content)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".put-", delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), 0o666 & ~_umask())
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _sha256(path: Path) -> str:
    """Of a plain file; "" of anything else that lies there."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _remember(folder: LearnerFolder, name: str, files: Hashes) -> None:
    if folder.known.get(name) == files:
        return
    folder.known[name] = dict(files)
    text = json.dumps({"format": 1, "pieces": folder.known}, indent=1, sort_keys=True)
    _write(folder.path / OWN / STATE, text.encode())


def _read_state(path: Path) -> dict[str, Hashes]:
    """Nothing where it is missing or damaged: then every file that differs from the release counts as work."""
    try:
        pieces = json.loads(path.read_text(encoding="utf-8"))["pieces"]
        return {str(name): {str(f): str(s) for f, s in files.items()} for name, files in pieces.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _clear_left_over(own: Path) -> None:
    """What a start left that was killed."""
    for left in own.glob("put-*"):
        shutil.rmtree(left, ignore_errors=True)


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise FolderError(
            "the disk is full" if full else "the folder cannot be written",
            where=str(error.filename or path),
            came=error.strerror or str(error),
            mend=("make room" if full else "name another folder: `workbench start FOLDER`")
            + ", then start again; your own files are as they were",
        ) from None
