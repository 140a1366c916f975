"""Global random state, the same in every run: of `random` at once, of NumPy and torch when they are imported."""

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType


def seed_all(seed: int) -> None:
    """Seeds the global generators of what is imported now, and of NumPy and torch when they are imported later."""
    import random

    random.seed(seed)
    for name in _SEEDERS:
        if name in sys.modules:
            _seed(sys.modules[name], seed)
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _SeedOnImport)]
    sys.meta_path.insert(0, _SeedOnImport(seed))


def _seed(module: ModuleType, seed: int) -> None:
    attribute, bits = _SEEDERS[module.__name__]
    getattr(module, attribute)(seed % 2**bits)


# module → its seeding function, and how many bits it takes
_SEEDERS = {"numpy.random": ("seed", 32), "torch": ("manual_seed", 63)}


class _SeedOnImport(importlib.abc.MetaPathFinder):
    def __init__(self, seed: int) -> None:
        self.seed = seed

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in _SEEDERS:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def execute_and_seed(module: ModuleType) -> None:
            execute(module)
            _seed(module, self.seed)

        setattr(spec.loader, "exec_module", execute_and_seed)  # noqa: B010 - a plain assignment is refused by the type checker
        return spec
