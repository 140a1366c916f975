"""Finds lines that an author keeps to himself in what is released."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from autograder.build.authored import Authored
from autograder.build.solution import solution_lines
from autograder.errors import AuthoringError

SHORTEST = 16  # characters; a shorter line, as `return total`, tells nothing
# Lines that say how a program is built and not what it computes: the checks and any answer may share them.
COMMON = re.compile(
    r"(import|from|def|async def|class|for|while|if|elif|else|with|try|except|finally|@|#|\"\"\"|'''|raise)\b"
)


def leaked_lines(
    authored: Authored, skeleton: Mapping[str, Any], files: Mapping[str, bytes]
) -> Iterator[AuthoringError]:
    """Solution lines that stand in any released text, and lines of hidden.py in any but checks.py.

    A check and its hidden sister may be written alike: what checks.py says is public by its author's choice.
    """
    shown = authored.exercise.shown
    released = dict(_released_lines(skeleton, files))
    secret = {
        line: f"{shown}/exercise.py, line {cell.line}, {cell.kind} {cell.name}"
        for cell in authored.text.cells
        for line in solution_lines(cell.source)
    }
    hidden_path = authored.exercise.folder / "hidden.py"
    hidden = hidden_path.read_text(encoding="utf-8").splitlines() if hidden_path.is_file() else []
    for number, line in enumerate(hidden, start=1):
        text = line.strip()
        if released.get(text, "").startswith("checks.py"):
            continue
        secret.setdefault(text, f"{shown}/hidden.py, line {number}")
    for line, origin in secret.items():
        if line in released and _tells(line):
            yield AuthoringError(
                "a line that has to stay hidden is released",
                where=origin,
                came=f"{line}  (in {released[line]})",
                expected="no line of a solution or of hidden.py in the release",
                mend="write the released line in another way, or take it out",
            )


def _tells(line: str) -> bool:
    return len(line) >= SHORTEST and COMMON.match(line) is None and any(char.isalpha() for char in line)


def _released_lines(skeleton: Mapping[str, Any], files: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    """Each released line, stripped, with the place where it stands; checks.py comes last, so that it wins."""
    for cell in skeleton["cells"]:
        for line in cell["source"].split("\n"):
            yield line.strip(), f"the notebook, cell {cell['id']}"
    for name in sorted(files, key=lambda name: name == "checks.py"):
        if name == "hidden.py":
            continue
        for number, line in enumerate(files[name].decode("utf-8", "replace").split("\n"), start=1):
            yield line.strip(), f"{name}, line {number}"
