"""Percent text with the kit's markers → cells. Every mistake is an AuthoringError with file and line.

# %% solution="NAME"            code that the learner writes, between ### BEGIN SOLUTION and ### END SOLUTION
# %% part="NAME"                wb.check("NAME"), nothing else
# %% [markdown] written="NAME"  an answer in prose
# %% tags=["parameters"]        names that a profile may set
# %% tags=["hide-input"]        code that a reader may skip, as of a drawing: folded, and not on built pages
"""

import ast
import io
import tokenize
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import jupytext

from autograder.build.solution import released_source, solved_source
from autograder.catalogue.models import LONGEST_NAME, MARK_WORDS, is_mark_name
from autograder.errors import AuthoringError

Kind = Literal["prose", "code", "parameters", "solution", "part", "written"]
NAMED_KINDS: tuple[Kind, ...] = ("solution", "part", "written")
MARKERS = 'solution="NAME", part="NAME", written="NAME", tags=["parameters"], tags=["hide-input"]'
FREE_TEXT = ("title", "incorrectly_encoded_metadata")  # where jupytext puts what is no key="value"
# Comments stay comments: jupytext would otherwise turn `# cat the pieces` into a shell command.
PERCENT = {"extension": ".py", "format_name": "percent", "comment_magics": False}


@dataclass(frozen=True)
class Cell:
    """One cell of an author's text.

    Attributes:
        name: "" where the kind has none.
        line: that of its marker, from 1.
        folded: its source is not shown at first.
    """

    kind: Kind
    name: str
    source: str
    line: int
    folded: bool = False

    @property
    def is_code(self) -> bool:
        """Whether the cell is code; the others are markdown."""
        return self.kind not in ("prose", "written")


@dataclass(frozen=True)
class ExerciseText:
    """The cells of an exercise.py, in order."""

    shown: str
    cells: tuple[Cell, ...]

    def named(self, kind: Kind) -> dict[str, Cell]:
        """The cells of a kind by name, in order."""
        return {cell.name: cell for cell in self.cells if cell.kind == kind}

    @property
    def parameters(self) -> Cell | None:
        """The parameters cell, if there is one."""
        return next((cell for cell in self.cells if cell.kind == "parameters"), None)


def read_exercise_text(path: Path, shown: str) -> ExerciseText:
    """The cells of an exercise.py; `shown` is how errors name it.

    Raises:
        AuthoringError: unknown marker, name twice, a part cell that is not its check, a solution cell without region or
            starter, no import of workbench, code that is no Python.
    """
    cells = tuple(_without_note(read_cells(path, shown), shown))
    for cell in cells:
        _check_cell(cell, shown)
    _check_parameters(cells, shown)
    _check_import(cells, shown)
    return ExerciseText(shown, cells)


def read_cells(path: Path, shown: str) -> list[Cell]:
    """The cells of any percent text with the kit's markers; names are unique, code is Python."""
    text = _read_python(path, shown)
    notebook = jupytext.reads(text, fmt=PERCENT)
    lines = _marker_lines(text, len(notebook.cells))
    cells = [_cell(node, line, shown) for node, line in zip(notebook.cells, lines, strict=True)]
    _check_names(cells, shown)
    return cells


def _without_note(cells: list[Cell], shown: str) -> Iterable[Cell]:
    """The cells without empty ones, and without the author's note: comments above the first marker."""
    if cells and cells[0].line == 0:
        note, *cells = cells
        if ast.parse(note.source).body:
            raise AuthoringError(
                "code stands above the first cell",
                where=f"{shown}, line 1",
                came=note.source.splitlines()[0][:200],
                expected="a line # %% before the first code; only comments above it",
                mend="write # %% above the code",
            )
    return (cell for cell in cells if cell.source.strip() or cell.kind in NAMED_KINDS)


def _read_python(path: Path, shown: str) -> str:
    try:
        text = path.read_text(encoding="utf-8")
        ast.parse(text)
    except FileNotFoundError:
        raise AuthoringError("the file is missing", where=shown, mend="copy it from exercises/_template/") from None
    except (OSError, UnicodeDecodeError) as error:
        raise AuthoringError("the file cannot be read as UTF-8 text", where=shown, came=str(error)) from None
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise AuthoringError("the text is no valid Python", where=f"{shown}, line {line}", came=str(error)) from None
    return text


