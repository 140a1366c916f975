"""correct/*.py and wrong/*.py: other answers to an exercise, and which checks must catch the wrong ones."""

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from autograder.build.text import ExerciseText, read_cells
from autograder.errors import AuthoringError

CAUGHT_BY = re.compile(r"Caught by:(?P<names>.*)\Z", re.DOTALL)
FAULTS = ("(kernel died)", "(timed out)", "(out of memory)")
FORM = f'"""What the author of this answer believes.  Caught by: part.check, part.check"""; also {", ".join(FAULTS)}'


@dataclass(frozen=True)
class Variant:
    """One other answer.

    Attributes:
        believed: the docstring without its "Caught by".
        solutions, written: the source of the cells that it replaces, by name.
        caught_by: `part.check` names, or a fault in brackets; empty for a right answer.
    """

    name: str
    kind: Literal["correct", "wrong"]
    believed: str
    solutions: dict[str, str]
    written: dict[str, str]
    caught_by: tuple[str, ...] = ()


def read_variants(folder: Path, kind: Literal["correct", "wrong"], text: ExerciseText, shown: str) -> list[Variant]:
    """The variants of a kind, in the order of their file names.

    Args:
        folder: the exercise's folder, which `shown` names in errors.

    Raises:
        AuthoringError: no docstring, another cell than solution and written, an unknown name, no "Caught by".
    """
    paths = sorted((folder / kind).glob("*.py"))
    return [_read_variant(path, kind, text, f"{shown}/{kind}/{path.name}") for path in paths]


def check_caught_by(variant: Variant, checks: set[str], shown: str) -> None:
    """Refuses a wrong answer that names a check which does not exist."""
    for name in variant.caught_by:
        if name not in checks and name not in FAULTS:
            raise AuthoringError(
                "the wrong answer names a check that does not exist",
                where=f"{shown}/{variant.kind}/{variant.name}.py, line 1",
                came=name,
                expected=f"one of: {', '.join(sorted(checks))}; or one of {', '.join(FAULTS)}",
                mend="correct the name after 'Caught by:'",
            )


def _read_variant(path: Path, kind: Literal["correct", "wrong"], text: ExerciseText, shown: str) -> Variant:
    cells = read_cells(path, shown)
    docstring = ast.get_docstring(ast.parse(cells[0].source)) if cells and cells[0].kind == "code" else None
    if not docstring:
        raise AuthoringError(
            "the file does not begin with a docstring",
            where=f"{shown}, line 1",
            expected=FORM if kind == "wrong" else '"""How this answer differs from the solution."""',
            mend="say in a sentence before the first cell what this answer does",
        )
    solutions: dict[str, str] = {}
    written: dict[str, str] = {}
    for cell in cells[1:]:
        if cell.kind not in ("solution", "written"):
            raise AuthoringError(
                "a variant holds solution and written cells only",
                where=f"{shown}, line {cell.line}",
                came=f"a {cell.kind} cell",
                expected='# %% solution="NAME"',
                mend="move imports and helpers into the solution cell that needs them",
            )
        known = text.named(cell.kind)
        if cell.name not in known:
            raise AuthoringError(
                f"the {cell.kind} is unknown",
                where=f"{shown}, line {cell.line}",
                came=cell.name,
                expected=f"one of: {', '.join(known) or 'none'}",
                mend="use the name of a cell of exercise.py",
            )
        (solutions if cell.kind == "solution" else written)[cell.name] = cell.source
    if not solutions and not written:
        raise AuthoringError("the variant replaces nothing", where=shown, expected='a cell # %% solution="NAME"')
    caught_by = _caught_by(docstring, shown) if kind == "wrong" else ()
    return Variant(path.stem, kind, CAUGHT_BY.sub("", docstring).strip(), solutions, written, caught_by)


def _caught_by(docstring: str, shown: str) -> tuple[str, ...]:
    found = CAUGHT_BY.search(docstring)
    names = re.split(r"[,\s]+(?![^(]*\))", found["names"].strip().rstrip(".")) if found else []
    names = [name.rstrip(".") for name in names if name and name != "and"]
    if not names:
        raise AuthoringError(
            "the wrong answer names no check that must catch it",
            where=f"{shown}, line 1",
            came=docstring.splitlines()[0][:200],
            expected=FORM,
            mend="end the docstring with 'Caught by: part.check'",
        )
    return tuple(names)
