"""Which files of an exercise are released: checks.py, its helpers checks_*.py, probes/*.py, data/; nothing else."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from autograder.errors import AuthoringError
from workbench.loading import HELPERS

MAKE_DATA = "make_data.py"
MAKE_DATA_TIMEOUT_S = 300
MOST_BYTES = 32 * 1024 * 1024


def released_files(folder: Path, shown: str) -> dict[str, bytes]:
    """The released files by their path in the exercise, sorted; data/make_data.py is run, and is itself not released.

    Raises:
        AuthoringError: a link, more than 32 MiB, or a make_data.py that fails.
    """
    files = {"checks.py": _read(folder / "checks.py", f"{shown}/checks.py")}
    for path in sorted(folder.glob(HELPERS)):
        files[path.name] = _read(path, f"{shown}/{path.name}")
    for path in sorted((folder / "probes").glob("*.py")):
        files[f"probes/{path.name}"] = _read(path, f"{shown}/probes/{path.name}")
    files.update(_data(folder / "data", f"{shown}/data"))
    size = sum(len(content) for content in files.values())
    if size > MOST_BYTES:
        raise AuthoringError(
            "the released files are too large",
            where=shown,
            came=f"{size:,} bytes",
            expected=f"at most {MOST_BYTES:,} bytes",
            mend="make the data smaller, or generate it in a cell of exercise.py",
        )
    return dict(sorted(files.items()))


def _data(folder: Path, shown: str) -> dict[str, bytes]:
    if not folder.is_dir():
        return {}
    files = tree(folder, shown)
    if files.pop(MAKE_DATA, None) is not None:
        files.update(_made(folder / MAKE_DATA, f"{shown}/{MAKE_DATA}"))
    return {f"data/{name}": content for name, content in files.items()}


def _made(script: Path, shown: str) -> dict[str, bytes]:
    """What the script writes into its working directory, an empty folder."""
    with tempfile.TemporaryDirectory(prefix="make-data-") as scratch:
        try:
            done = subprocess.run(
                [sys.executable, "-P", str(script)],
                cwd=scratch,
                env={**os.environ, "PYTHONHASHSEED": "0"},
                capture_output=True,
                text=True,
                errors="replace",
                timeout=MAKE_DATA_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise AuthoringError(
                "the script did not end", where=shown, expected=f"an end within {MAKE_DATA_TIMEOUT_S} s"
            ) from None
        if done.returncode != 0:
            raise AuthoringError(
                "the script failed",
                where=shown,
                came=done.stderr.strip()[-1500:] or f"exit status {done.returncode}",
                expected="files written into the working directory, the same at each run (a fixed seed)",
            )
        return tree(Path(scratch), shown)


def tree(folder: Path, shown: str) -> dict[str, bytes]:
    """Every file below a folder by its relative path; hidden ones and caches are left out."""
    files: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if any(part.startswith(".") or part == "__pycache__" for part in relative.parts):
            continue
        if path.is_symlink() or not path.is_dir():
            files[relative.as_posix()] = _read(path, f"{shown}/{relative.as_posix()}")
    return files


def _read(path: Path, shown: str) -> bytes:
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise AuthoringError(
            "a released file is a link or a device",
            where=shown,
            expected="a plain file",
            mend="copy the file itself here",
        )
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise AuthoringError("the file is missing", where=shown, mend="copy it from exercises/_template/") from None
    except OSError as error:
        raise AuthoringError("the file cannot be read", where=shown, came=str(error)) from None
