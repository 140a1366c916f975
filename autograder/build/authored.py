"""One exercise folder, read and checked across its files: the only way into building, verifying and grading it."""

import ast
from dataclasses import dataclass
from pathlib import Path

from autograder.build.text import ExerciseText, read_exercise_text
from autograder.build.variants import Variant, check_caught_by, read_variants
from autograder.catalogue.find import Exercise
from autograder.catalogue.load import key_line
from autograder.catalogue.models import MARK_WORDS, ExerciseSpec, is_mark_name
from autograder.errors import AuthoringError, KitError
from workbench.checks import Part
from workbench.loading import load_parts

MOST_HINTS = 2


@dataclass(frozen=True)
class Authored:
    """What an author wrote, consistent in itself."""

    exercise: Exercise
    spec: ExerciseSpec
    text: ExerciseText
    parts: dict[str, Part]
    variants: tuple[Variant, ...]

    def points(self, name: str) -> float:
        """Points of a part (the sum of its checks) or of a written part (the sum of its rubric)."""
        return self.parts[name].points if name in self.parts else self.spec.rubrics[name].points


def read_exercise(exercise: Exercise) -> Authored:
    """Reads every file of an exercise and checks that they agree.

    Raises:
        AuthoringError: the first mistake, with file and line.
    """
    _check_folder(exercise)
    spec = exercise.spec
    text = read_exercise_text(exercise.folder / "exercise.py", f"{exercise.shown}/exercise.py")
    parts = _load_parts(exercise)
    _check_parts(parts, text, exercise)
    _check_written(spec, text, parts, exercise)
    _check_profiles(spec, text, exercise)
    variants: list[Variant] = []
    checks = {f"{part.name}.{check.name}" for part in parts.values() for check in part.checks}
    for kind in ("correct", "wrong"):
        variants += read_variants(exercise.folder, kind, text, exercise.shown)
    for variant in variants:
        check_caught_by(variant, checks, exercise.shown)
    return Authored(exercise, spec, text, parts, tuple(variants))


def _check_folder(exercise: Exercise) -> None:
    if not exercise.folder.is_dir():
        raise AuthoringError("the folder is missing", where=exercise.shown, mend=f"`autograder new {exercise.name}`")
    for name in ("exercise.yaml", "exercise.py", "checks.py"):
        if not (exercise.folder / name).is_file():
            raise AuthoringError(
                "the file is missing",
                where=f"{exercise.shown}/{name}",
                expected="exercise.yaml, exercise.py and checks.py in each exercise",
                mend="copy it from exercises/_template/",
            )


def _load_parts(exercise: Exercise) -> dict[str, Part]:
    """The parts with all their checks; each has to be declared in checks.py, which the learner has."""
    try:
        released = load_parts(exercise.folder, hidden=False)
        parts = load_parts(exercise.folder)
    except KitError as error:
        where = error.where.replace(str(exercise.folder), exercise.shown)
        where = where if where.startswith(exercise.shown) else f"{exercise.shown}/checks.py or hidden.py, {where}"
        raise AuthoringError(error.what, where, error.came, error.expected, error.mend) from error
    for name in parts:
        if name not in released:
            raise AuthoringError(
                "the part is unknown to checks.py",
                where=f"{exercise.shown}/hidden.py, line {_line_of_part(exercise.folder / 'hidden.py', name)}",
                came=f"part {name} declared in hidden.py",
                expected="parts declared in checks.py, which hidden.py imports",
                mend="move the declaration to checks.py",
            )
    return parts


