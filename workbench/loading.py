"""Loads an exercise's checks.py, and hidden.py where there is one, into parts."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from workbench import checks as declarations
from workbench.checks import Part
from workbench.errors import KitError


def load_parts(folder: Path, *, hidden: bool = True) -> dict[str, Part]:
    """The parts that checks.py (and hidden.py, unless `hidden` is False or there is none) declare, by name, in order.

    hidden.py finds the visible checks as the module `checks`.

    Raises:
        KitError: checks.py is missing, or one of the two does not load; says in which line.
    """
    path = folder / "checks.py"
    if not path.is_file():
        raise KitError("There are no checks here.", where=str(path), expected="a file checks.py beside the notebook")
    before = sys.modules.get("checks")
    declarations._loading_parts = {}
    declarations._loading_hidden = False
    try:
        sys.modules["checks"] = _load("checks", path)
        if hidden and (folder / "hidden.py").is_file():
            declarations._loading_hidden = True
            _load("hidden", folder / "hidden.py")
        return declarations._loading_parts
    finally:
        declarations._loading_parts, declarations._loading_hidden = {}, False
        if before is None:
            sys.modules.pop("checks", None)
        else:
            sys.modules["checks"] = before


def load_probes(folder: Path) -> dict[str, str]:
    """The texts of probes/*.py by name."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted((folder / "probes").glob("*.py"))}


def _load(name: str, path: Path) -> ModuleType:
    module = ModuleType(name)
    module.__file__ = str(path)
    spec = importlib.util.spec_from_loader(name, loader=None)
    module.__spec__ = spec
    try:
        code = compile(path.read_text(encoding="utf-8"), str(path), "exec")
        sys.modules[name] = module  # dataclasses and the like look their module up
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
    finally:
        if name == "hidden":
            sys.modules.pop(name, None)
    return module
