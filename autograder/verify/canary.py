"""Canaries: words planted into copies of what an author keeps to himself, and the search for them afterwards."""

import ast
import re
import secrets
import shutil
from collections.abc import Iterable
from pathlib import Path

from autograder.build.authored import Authored
from autograder.build.solution import BEGIN
from autograder.catalogue.find import Exercise, exercise_at

PREFIX = "kit-canary-"
PATTERN = PREFIX + "[a-z]+-[0-9a-f]{24}"
WORD = re.compile(PATTERN.encode())
CONTROL = "control"  # planted where the learner may read it: a search that does not find it proves nothing
# Appended to hidden.py: each failure of a hidden check then says the canary, as a careless message would.
HIDDEN_FAILURES = """
# {word}
def _canary():
    import dataclasses
    import sys

    from workbench.checks import CheckFailed, Part

    def careless(function):
        def check(submission):
            try:
                function(submission)
            except CheckFailed as failure:
                failure.why, failure.expected, failure.came = (f"{{failure.why}} {word}", "{word}", "{word}")
                raise
            except AssertionError as failure:
                raise AssertionError(f"{{failure}} {word}") from failure

        return check

    for part in list(vars(sys.modules["checks"]).values()):
        if isinstance(part, Part):
            part.checks[:] = [
                check if check.visible else dataclasses.replace(check, function=careless(check.function))
                for check in part.checks
            ]


_canary()
CANARY = "{word}"
"""


def plant(authored: Authored, project: Path) -> Exercise:
    """A copy of the exercise below `project`/exercises with a canary in hidden.py, each solution and each variant."""
    original = authored.exercise
    folder = project / "exercises" / original.name
    shutil.copytree(original.folder, folder, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    if (folder / "hidden.py").is_file():
        hidden = (folder / "hidden.py").read_text(encoding="utf-8")
        (folder / "hidden.py").write_text(hidden + HIDDEN_FAILURES.format(word=new_word("hidden")), encoding="utf-8")
    path = folder / "exercise.py"
    path.write_text(with_canary(path.read_text(encoding="utf-8"), new_word("solution")), encoding="utf-8")
    for path in sorted([*folder.glob("correct/*.py"), *folder.glob("wrong/*.py")]):
        text = path.read_text(encoding="utf-8")
        path.write_text(f"{text}\n# {new_word('variant')}\n", encoding="utf-8")
    return exercise_at(folder)


def new_word(kind: str) -> str:
    """A canary of a kind (small letters)."""
    return f"{PREFIX}{kind}-{secrets.token_hex(12)}"


def with_canary(text: str, word: str) -> str:
    """Percent text with the canary in each solution region: as a comment and, where it can stand there, as a string."""
    lines: list[str] = []
    for line in text.split("\n"):
        lines.append(line)
        prose = line.startswith("# ") and BEGIN.match(line[2:]) is not None
        begin = BEGIN.match(line)
        if prose:
            lines.append(f"# {word}")
        elif begin:
            lines += [f"{begin['indent']}# {word}", f'{begin["indent"]}"{word}"']
    planted = "\n".join(lines)
    try:
        ast.parse(planted)
    except SyntaxError:  # a region inside an expression: a comment can stand there, a string cannot
        planted = "\n".join(line for line in lines if line.strip() != f'"{word}"')
    return planted


def find_words(paths: Iterable[Path]) -> dict[str, list[str]]:
    """The kinds of canary that files and folders hold, each with the files that hold it."""
    found: dict[str, list[str]] = {}
    for top in paths:
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file():
                for kind in kinds_in(path.read_bytes()):
                    found.setdefault(kind, []).append(str(path))
    return found


def kinds_in(data: bytes) -> set[str]:
    """The kinds of the canaries in some bytes."""
    return {match.decode().removeprefix(PREFIX).split("-")[0] for match in WORD.findall(data)}