def _check_parts(parts: dict[str, Part], text: ExerciseText, exercise: Exercise) -> None:
    cells = text.named("part")
    for name, cell in cells.items():
        if name not in parts:
            raise AuthoringError(
                "the part is unknown to checks.py",
                where=f"{text.shown}, line {cell.line}",
                came=name,
                expected=f"one of: {', '.join(parts) or 'none'}",
                mend=f'declare part("{name}", title="…") in checks.py, or correct the name',
            )
    for name, part in parts.items():
        where = f"{exercise.shown}/checks.py, line {_line_of_part(exercise.folder / 'checks.py', name)}"
        if not is_mark_name(name):
            raise AuthoringError("the part's name cannot be used", where=where, came=name, expected=MARK_WORDS)
        if name not in cells:
            raise AuthoringError(
                f"the part {name} has no cell",
                where=where,
                came=f"cells for: {', '.join(cells) or 'none'}",
                expected=f'# %% part="{name}" in exercise.py',
                mend="add the cell, or delete the part",
            )
        if not part.checks:
            raise AuthoringError(
                f"the part {name} has no check",
                where=where,
                expected="at least one check in checks.py or hidden.py",
                mend="write a check, or delete the part and its cell",
            )
        _check_checks(part, exercise)
    if not parts and not text.named("written"):
        raise AuthoringError("nothing is graded", where=text.shown, expected="at least one part or written cell")


def _check_checks(part: Part, exercise: Exercise) -> None:
    """The kit's `check` refuses these already; a part made in another way must not get past it either."""
    for check in part.checks:
        line = check.function.__code__.co_firstlineno if hasattr(check.function, "__code__") else 1
        where = f"{exercise.shown}/{'checks' if check.visible else 'hidden'}.py, line {line}, {part.name}.{check.name}"
        if check.points <= 0:
            raise AuthoringError(
                "a check has no points", where=where, came=str(check.points), expected="points above 0"
            )
        if len(check.hints) > MOST_HINTS:
            raise AuthoringError(
                "a check has too many hints", where=where, came=f"{len(check.hints)} hints", expected="at most two"
            )


def _check_written(spec: ExerciseSpec, text: ExerciseText, parts: dict[str, Part], exercise: Exercise) -> None:
    cells = text.named("written")
    for name, cell in cells.items():
        where = f"{text.shown}, line {cell.line}"
        if name in parts:
            raise AuthoringError(
                "a written part has the name of a checked part", where=where, came=name, mend="rename one of them"
            )
        if name not in spec.rubrics:
            raise AuthoringError(
                f"the written part {name} has no rubric",
                where=where,
                came=f"rubrics for: {', '.join(spec.rubrics) or 'none'}",
                expected=f"rubrics.{name} in exercise.yaml with title and criteria",
                mend="write the rubric: it gives the points",
            )
    for name in spec.rubrics:
        if name not in cells:
            line = key_line(exercise.folder / "exercise.yaml", ("rubrics", name))
            raise AuthoringError(
                f"the rubric {name} has no written cell",
                where=f"{exercise.shown}/exercise.yaml, line {line}, key rubrics.{name}",
                came=f"written cells: {', '.join(cells) or 'none'}",
                expected=f'# %% [markdown] written="{name}" in exercise.py',
                mend="add the cell, or delete the rubric",
            )


def _check_profiles(spec: ExerciseSpec, text: ExerciseText, exercise: Exercise) -> None:
    cell = text.parameters
    known = assigned_names(cell.source) if cell else set()
    for name, profile in spec.profiles.items():
        for parameter in profile.parameters:
            if parameter in known:
                continue
            key = ("profiles", name, "parameters", parameter)
            line = key_line(exercise.folder / "exercise.yaml", key)
            raise AuthoringError(
                "a profile sets a name that the parameters cell does not"
                if cell
                else "a profile has parameters, but exercise.py has no parameters cell",
                where=f"{exercise.shown}/exercise.yaml, line {line}, key {'.'.join(key)}",
                came=parameter,
                expected=f"one of: {', '.join(sorted(known))}" if cell else '# %% tags=["parameters"] in exercise.py',
                mend=f"give {parameter} its usual value in the parameters cell, or delete the key",
            )


def assigned_names(source: str) -> set[str]:
    """The names that a cell gives a value."""
    return {
        node.id
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _line_of_part(path: Path, name: str) -> int:
    """The line of `part("name", …)`; 1 where it is not written out."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and any(isinstance(a, ast.Constant) and a.value == name for a in node.args):
            return node.lineno
    return 1
