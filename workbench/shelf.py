"""The shelf: the folder with the catalogue and the released notebooks, which `workbench start` copies from.

`autograder catalogue` makes it. A bundle brings one; in a checkout it is made when the sources are newer than it.

    index.html                                    the catalogue, for people
    shelf.json                                    the hash of every released file
    notebooks/<course>/course.json                what a course's notebooks know of it
    notebooks/<course>/<unit>/{lesson,exercise}/  the released notebooks and what lies beside them
    notebooks/<course>/introduction/lesson/       of a course that has one; it belongs to no unit
"""

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.course_card import CARD, Card, read_card
from workbench.errors import KitError

FORMAT = 1
LIST, PAGE, NOTEBOOKS = "shelf.json", "index.html", "notebooks"
INSTALLED = Path("share", "ai-factory-course-kit", "shelf")  # below sys.prefix, where a bundle was installed
MADE = Path("build", "_catalogue")  # in a checkout; no course can have a name with '_'
VARIABLE = "WORKBENCH_SHELF"
PRIVATE = "AUTOGRADER_EXERCISES"
KINDS = ("lesson", "exercise")
INTRODUCTION = "introduction"


class ShelfError(KitError):
    """There is no catalogue here, or one that cannot be read."""


@dataclass(frozen=True)
class Piece:
    """The lesson or the exercise of a unit: a folder. `files` maps each path in it to its SHA-256.

    The course's card lies beside them and is not among them: it is no part of what somebody works on.
    """

    course: str
    unit: str
    kind: str
    files: dict[str, str]

    @property
    def name(self) -> str:
        """`course/unit/kind`: its folder on the shelf and with the learner."""
        return f"{self.course}/{self.unit}/{self.kind}"

    @property
    def notebook(self) -> str:
        """The notebook's path below a learner's folder."""
        return f"{self.name}/{self.unit}.ipynb"


@dataclass(frozen=True)
class Shelf:
    """A shelf that was read: its courses by name, and each piece by its name."""

    folder: Path
    kit: str
    courses: tuple[Card, ...]
    pieces: dict[str, Piece]

    def course(self, name: str) -> Card:
        """Raises ShelfError: there is no such course."""
        for course in self.courses:
            if course.course == name:
                return course
        known = ", ".join(course.course for course in self.courses) or "none"
        raise ShelfError("there is no such course", where=str(self.folder), came=name, expected=f"one of: {known}")

    def piece_folder(self, piece: Piece) -> Path:
        """Where the files of a piece lie, with the course's card beside them."""
        return self.folder / NOTEBOOKS / piece.name

    def card_file(self, course: str) -> Path:
        """The file of a course's card."""
        return self.folder / NOTEBOOKS / course / CARD

    @property
    def page_file(self) -> Path | None:
        """The catalogue's page, where there is one."""
        return self.folder / PAGE


def open_shelf(folder: Path | None = None) -> Shelf:
    """The shelf at `folder`; else of WORKBENCH_SHELF, of this installation, or of the checkout, made anew if need be.

    Raises:
        ShelfError: there is none, or it cannot be read; or the sources of a checkout have a mistake.
    """
    return read_shelf(folder or find_shelf())


def find_shelf() -> Path:
    """Where the shelf is, for who names none. Raises ShelfError."""
    if os.environ.get(VARIABLE):
        return Path(os.environ[VARIABLE])
    installed = Path(sys.prefix) / INSTALLED
    if (installed / LIST).is_file():
        return installed
    root = checkout()
    if root is None:
        raise ShelfError(
            "there is no catalogue of courses here",
            where=f"{installed}, and the folders from {Path.cwd()} upwards",
            expected="a catalogue that a bundle brought, or a checkout of the kit",
            mend=f"install a bundle (docs/offline.md), change into a checkout, or set {VARIABLE} to a catalogue",
        )
    return make_shelf(root)


def checkout() -> Path | None:
    """The checkout of the kit that this is started in, else the one that this program lies in."""
    here = Path.cwd()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[1]):
        if (folder / "exercises").is_dir() and (folder / "courses").is_dir():
            return folder
    return None


def make_shelf(root: Path) -> Path:
    """The shelf of a checkout, made anew where the sources are newer; a process of its own does that.

    Raises:
        ShelfError: the grader, which makes it, is not installed, or it found a mistake.
    """
    folder = root / MADE
    if _made_of(folder) == sources(root):
        return folder
    if not has_grader():
        raise ShelfError(
            "the catalogue must be made first, and what makes it is not installed here",
            where=str(folder),
            mend="pip install 'ai-factory-course-kit[grader]' (make setup does it), then `autograder catalogue`",
        )
    print("Making the catalogue and the notebooks from the sources …", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "autograder", "catalogue", "--out", str(folder)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ShelfError("the catalogue could not be made", where=str(root), came=done.stderr.strip()[-2000:])
    return folder


def has_grader() -> bool:
    """Whether `autograder` can be run here."""
    return all(importlib.util.find_spec(name) for name in ("autograder", "nbgrader", "click", "pydantic"))


def sources(root: Path) -> str:
    """A hash of when the files were changed that a shelf is made of, so that none is made twice."""
    tops = [root / "courses", root / "exercises", root / "autograder" / "site", root / "autograder" / "build"]
    tops += [Path(text) for text in os.environ.get(PRIVATE, "").split(os.pathsep) if text]
    digest = hashlib.sha256(str(root.resolve()).encode())
    for path in sorted(path for top in tops for path in _files(top)):
        state = path.stat()
        digest.update(f"{path}\0{state.st_mtime_ns}\0{state.st_size}\n".encode())
    return digest.hexdigest()


def _files(top: Path) -> Iterable[Path]:
    return (path for path in top.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def _made_of(folder: Path) -> str:
    try:
        return str(json.loads((folder / LIST).read_text(encoding="utf-8"))["sources"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def read_shelf(folder: Path) -> Shelf:
    """Reads shelf.json and the courses' cards. Raises ShelfError: missing, damaged, or of a later kit."""
    path = folder / LIST
    mend = "make it again: `autograder catalogue`, or install the bundle again"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] > FORMAT:
            came = f"format {data['format']}; this kit reads format {FORMAT}"
            raise ShelfError(
                "the catalogue is of a later kit", where=str(path), came=came, mend="install the later kit as well"
            )
        cards = [_card(folder / NOTEBOOKS / _safe(name) / CARD) for name in data["courses"]]
        pieces = {name: _piece(name, files) for name, files in data["pieces"].items()}
        return Shelf(folder, str(data["kit"]), tuple(cards), pieces)
    except OSError as error:
        raise ShelfError("the catalogue cannot be read", where=str(path), came=str(error), mend=mend) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        came = f"{type(error).__name__}: {error}"
        raise ShelfError("the catalogue is damaged", where=str(path), came=came, mend=mend) from None


def _card(path: Path) -> Card:
    card = read_card(path)
    if card is None:
        raise ValueError(f"{path} cannot be read")
    return card


def _piece(name: str, files: Any) -> Piece:
    course, unit, kind = _safe(name).split("/")
    if kind not in KINDS:
        raise ValueError(f"{name} is neither lesson nor exercise")
    return Piece(course, unit, kind, {_safe(path): str(sha256) for path, sha256 in files.items()})


def _safe(name: Any) -> str:
    """A relative path that stays in its folder: the catalogue in a stranger's bundle writes nowhere else."""
    path = Path(str(name))
    if path.is_absolute() or ".." in path.parts or not path.parts or path.as_posix() != name:
        raise ValueError(f"{name!r} is no name of a file in the catalogue")
    return str(name)
