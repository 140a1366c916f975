"""`workbench grade`: one's own mark, for oneself. No course counts it.

Where the grader and the sources of the exercise are installed, its hidden checks count too, in a process of the
grader's. Everywhere else the visible checks alone do: the notebook is run from top to bottom, and each of its checks
gives its points, as under nbgrader's own commands.
"""

import importlib.util
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.course_card import CARD, card_here
from workbench.errors import KitError
from workbench.loading import load_parts
from workbench.shelf import checkout, has_grader

CELL_TIMEOUT_S = 120
OWN_MARK_MODULE = "autograder.grade.own"


class OwnMarkError(KitError):
    """The notebook cannot be graded here."""


@dataclass(frozen=True)
class OwnPart:
    """One graded part: points, and what a person should know beside them."""

    title: str
    earned: float
    points: float
    remark: str = ""


@dataclass(frozen=True)
class OwnMark:
    """A mark for oneself. `all_checks`: the hidden ones are in it; `of`: the points of the whole exercise."""

    exercise: str
    parts: tuple[OwnPart, ...]
    all_checks: bool
    of: float
    sentence: str = ""

    @property
    def earned(self) -> float:
        return sum(part.earned for part in self.parts)

    @property
    def points(self) -> float:
        return sum(part.points for part in self.parts)

    def lines(self) -> list[str]:
        """The mark for a terminal."""
        width = max([len(part.title) for part in self.parts], default=0)
        rows = [
            f"  {part.title:{width}}  {part.earned:g} of {part.points:g}{'  ' + part.remark if part.remark else ''}"
            for part in self.parts
        ]
        if self.all_checks:
            by = "all checks, the hidden ones too"
            rest = ""
        else:
            by = "the visible checks alone"
            rest = f"A course gives {self.of:g} points for this exercise: its hidden checks, and people, give the rest."
        return [
            *([self.sentence] if self.sentence else []),
            f"{self.exercise}: your own mark is {self.earned:g} of {self.points:g}, by {by}.",
            *rows,
            "Unsealed: your notebook ran as you, on your machine. This mark is for yourself.",
            *([rest] if rest else []),
        ]


def own_mark(notebook: Path, *, visible_only: bool = False, profile: str = "laptop") -> OwnMark:
    """Runs a notebook and grades it.

    Raises:
        OwnMarkError: it is no notebook of an exercise, or cannot be run here.
    """
    exercise = exercise_of(notebook)
    root = checkout()
    sources = root is not None and (root / "exercises" / exercise / "hidden.py").is_file()
    if sources and root is not None and has_grader() and not visible_only:
        return _by_the_grader(notebook, exercise, profile, root)
    return _by_visible_checks(notebook, exercise, profile)


def exercise_of(notebook: Path) -> str:
    """`course/unit` of an exercise's notebook, by the card beside it. Raises OwnMarkError."""
    if not notebook.is_file():
        raise OwnMarkError(
            "there is no such notebook",
            where=str(notebook),
            expected="the path of a notebook, or COURSE/UNIT in the folder of `workbench start`",
        )
    folder = notebook.absolute().parent
    card = card_here(folder)
    if card is None or not card.unit or not (folder / "checks.py").is_file():
        raise OwnMarkError(
            "this is no notebook of an exercise",
            where=str(notebook),
            expected=f"checks.py and {CARD} beside it, as the exercise was handed out",
            mend="name the notebook of an exercise; lessons are not graded",
        )
    return f"{card.course}/{card.unit}"


def _by_the_grader(notebook: Path, exercise: str, profile: str, root: Path) -> OwnMark:
    command = [sys.executable, "-P", "-m", OWN_MARK_MODULE, str(notebook.absolute()), exercise, profile]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OwnMarkError("the grader could not grade it", where=str(notebook), came=done.stderr.strip()[-2000:])
    result = json.loads(done.stdout.splitlines()[-1])
    titles = {name: part.title for name, part in load_parts(notebook.absolute().parent, hidden=False).items()}
    parts = [_graded_part(part, titles) for part in result["parts"]]
    of = sum(part.points for part in parts)
    return OwnMark(exercise, tuple(parts), True, of, "" if result["status"] == "graded" else result["sentence"])


def _graded_part(part: dict[str, Any], titles: dict[str, str]) -> OwnPart:
    remark = "" if part["state"] == "graded" else f"({part['state']})"
    return OwnPart(titles.get(part["name"], part["name"]), part["earned"], part["max_points"], remark)


def _by_visible_checks(notebook: Path, exercise: str, profile: str) -> OwnMark:
    for name in ("nbclient", "nbformat"):
        if importlib.util.find_spec(name) is None:
            raise OwnMarkError(
                "what runs notebooks is not installed here",
                came=f"no {name}",
                mend="pip install 'ai-factory-course-kit[lessons]'",
            )
    from workbench.own_run import run_and_read  # nbclient takes half a second to import

    declared = load_parts(notebook.absolute().parent, hidden=False)
    run = run_and_read(notebook, profile, CELL_TIMEOUT_S)
    parts = []
    for name, part in declared.items():
        earned = run.points.get(f"part-{name}")
        remark = "" if earned is not None else run.why_not.get(f"part-{name}", "(not reached)")
        parts.append(OwnPart(part.title, min(earned or 0.0, part.points), part.points, remark))
    return OwnMark(exercise, tuple(parts), False, run.of, run.sentence)


def as_dict(mark: OwnMark) -> dict[str, Any]:
    """For programs."""
    return {
        "exercise": mark.exercise,
        "own": True,
        "sealed": False,
        "hidden_checks": mark.all_checks,
        "earned": mark.earned,
        "points": mark.points,
        "points_of_the_exercise": mark.of,
        "sentence": mark.sentence,
        "parts": [vars(part) for part in mark.parts],
    }
