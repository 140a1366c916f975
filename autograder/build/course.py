"""Builds a course directory with nbgrader's own converters, beside what is there, and puts it in place at the end."""

import fcntl
import logging
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import GenerateAssignment, NbGraderException
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from autograder.book.revision import read_revisions_here
from autograder.build.authored import Authored, read_exercise
from autograder.build.card import card_of_unit, make_card
from autograder.build.files import released_files
from autograder.build.lesson import Lesson, lesson_files, lesson_notebook, notebook_bytes, read_lesson
from autograder.build.notebook import source_notebook
from autograder.build.release import RELEASE_STEPS
from autograder.catalogue.find import Course
from autograder.errors import BuildError
from workbench.course_card import CARD, Card

CONFIG = '''"""nbgrader's settings for the course {name}; made by `autograder build`."""

from pathlib import Path

from autograder.build.release import RELEASE_STEPS

c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "{name}"
c.CourseDirectory.root = str(Path(__file__).resolve().parent)
c.GenerateAssignment.preprocessors = RELEASE_STEPS
'''


def build_course(
    course: Course,
    out_dir: Path,
    on_unit: Callable[[str], None] | None = None,
    lessons: Sequence[Lesson] = (),
    *,
    card: Card | None = None,
    inside: bool = False,
) -> Path:
    """Makes `out_dir/<course>/{source,release,lessons,gradebook.db,nbgrader_config.py}` for exercises and lessons.

    Everything is made in a temporary folder beside it and renamed at the end: a failure changes nothing. Other units,
    submitted/, autograded/, feedback/, the marks in the gradebook and the journal are kept.

    Args:
        on_unit: called with each exercise's name when it is ready.
        lessons: those to build; of a whole course, a notebook of any other is removed.
        card: of the whole course, where `course` holds only some of its units.
        inside: the temporary folder is made in the course directory, where that alone can be written.

    Returns:
        the course directory.

    Raises:
        AuthoringError: an exercise has a mistake.
        BuildError: parts were added or removed after submissions exist, another build runs, or nbgrader failed.
    """
    final = out_dir / course.name
    (final if inside else out_dir).mkdir(parents=True, exist_ok=True)
    beside = final if inside else out_dir
    card = card or make_card(course, lessons)
    with _only_build(beside, course.name), _staging(beside, course.name) as staging:
        before = _stamp(final / "gradebook.db")
        _copy_gradebook(final / "gradebook.db", staging / "gradebook.db")
        for exercise in course.exercises:
            authored = read_exercise(exercise)
            _refuse_other_parts(authored, final, staging / "gradebook.db")
            _write_source(authored, card, staging / "source" / exercise.unit)
            _generate(course.name, exercise.unit, staging)
            if on_unit:
                on_unit(exercise.name)
        for lesson in lessons:
            _write_lesson(lesson, card, staging / "lessons")
        (staging / "nbgrader_config.py").write_text(CONFIG.format(name=course.name), encoding="utf-8")
        if _stamp(final / "gradebook.db") != before:
            raise BuildError(
                "marks were written while the course was built; nothing was changed",
                where=str(final / "gradebook.db"),
                mend="run the build again when grading has ended",
            )
        _put_in_place(staging, final)
        _put_lessons(staging, final, whole=course.spec is not None)
    return final