def _marker_lines(text: str, count: int) -> Iterable[int]:
    """The line of each cell's marker; 0 for what stands above the first marker."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    lines = [
        token.start[0]
        for token in tokens
        if token.type == tokenize.COMMENT and token.start[1] == 0 and token.string.replace(" ", "").startswith("#%%")
    ]
    if len(lines) == count - 1:
        lines.insert(0, 0)
    return lines if len(lines) == count else [1] * count


def _cell(node: Any, line: int, shown: str) -> Cell:
    where = f"{shown}, line {line}"
    marks = {key: value for key, value in node.metadata.items() if key != "lines_to_next_cell"}
    if node.cell_type not in ("code", "markdown"):
        raise AuthoringError("only code and markdown cells can be used", where=where, came=node.cell_type)
    unknown = sorted(set(marks) - {"tags", *NAMED_KINDS})
    if unknown:
        came = ", ".join(str(marks[key]) if key in FREE_TEXT else key for key in unknown)
        raise AuthoringError(
            "the marker is unknown",
            where=where,
            came=came,
            expected=MARKERS,
            mend="correct the spelling, and write the name in double quotes; a title belongs in a markdown cell",
        )
    if len(marks) > 1:
        raise AuthoringError("a cell has one marker", where=where, came=" ".join(sorted(marks)), expected=MARKERS)
    if not marks:
        return Cell("code" if node.cell_type == "code" else "prose", "", node.source, line)
    [(marker, value)] = marks.items()
    if marker == "tags":
        if value not in (["parameters"], ["hide-input"]) or node.cell_type != "code":
            expected = 'tags=["parameters"] or tags=["hide-input"] on a code cell'
            raise AuthoringError("the tags are unknown", where=where, came=str(value), expected=expected)
        if value == ["hide-input"]:
            return Cell("code", "", node.source, line, folded=True)
        return Cell("parameters", "", node.source, line)
    _check_marker(marker, value, node.cell_type, where)
    return Cell(marker, value, node.source, line)


def _check_marker(marker: str, name: object, cell_type: str, where: str) -> None:
    if not isinstance(name, str) or not is_mark_name(name):
        raise AuthoringError(
            f"the name of a {marker} cell does not have the right form",
            where=where,
            came=repr(name),
            expected=f'{marker}="NAME" with {MARK_WORDS}, at most {LONGEST_NAME} characters',
        )
    if (cell_type == "markdown") != (marker == "written"):
        wanted = "# %% [markdown]" if marker == "written" else "# %%"
        raise AuthoringError(
            f"a {marker} cell is a {'markdown' if marker == 'written' else 'code'} cell",
            where=where,
            came=f"a {cell_type} cell",
            expected=f'{wanted} {marker}="{name}"',
        )


def _check_names(cells: Iterable[Cell], shown: str) -> None:
    seen: dict[tuple[str, str], int] = {}
    for cell in cells:
        if cell.kind not in NAMED_KINDS:
            continue
        first = seen.setdefault((cell.kind, cell.name), cell.line)
        if first != cell.line:
            raise AuthoringError(
                f"two {cell.kind} cells have the name {cell.name}",
                where=f"{shown}, line {cell.line}",
                came=f"also on line {first}",
                expected="each name once",
                mend="rename one of them",
            )


def _check_cell(cell: Cell, shown: str) -> None:
    where = f"{shown}, line {cell.line}"
    wanted = f'wb.check("{cell.name}")'
    if cell.kind == "part" and cell.source.strip() != wanted:
        raise AuthoringError(
            "a part cell holds its check and nothing else",
            where=where,
            came=cell.source.strip()[:200] or "an empty cell",
            expected=wanted,
            mend="move other lines into a cell of their own",
        )
    if cell.kind in ("solution", "written"):
        released = released_source(cell.source, cell.name, cell.kind == "solution", shown, cell.line)
        solved_source(cell.source)
        if cell.kind == "solution":
            _check_starter(released, cell, shown)
    elif "BEGIN SOLUTION" in cell.source or "END SOLUTION" in cell.source:
        raise AuthoringError(
            "a solution stands outside a solution cell, and would be released",
            where=where,
            came=f"a {cell.kind} cell",
            expected='the marker # %% solution="NAME" (or written="NAME") on this cell',
        )


def _check_starter(released: str, cell: Cell, shown: str) -> None:
    try:
        ast.parse(released)
    except SyntaxError as error:
        raise AuthoringError(
            "the released starter is no valid Python",
            where=f"{shown}, line {cell.line}",
            came=f"{error.msg}: {(error.text or '').strip()}",
            expected='### BEGIN SOLUTION "A sentence." or ### BEGIN SOLUTION answer = None  # a line of Python',
            mend="put a sentence in double quotes",
        ) from None


def _check_parameters(cells: Iterable[Cell], shown: str) -> None:
    tagged = [cell for cell in cells if cell.kind == "parameters"]
    if len(tagged) > 1:
        raise AuthoringError(
            "two cells have the tag parameters",
            where=f"{shown}, line {tagged[1].line}",
            came=f"also on line {tagged[0].line}",
            expected="one cell",
            mend="put the names into one cell",
        )


def _check_import(cells: Iterable[Cell], shown: str) -> None:
    first = next((cell for cell in cells if cell.is_code), None)
    if first is None or "import workbench as wb" not in first.source.splitlines():
        raise AuthoringError(
            "the first code cell does not import the workbench",
            where=f"{shown}, line {first.line if first else 1}",
            came=first.source.strip()[:200] if first else "no code cell",
            expected="import workbench as wb",
            mend="add the line to the first code cell",
        )
