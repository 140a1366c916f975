"""Loads an exercise's checks.py, its helpers checks_*.py, and hidden.py where there is one, into parts."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from workbench import checks as declarations
from workbench.checks import Part
from workbench.errors import KitError

HELPERS = "checks_*.py"


def load_parts(folder: Path, *, hidden: bool = True) -> dict[str, Part]:
    """The parts that checks.py (and hidden.py, unless `hidden` is False or there is none) declare, by name, in order.

    The helpers checks_*.py are loaded first, in the order of their names: each can import those before it, and
    checks.py and hidden.py can import them all. hidden.py finds the visible checks as the module `checks`. No module
    is left behind, and while these files load, no other module with such a name can be imported.

    Raises:
        KitError: checks.py is missing, or one of the files does not load; says in which line.
    """
    path = folder / "checks.py"
    if not path.is_file():
        raise KitError("There are no checks here.", where=str(path), expected="a file checks.py beside the notebook")
    helpers = helper_paths(folder)
    with _own_modules([*(helper.name for helper in helpers), path.name, "hidden.py"]):
        try:
            declarations._loading_parts, declarations._loading_hidden = {}, False
            for helper in helpers:
                _load(helper)
                _refuse_parts(helper)
            _load(path)
            if hidden and (folder / "hidden.py").is_file():
                declarations._loading_hidden = True
                _load(folder / "hidden.py")
            return declarations._loading_parts
        finally:
            declarations._loading_parts, declarations._loading_hidden = {}, False


def helper_paths(folder: Path) -> list[Path]:
    """The released helpers of checks.py, in the order in which they are loaded.

    Raises:
        KitError: a name that no import statement can say.
    """
    paths = sorted(folder.glob(HELPERS))
    for path in paths:
        if not path.stem.isidentifier():
            expected = "letters, digits and _, as in checks_model.py"
            raise KitError("A helper of the checks has a name that cannot be imported.", str(path), expected=expected)
    return paths


def load_probes(folder: Path) -> dict[str, str]:
    """The texts of probes/*.py by name."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted((folder / "probes").glob("*.py"))}


class _OnlyLoaded:
    """Stands before all finders of modules: what has a name of ours is loaded by us, or is not there.

    Else a learner's notebook, in whose folder Python looks for modules, would find what the grader does not.
    """

    def __init__(self, order: Sequence[str]) -> None:
        self._order = ", ".join(order)

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if _is_ours(name):
            raise ModuleNotFoundError(f"{name} is not loaded here (yet); the order is {self._order}", name=name)
        return None


@contextmanager
def _own_modules(order: Sequence[str]) -> Iterator[None]:
    """Takes modules that have a name of ours out of Python's table, and puts them back afterwards."""
    before = {name: sys.modules.pop(name) for name in list(sys.modules) if _is_ours(name)}
    finder = _OnlyLoaded(order)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if _is_ours(name)]:
            del sys.modules[name]
        sys.modules.update(before)


def _is_ours(name: str) -> bool:
    return name in ("checks", "hidden") or name.startswith("checks_")


def _load(path: Path) -> None:
    module = ModuleType(path.stem)
    module.__file__ = str(path)
    module.__spec__ = ModuleSpec(path.stem, loader=None)
    try:
        code = compile(path.read_text(encoding="utf-8"), str(path), "exec")
        sys.modules[path.stem] = module  # others import it; dataclasses and the like look their module up
        exec(code, module.__dict__)  # noqa: S102 - the author's file, trusted
    except KitError:
        raise
    except Exception as error:
        trace, line = error.__traceback__, getattr(error, "lineno", None)
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == str(path):
                line = trace.tb_lineno
            trace = trace.tb_next
        what = f"{path.name} does not load: {type(error).__name__}: {error}"
        mend = "mend that line; the file is plain Python"
        raise KitError(what, where=f"{path}, line {line or '?'}", mend=mend) from error


def _refuse_parts(helper: Path) -> None:
    if declarations._loading_parts:
        name = next(iter(declarations._loading_parts))
        mend = "move part(…) and its checks to checks.py; a helper holds what they share"
        raise KitError("A helper declares a part.", where=str(helper), came=name, expected="in checks.py", mend=mend)
