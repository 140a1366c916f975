"""Writes the catalogue's folder: the page, shelf.json, and the released notebooks of all courses."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

from autograder.build.authored import Authored
from autograder.build.card import card_of_unit
from autograder.build.files import released_files
from autograder.build.lesson import WrittenLesson, lesson_files, lesson_notebook, notebook_bytes
from autograder.build.release import release_notebook
from autograder.catalogue.find import Catalogue
from autograder.errors import BuildError
from autograder.site.facts import CourseFacts, UnitFacts, collect
from autograder.site.page import page
from workbench.course_card import CARD
from workbench.shelf import FORMAT, LIST, NOTEBOOKS, PAGE, sources

Files = dict[str, bytes]


def write_shelf(catalogue: Catalogue, out: Path, on_unit: Callable[[str], None] | None = None) -> list[CourseFacts]:
    """Makes the folder beside `out` and puts it there at the end: a mistake in a source changes nothing.

    Raises:
        AuthoringError: the first mistake of a source.
        BuildError: `out` holds something else.
    """
    _refuse_other_folder(out)
    before = sources(catalogue.root)  # a file that changes while this runs makes the next `workbench start` do it again
    courses = list(collect(catalogue))
    out.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        pieces: dict[str, dict[str, str]] = {}
        for course in courses:
            pieces |= _write_course(course, staging / NOTEBOOKS, on_unit)
        data = {"format": FORMAT, "kit": version("ai-factory-course-kit"), "sources": before}
        data |= {"courses": [course.name for course in courses], "pieces": pieces}
        (staging / LIST).write_text(json.dumps(data, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        (staging / PAGE).write_text(page(courses), encoding="utf-8")
        staging.chmod(0o755)
        _put_in_place(staging, out)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return courses


def _write_course(
    course: CourseFacts, folder: Path, on_unit: Callable[[str], None] | None
) -> dict[str, dict[str, str]]:
    """Writes a course's pieces, each with the course's card beside it; the hashes of each piece's files by its name."""
    pieces = {}
    _write({CARD: course.card.to_json()}, folder / course.name)
    if course.introduction is not None:
        name = f"{course.introduction.lesson.name}/lesson"
        pieces[name] = _write(_lesson(course.introduction), folder / name)
        _write({CARD: course.card.to_json()}, folder / name)
    for unit in course.units:
        for kind, files in _pieces(unit):
            name = f"{unit.name}/{kind}"
            pieces[name] = _write(files, folder / name)
            card = card_of_unit(course.card, unit.unit) if kind == "exercise" else course.card
            _write({CARD: card.to_json()}, folder / name)
        if on_unit:
            on_unit(unit.name)
    return pieces


def _pieces(unit: UnitFacts) -> Iterator[tuple[str, Files]]:
    if unit.lesson is not None:
        yield "lesson", _lesson(unit.lesson)
    yield "exercise", _exercise(unit.authored)


def _lesson(written: WrittenLesson) -> Files:
    notebook = notebook_bytes(lesson_notebook(written))
    return {f"{written.lesson.unit}.ipynb": notebook, **lesson_files(written.lesson)}


def _exercise(authored: Authored) -> Files:
    exercise = authored.exercise
    notebook = json.loads(json.dumps(release_notebook(authored)))
    return {f"{exercise.unit}.ipynb": notebook_bytes(notebook), **released_files(exercise.folder, exercise.shown)}


def _write(files: Files, folder: Path) -> dict[str, str]:
    """Writes the files; the SHA-256 of each by its path."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}


def _refuse_other_folder(out: Path) -> None:
    """Only an empty folder or an earlier catalogue is replaced."""
    if out.is_dir() and any(out.iterdir()) and not (out / LIST).is_file():
        raise BuildError(
            "the folder holds something else; nothing was changed",
            where=str(out),
            expected="no such folder, an empty one, or an earlier catalogue",
            mend="choose another folder with --out",
        )


def _put_in_place(staging: Path, out: Path) -> None:
    old = staging.with_name(staging.name + "-old")
    if out.exists():
        os.rename(out, old)
    os.rename(staging, out)
    shutil.rmtree(old, ignore_errors=True)
