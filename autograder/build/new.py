"""A new exercise: a copy of the template with its names replaced."""

import os
import re
import shutil
import tempfile
from pathlib import Path

from autograder.catalogue.find import TEMPLATE
from autograder.catalogue.models import LONGEST_NAME, SLUG_WORDS, is_slug
from autograder.errors import AuthoringError

TEMPLATE_TITLE = "Running mean"
TEMPLATE_FOLDER = Path(__file__).resolve().parents[2] / "exercises" / TEMPLATE


def new_exercise(name: str, root: Path) -> Path:
    """Copies the template to `root/exercises/<course>/<unit>` and returns that folder.

    Raises:
        AuthoringError: the name is not COURSE/UNIT, the folder exists already, or there is no template.
    """
    course, unit = _names(name)
    template = root / "exercises" / TEMPLATE
    template = template if template.is_dir() else TEMPLATE_FOLDER
    target = root / "exercises" / course / unit
    if os.path.lexists(target):
        raise AuthoringError(
            "the exercise exists already",
            where=str(target.relative_to(root)),
            expected="a name that is free",
            mend="choose another name, or edit the one that is there",
        )
    if not (template / "exercise.yaml").is_file():
        raise AuthoringError("the template is missing", where=str(template), expected="the folder exercises/_template/")
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{unit}.new-", dir=target.parent))
    try:
        copy = scratch / unit
        shutil.copytree(template, copy, ignore=shutil.ignore_patterns("__pycache__", ".*", "*.pyc"))
        for path in sorted(copy.rglob("*")):
            if path.suffix in (".py", ".yaml"):
                path.write_text(_renamed(path.read_text(encoding="utf-8"), course, unit), encoding="utf-8")
        copy.rename(target)
    finally:
        shutil.rmtree(scratch)
    return target


def _names(name: str) -> tuple[str, str]:
    course, slash, unit = name.partition("/")
    if not slash or not is_slug(course) or not is_slug(unit):
        raise AuthoringError(
            "the name cannot be that of an exercise",
            where="COURSE/UNIT",
            came=repr(name),
            expected=f"two names with one '/' between: {SLUG_WORDS}, at most {LONGEST_NAME} characters each",
            mend="for example dask/dataframes",
        )
    return course, unit


def _renamed(text: str, course: str, unit: str) -> str:
    """The template's own name and title replaced; its topic stays, as an example to write over."""
    title = unit.replace("-", " ").capitalize()
    text = re.sub(rf"^(title: |# # ){TEMPLATE_TITLE}$", lambda found: found[1] + title, text, flags=re.MULTILINE)
    return re.sub(rf"(?<![\w/]){TEMPLATE}(?!\w)", f"{course}/{unit}", text)
