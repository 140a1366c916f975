"""Lessons: `courses/<course>/<unit>.py` → a notebook that teaches and is not graded. Two builds are byte-equal."""

import ast
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.build.authored import assigned_names
from autograder.build.files import MOST_BYTES, tree
from autograder.build.notebook import FOLDED, METADATA, cell_id
from autograder.build.solution import released_source, solved_source
from autograder.build.text import Cell, ExerciseText, read_exercise_text
from autograder.catalogue.find import Catalogue, Course
from autograder.catalogue.load import check_yaml, key_line_of_text
from autograder.catalogue.models import LessonSpec
from autograder.errors import AuthoringError
from workbench.shelf import INTRODUCTION

NAMES_ITS_ANSWER = ("quiz", "order")  # their source does: it is folded away
FIRST_LINE = "# Run this cell: it asks you something.\n"  # JupyterLab shows the first line of a folded cell


@dataclass(frozen=True)
class Lesson:
    """One lesson file. `name` is `course/unit`; `shown` is how errors name the file."""

    name: str
    path: Path
    shown: str

    @property
    def unit(self) -> str:
        """The unit's name; also the notebook's."""
        return self.name.split("/")[-1]


@dataclass(frozen=True)
class WrittenLesson:
    """A lesson, read and consistent in itself."""

    lesson: Lesson
    spec: LessonSpec
    text: ExerciseText

    @property
    def has_steps(self) -> bool:
        """Whether a step is left to the reader, so that a solved notebook differs."""
        return bool(self.text.named("solution"))


def lessons_of(catalogue: Catalogue, course: Course) -> list[Lesson]:
    """The lessons of a course: its introduction where there is one, then those of its units, in their order.

    Where the course is not built whole, those of the named units only.

    Raises:
        AuthoringError: a lesson that is no unit of the course.
    """
    course_file = catalogue.course_files.get(course.name)
    folder = course_file.parent if course_file else catalogue.root / "courses" / course.name
    units = [exercise.unit for exercise in course.exercises]
    if course.spec is not None:
        for path in sorted(folder.glob("[!_.]*.py")):
            if path.stem not in (*units, INTRODUCTION):
                raise AuthoringError(
                    "the lesson is no unit of its course",
                    where=_shown(path, catalogue.root),
                    came=path.stem,
                    expected=f"one of: {', '.join(units)}",
                    mend="list the unit in course.yaml, correct the file's name, or begin the name of a draft with '_'",
                )
    first = [INTRODUCTION] if course.spec is not None else []
    paths = [folder / f"{name}.py" for name in dict.fromkeys([*first, *units])]
    return [Lesson(f"{course.name}/{p.stem}", p, _shown(p, catalogue.root)) for p in paths if p.exists()]


def read_lesson(lesson: Lesson) -> WrittenLesson:
    """Reads a lesson and checks that header and cells agree.

    Raises:
        AuthoringError: the first mistake, with its line.
    """
    text = read_exercise_text(lesson.path, lesson.shown)
    for cell in text.cells:
        if cell.kind in ("part", "written"):
            raise AuthoringError(
                "a lesson is not graded",
                where=f"{lesson.shown}, line {cell.line}",
                came=f'{cell.kind}="{cell.name}"',
                expected='cells of prose and code, solution="NAME" for a step left to the reader',
                mend="look at a step with wb.your_turn(…), or move the cell to the exercise",
            )
    header = _header(lesson)
    spec = check_yaml(header, LessonSpec, lesson.shown)
    _check_profiles(spec, text, header, lesson)
    return WrittenLesson(lesson, spec, text)


def lesson_notebook(written: WrittenLesson, *, solved: bool = False) -> dict[str, Any]:
    """The lesson as a notebook without outputs: with starters, or with the author's answers."""
    cells = [_cell(cell, position, solved) for position, cell in enumerate(written.text.cells)]
    metadata = {**METADATA, "title": written.spec.title}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def notebook_bytes(notebook: dict[str, Any]) -> bytes:
    """The notebook as nbformat writes it."""
    return (json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


def lesson_files(lesson: Lesson) -> dict[str, bytes]:
    """The files that the lesson reads, by their path beside the notebook: `data/<unit>/…`.

    Raises:
        AuthoringError: a link, or more than 32 MiB.
    """
    folder = lesson.path.parent / "data" / lesson.unit
    if not folder.is_dir():
        return {}
    shown = f"{Path(lesson.shown).parent}/data/{lesson.unit}"
    files = {f"data/{lesson.unit}/{name}": content for name, content in tree(folder, shown).items()}
    size = sum(map(len, files.values()))
    if size > MOST_BYTES:
        raise AuthoringError(
            "the lesson's files are too large",
            where=shown,
            came=f"{size:,} bytes",
            expected=f"at most {MOST_BYTES:,} bytes",
            mend="keep the rows that the lesson shows",
        )
    return files


def _header(lesson: Lesson) -> str:
    """The YAML in the comments above the first empty line, so that its line numbers are the file's."""
    lines = []
    for line in lesson.path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#") or line.replace(" ", "").startswith("#%%"):
            break
        lines.append(line[1:].removeprefix(" "))
    if not lines:
        raise AuthoringError(
            "the lesson's header is missing",
            where=f"{lesson.shown}, line 1",
            expected="comments with YAML: # title: …, # minutes: 20, # profiles: …",
            mend="see docs/lessons.md",
        )
    return "\n".join(lines)


def _check_profiles(spec: LessonSpec, text: ExerciseText, header: str, lesson: Lesson) -> None:
    known = assigned_names(text.parameters.source) if text.parameters else set()
    for name, profile in spec.profiles.items():
        for parameter in profile.parameters:
            if parameter not in known:
                key = ("profiles", name, "parameters", parameter)
                raise AuthoringError(
                    "a profile sets a name that the parameters cell does not",
                    where=f"{lesson.shown}, line {key_line_of_text(header, key)}, key {'.'.join(key)}",
                    came=parameter,
                    expected=f"one of: {', '.join(sorted(known))}" if known else 'a cell # %% tags=["parameters"]',
                    mend=f"give {parameter} its usual value in the parameters cell, or delete the key",
                )


def _cell(cell: Cell, position: int, solved: bool) -> dict[str, Any]:
    source = cell.source
    if cell.kind == "solution":
        source = solved_source(source) if solved else released_source(source, cell.name, True, "", cell.line)
    node: dict[str, Any] = {"id": cell_id(cell, position), "metadata": {}, "source": source}
    if not cell.is_code:
        return {**node, "cell_type": "markdown"}
    if cell.kind == "parameters":
        node["metadata"] = {"tags": ["parameters"]}
    elif _only_asks(source):
        node.update(metadata=FOLDED, source=FIRST_LINE + source)
    elif cell.folded:
        node["metadata"] = FOLDED
    return {**node, "cell_type": "code", "execution_count": None, "outputs": []}


def _only_asks(source: str) -> bool:
    """Whether a cell is nothing but wb.quiz(…) or wb.order(…)."""
    statements = ast.parse(source).body
    calls = [s.value.func for s in statements if isinstance(s, ast.Expr) and isinstance(s.value, ast.Call)]
    asked = [ast.unparse(function) in {f"wb.{name}" for name in NAMES_ITS_ANSWER} for function in calls]
    return bool(asked) and all(asked) and len(asked) == len(statements)


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
