"""What a course directory says about grading: its secret, the exercises that were released, and their points."""

import json
import os
import secrets
import tempfile
from pathlib import Path
from typing import Any

from autograder.errors import GradingError
from autograder.grade.models import Bundle

SECRET = "secret"  # noqa: S105 - a file's name
SECRET_CHARS = 64


def course_secret(course_dir: Path) -> str:
    """The course's secret, from which the seeds of all checks come; made at first use, readable by its owner alone.

    Call it with the journal's lock held.

    Raises:
        GradingError: it is damaged.
    """
    path = course_dir / SECRET
    if not path.exists():
        # Whole or not at all: half a secret would keep the course from being graded.
        fd, name = tempfile.mkstemp(dir=course_dir, prefix=f".{SECRET}.")
        with open(fd, "w", encoding="ascii") as stream:
            stream.write(secrets.token_hex(SECRET_CHARS // 2))
            stream.flush()
            os.fsync(fd)
        os.replace(name, path)
    secret = path.read_text(encoding="utf-8", errors="replace").strip()
    if len(secret) != SECRET_CHARS or set(secret) - set("0123456789abcdef"):
        raise GradingError(
            "The course's secret is damaged.",
            where=str(path),
            came=f"{len(secret)} characters",
            expected=f"{SECRET_CHARS} hexadecimal digits",
            mend="restore it from a backup, or delete it: a new one is made, and everything is graded again",
        )
    return secret


def known_units(course_dir: Path) -> set[str]:
    """The exercises that were released."""
    release = course_dir / "release"
    return {path.name for path in release.iterdir() if path.is_dir()} if release.is_dir() else set()


def require_release(course_dir: Path, unit: str, bundle: Bundle) -> None:
    """Refuses to grade by other parts or points than those that were released: the gradebook has the released ones.

    Raises:
        GradingError: the exercise was not built, or its parts or points changed since.
    """
    path = course_dir / "release" / unit / f"{unit}.ipynb"
    mend = f"build it (submissions and marks are kept): autograder build {bundle.exercise}"
    try:
        cells: list[dict[str, Any]] = json.loads(path.read_bytes())["cells"]
    except FileNotFoundError:
        raise GradingError("The exercise was not built.", where=str(path), mend=mend) from None
    except (ValueError, KeyError, TypeError) as error:
        raise GradingError("The release cannot be read.", where=str(path), came=repr(error), mend=mend) from error
    marked = [cell["metadata"]["nbgrader"] for cell in cells if cell.get("metadata", {}).get("nbgrader")]
    released = {mark["grade_id"]: float(mark["points"]) for mark in marked if mark.get("grade")}
    now = {part.cell_id: part.max_points for part in bundle.parts}
    if now != released:
        raise GradingError(
            "The exercise's parts or points are no longer those of the release.",
            where=bundle.exercise,
            came=_listed(now),
            expected=_listed(released),
            mend=mend,
        )


def _listed(points: dict[str, float]) -> str:
    return ", ".join(f"{name} ({value:g})" for name, value in points.items())
