"""`import workbench` loads itself and the standard library, nothing more; benchmarks/import_time.py gives the time."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def modules_after(statement: str) -> set[str]:
    """Top-level modules that the statement adds to a fresh interpreter."""
    script = f"import sys; before = set(sys.modules)\n{statement}\nprint(*sorted(set(sys.modules) - before))"
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    return {name.split(".")[0] for name in run.stdout.split()}


def test_importing_workbench_loads_nothing_but_itself_and_the_standard_library() -> None:
    loaded = modules_after("import workbench")
    assert "workbench" in loaded
    assert {name for name in loaded if name not in sys.stdlib_module_names} == {"workbench"}


def test_importing_workbench_starts_no_slow_part_of_the_standard_library() -> None:
    assert modules_after("import workbench") & {"asyncio", "concurrent", "multiprocessing", "ssl", "unittest"} == set()


def test_a_heavy_import_would_be_seen() -> None:
    assert "numpy" in modules_after("import workbench, numpy")
