"""The standing forgers: each answers a whole exercise without solving any of it. They must get 0 on every part.

A file of this folder defines `answer(name, args, kwargs)`: what its function, value or class `name` gives back. The
text of the file runs in the learner's process of a graded run, and is imported by nobody.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Forger:
    """One standing forger: its name, what it does, and the code that defines `answer`."""

    name: str
    does: str
    source: str


@dataclass(frozen=True)
class Defined:
    """What a cell defines at its top level, in order, and its imports as source."""

    functions: tuple[str, ...]
    classes: tuple[str, ...]
    values: tuple[str, ...]
    imports: tuple[str, ...]


@cache
def standing_forgers() -> tuple[Forger, ...]:
    """All forgers, by name."""
    found = []
    for path in sorted(FOLDER.glob("[!_]*.py")):
        text = path.read_text(encoding="utf-8")
        does = (ast.get_docstring(ast.parse(text)) or "").splitlines()[0]
        found.append(Forger(path.stem, does, f"{text}\n\n{common_text()}"))
    return tuple(found)


def forged_cell(source: str) -> str:
    """What a forger puts in place of a solution cell: every name that the solution defines, forged."""
    names = defined_names(source)
    lines = list(names.imports)
    for kind, group in (("function", names.functions), ("class", names.classes), ("value", names.values)):
        lines += [f"{name} = forged_{kind}({name!r}, answer)" for name in group]
    return "\n".join(lines) or "pass"


def defined_names(source: str) -> Defined:
    """The names that a cell's code defines at its top level, also below `if`, `with`, `for` and `try` there."""
    functions, classes, values, imports = [], [], [], []
    for node in _statements(ast.parse(source).body):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            functions.append(node.name)
        elif isinstance(node, ast.ClassDef):
            classes.append(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            imports.append(ast.unparse(node))
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
            functions += _targets(node)
        else:
            values += _targets(node)
    taken = {*functions, *classes}
    return Defined(
        tuple(dict.fromkeys(functions)),
        tuple(dict.fromkeys(classes)),
        tuple(name for name in dict.fromkeys(values) if name not in taken),
        tuple(dict.fromkeys(imports)),
    )


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run in the cell's own namespace: those of a function or a class do not."""
    for node in body:
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        yield from _statements(getattr(node, "body", []))
        for inner in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
            yield from _statements(inner.body)
        for field in ("orelse", "finalbody"):
            yield from _statements(getattr(node, field, []))


def _targets(node: ast.stmt) -> list[str]:
    """Names that a statement binds by itself: targets of assignments and loops, `with … as`, `:=`."""
    inner = [
        child
        for child in ast.iter_child_nodes(node)
        if not isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case)
    ]
    return [
        name.id
        for child in inner
        for name in ast.walk(child)
        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
    ]


@cache
def common_text() -> str:
    return (FOLDER / "_common.py").read_text(encoding="utf-8")
