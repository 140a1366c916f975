"""Finds lines that an author keeps to himself in what is released."""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from typing import Any

from autograder.build.authored import Authored
from autograder.build.solution import solution_lines
from autograder.errors import AuthoringError
from workbench.loading import HELPERS

# Characters. A shorter line of several, as `start_s = device.now()`, may stand in a demonstration too; one that is a
# whole answer, as `n_means = 1000 - 25 + 1`, tells more.
SHORTEST, SHORTEST_ALONE = 32, 12
# Lines that say how a program is built and not what it computes: the checks and any answer may share them.
COMMON = re.compile(r"(import|from|def|async def|class|for|while|if|elif|else|with|try|except|finally|raise)\b|[@#\"']")


def leaked_lines(
    authored: Authored, skeleton: Mapping[str, Any], files: Mapping[str, bytes]
) -> Iterator[AuthoringError]:
    """Solution lines that stand in any released text, and lines of hidden.py in any but the visible checks.

    A check and its hidden sister may be written alike: what checks.py says is public by its author's choice.
    """
    released = dict(_released_lines(skeleton, files))
    for line, origin in _secret_lines(authored):
        place = released.get(line)
        if place is None or ("/hidden.py" in origin and _is_check(place)):
            continue
        yield AuthoringError(
            "a line that has to stay hidden is released",
            where=f"{authored.exercise.shown}{origin}",
            came=f"{line}  (in {place})",
            expected="no line of a solution or of hidden.py in the release",
            mend="write the released line in another way, or take it out",
        )


def _secret_lines(authored: Authored) -> Iterator[tuple[str, str]]:
    """Each line that tells something, once, with the place where it stands."""
    found: dict[str, str] = {}
    for cell in authored.text.cells:
        lines = solution_lines(cell.source)
        shortest = SHORTEST if len(lines) > 1 else SHORTEST_ALONE
        for line in lines:
            if _tells(line, shortest):
                found.setdefault(line, f"/exercise.py, line {cell.line}, {cell.kind} {cell.name}")
    path = authored.exercise.folder / "hidden.py"
    hidden = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    for number, line in enumerate(hidden, start=1):
        if _tells(line.strip(), SHORTEST):
            found.setdefault(line.strip(), f"/hidden.py, line {number}")
    yield from found.items()


def _tells(line: str, shortest: int) -> bool:
    return len(line) >= shortest and COMMON.match(line) is None


def _is_check(place: str) -> bool:
    name = place.split(",")[0]
    return name == "checks.py" or fnmatch(name, HELPERS)


def _released_lines(skeleton: Mapping[str, Any], files: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    """Each released line, stripped, with its place; of several, the notebook's and the data's come last, and hold."""
    for name in sorted(files, key=lambda name: not _is_check(name)):
        if name != "hidden.py":
            for number, line in enumerate(files[name].decode("utf-8", "replace").split("\n"), start=1):
                yield line.strip(), f"{name}, line {number}"
    for cell in skeleton["cells"]:
        for line in cell["source"].split("\n"):
            yield line.strip(), f"the notebook, cell {cell['id']}"