def _write_source(authored: Authored, card: Card, folder: Path) -> None:
    """What nbgrader may copy beside a learner's code: the notebook and the released files, never hidden.py."""
    folder.mkdir(parents=True)
    files = released_files(authored.exercise.folder, authored.exercise.shown)
    for name, content in {CARD: card_of_unit(card, authored.exercise.unit).to_json(), **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    nbformat.write(source_notebook(authored), folder / f"{authored.exercise.unit}.ipynb")


def _write_lesson(lesson: Lesson, card: Card, folder: Path) -> None:
    notebook = notebook_bytes(lesson_notebook(read_lesson(lesson)))
    for name, content in {CARD: card.to_json(), f"{lesson.unit}.ipynb": notebook, **lesson_files(lesson)}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _generate(course: str, unit: str, staging: Path) -> None:
    """nbgrader's generate_assignment for one unit, in this process; its log becomes the error's text."""
    read_revisions_here()
    log = logging.getLogger("autograder.build.nbgrader")
    log.propagate = False
    log.setLevel(logging.ERROR)
    said = _Said()
    log.addHandler(said)
    config = Config()
    config.CourseDirectory.root = str(staging)
    config.CourseDirectory.course_id = course
    config.CourseDirectory.db_url = f"sqlite:///{staging / 'gradebook.db'}"
    config.CourseDirectory.assignment_id = unit
    config.GenerateAssignment.preprocessors = RELEASE_STEPS
    try:
        GenerateAssignment(coursedir=CourseDirectory(config=config, log=log), config=config, log=log).start()
    except (NbGraderException, SystemExit) as error:
        came = "\n".join(said.lines)[-2000:] or str(error)
        raise BuildError("nbgrader could not make the release", where=f"{course}/{unit}", came=came) from error
    finally:
        log.removeHandler(said)


class _Said(logging.Handler):
    """Keeps what was logged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def _refuse_other_parts(authored: Authored, final: Path, gradebook: Path) -> None:
    """nbgrader would delete the release when cells that carry marks or answers come or go after submissions exist."""
    unit = authored.exercise.unit
    collected = len(list((final / "submitted").glob(f"*/{unit}")))
    if not gradebook.exists():
        return
    with Gradebook(f"sqlite:///{gradebook}", authored.exercise.course) as book:
        try:
            notebook = book.find_notebook(unit, unit)
        except MissingEntry:
            return
        submissions = max(collected, len(notebook.submissions))
        known = {cell.name for cell in (*notebook.grade_cells, *notebook.solution_cells)}
    wanted = {f"{cell.kind}-{cell.name}" for cell in authored.text.cells if cell.name}
    if not submissions or wanted == known:
        return
    added, removed = ", ".join(sorted(wanted - known)), ", ".join(sorted(known - wanted))
    raise BuildError(
        "parts or solution cells were added or removed after submissions exist; nothing was changed",
        where=authored.text.shown,
        came="; ".join(
            filter(None, [f"{submissions} submissions", added and f"added {added}", removed and f"gone {removed}"])
        ),
        expected=f"the cells of the release: {', '.join(sorted(known))}",
        mend="put new checks into an existing part, make the new part a unit of its own, or teach the change next time",
    )


def _stamp(path: Path) -> tuple[int, int] | None:
    """When the file was last written, and its size; None without the file."""
    return (path.stat().st_mtime_ns, path.stat().st_size) if path.exists() else None


def _copy_gradebook(path: Path, copy: Path) -> None:
    """A consistent copy, also while somebody reads or writes the original."""
    if not path.exists():
        return
    source, target = sqlite3.connect(f"file:{path}?mode=ro", uri=True), sqlite3.connect(copy)
    try:
        source.backup(target)
    except sqlite3.Error as error:
        raise BuildError("the gradebook cannot be read", where=str(path), came=str(error)) from error
    finally:
        source.close()
        target.close()


def _put_in_place(staging: Path, final: Path) -> None:
    """Renames the new things over the old ones; the old ones go away with the temporary folder."""
    old = staging / "old"
    for step in ("source", "release"):
        (old / step).mkdir(parents=True)
        (final / step).mkdir(parents=True, exist_ok=True)
        for unit in sorted((staging / step).iterdir()):
            if (final / step / unit.name).exists():
                os.rename(final / step / unit.name, old / step / unit.name)
            os.rename(unit, final / step / unit.name)
    for name in ("gradebook.db", "nbgrader_config.py"):
        os.replace(staging / name, final / name)


def _put_lessons(staging: Path, final: Path, *, whole: bool) -> None:
    """Each notebook, then its data, over the old one. A course that is built whole keeps no others."""
    made, there = staging / "lessons", final / "lessons"
    names = {path.name for path in made.glob("*.ipynb")}
    for old in there.glob("*.ipynb") if whole else ():
        if old.name not in names:
            old.unlink()
            shutil.rmtree(there / "data" / old.stem, ignore_errors=True)
    for new in sorted(made.glob("*.ipynb")):
        there.mkdir(exist_ok=True)
        shutil.copyfile(made / CARD, there / CARD)
        os.replace(new, there / new.name)
        shutil.rmtree(there / "data" / new.stem, ignore_errors=True)
        if (made / "data" / new.stem).is_dir():
            (there / "data").mkdir(exist_ok=True)
            os.rename(made / "data" / new.stem, there / "data" / new.stem)


@contextmanager
def _staging(out_dir: Path, course: str) -> Iterator[Path]:
    """A temporary folder on the same file system, so that renaming works; those of killed builds are removed first."""
    for left in out_dir.glob(f".{course}.building-*"):
        shutil.rmtree(left)
    folder = Path(tempfile.mkdtemp(prefix=f".{course}.building-", dir=out_dir)).resolve()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def _only_build(beside: Path, course: str) -> Iterator[None]:
    """Refuses a second build of the course at the same time."""
    with (beside / f".{course}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BuildError(
                "another build of this course is running", where=course, mend="wait until it has ended"
            ) from None
        yield
