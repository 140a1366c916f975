"""Finds courses and exercises by path: the project's folders, and the private ones of AUTOGRADER_EXERCISES."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from autograder.catalogue.load import key_line, load_course_spec, load_exercise_spec
from autograder.catalogue.models import SLUG_WORDS, CourseSpec, ExerciseSpec, is_slug
from autograder.errors import AuthoringError

EXERCISES_VARIABLE = "AUTOGRADER_EXERCISES"
TEMPLATE = "_template"


@dataclass(frozen=True)
class Exercise:
    """One exercise folder. `name` is `course/unit`; the template's is `_template`."""

    name: str
    folder: Path
    shown: str  # how errors name the folder: relative to the project where it lies in it

    @property
    def course(self) -> str:
        """The course's folder name."""
        return self.name.split("/")[0]

    @property
    def unit(self) -> str:
        """The unit's folder name; also the notebook's name and nbgrader's assignment id."""
        return self.name.split("/")[-1].strip("_")

    @cached_property
    def spec(self) -> ExerciseSpec:
        """The checked exercise.yaml. Raises AuthoringError."""
        return load_exercise_spec(self.folder / "exercise.yaml", f"{self.shown}/exercise.yaml")


@dataclass(frozen=True)
class Course:
    """One course and the exercises of its units, in order. `spec` is None for a course without course.yaml."""

    name: str
    spec: CourseSpec | None
    exercises: tuple[Exercise, ...] = field(default=())


@dataclass(frozen=True)
class Catalogue:
    """All courses and exercises that can be seen; their YAML is read only when asked for."""

    root: Path
    exercises: dict[str, Exercise]
    course_files: dict[str, Path]

    def exercise(self, name: str) -> Exercise:
        """The exercise `course/unit`, or `_template`, its prerequisites checked. Raises AuthoringError."""
        found = self.exercises.get(name)
        if found is None:
            known = ", ".join(sorted(self.exercises)) or "none"
            raise AuthoringError(
                "there is no such exercise",
                where=name,
                expected=f"one of: {known}",
                mend=f"`autograder new {name}` makes it; {EXERCISES_VARIABLE} adds further folders",
            )
        self._check_prerequisites([found])
        return found

    def course(self, name: str) -> Course:
        """The course and its exercises in order; each unit must exist, prerequisites must make sense.

        Raises:
            AuthoringError: no such course, a missing unit, an unknown prerequisite or a cycle of them.
        """
        path = self.course_files.get(name)
        if path is None:
            known = ", ".join(sorted(self.course_files)) or "none"
            raise AuthoringError(
                "there is no such course",
                where=name,
                expected=f"one of: {known}",
                mend=f"write courses/{name}/course.yaml, or name a single exercise as {name}/UNIT",
            )
        shown = _shown(path, self.root)
        spec = load_course_spec(path, shown)
        exercises = []
        for index, entry in enumerate(spec.units):
            found = self.exercises.get(f"{name}/{entry.unit}")
            if found is None:
                line = key_line(path, ("units", index, "unit"))
                here = ", ".join(sorted(e.unit for e in self.exercises.values() if e.course == name)) or "none"
                raise AuthoringError(
                    "the course lists a unit that does not exist",
                    where=f"{shown}, line {line}, key units.{index}.unit",
                    came=entry.unit,
                    expected=f"the folder exercises/{name}/{entry.unit}; there are: {here}",
                    mend=f"run `autograder new {name}/{entry.unit}`, or correct the name",
                )
            exercises.append(found)
        self._check_prerequisites(exercises)
        return Course(name, spec, tuple(exercises))

    def _check_prerequisites(self, exercises: Iterable[Exercise]) -> None:
        settled: set[str] = set()
        for exercise in exercises:
            self._follow(exercise, (), settled)

    def _follow(self, exercise: Exercise, trail: tuple[str, ...], settled: set[str]) -> None:
        """Depth-first along prerequisites; `trail` is how we came here, so a name met again on it closes a cycle."""
        if exercise.name in trail:
            cycle = " → ".join((*trail[trail.index(exercise.name) :], exercise.name))
            raise AuthoringError(
                "the prerequisites go round in a circle",
                where=f"{exercise.shown}/exercise.yaml, key prerequisites",
                came=cycle,
                expected="an order in which each unit comes after those that it needs",
                mend="delete one of these prerequisites",
            )
        if exercise.name in settled:
            return
        for index, needed in enumerate(exercise.spec.prerequisites):
            found = self.exercises.get(needed)
            if found is None:
                line = key_line(exercise.folder / "exercise.yaml", ("prerequisites", index))
                raise AuthoringError(
                    "the prerequisite is unknown",
                    where=f"{exercise.shown}/exercise.yaml, line {line}, key prerequisites.{index}",
                    came=needed,
                    expected=f"one of: {', '.join(sorted(self.exercises))}",
                    mend="correct the name, or delete the line",
                )
            self._follow(found, (*trail, exercise.name), settled)
        settled.add(exercise.name)


def project_root(start: Path | None = None) -> Path:
    """The nearest folder at or above `start` (default: here) that has exercises/ or courses/, else the kit's own.

    Raises:
        AuthoringError: there is none.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[2]):
        if (folder / "exercises").is_dir() or (folder / "courses").is_dir():
            return folder
    raise AuthoringError(
        "no project was found",
        where=str(here),
        expected="a folder with exercises/ and courses/, here or above",
        mend="change into the project's folder",
    )


def find_catalogue(root: Path | None = None) -> Catalogue:
    """Every course and exercise of the project at `root` (default: found from here) and of AUTOGRADER_EXERCISES.

    Raises:
        AuthoringError: no project, a private folder that does not exist, or two folders for one name.
    """
    root = (root or project_root()).resolve()
    private = _private_folders()
    exercises: dict[str, Exercise] = {}
    for exercise in (e for top in (root / "exercises", *private) for e in _exercises_in(top, root)):
        if exercise.name in exercises:
            raise _twice("exercise", exercise.name, exercises[exercise.name].folder, exercise.folder)
        exercises[exercise.name] = exercise
    course_files: dict[str, Path] = {}
    for path in (p for top in (root / "courses", *private) for p in sorted(top.glob("*/course.yaml"))):
        if path.parent.name in course_files:
            raise _twice("course", path.parent.name, course_files[path.parent.name], path)
        course_files[path.parent.name] = path
    return Catalogue(root, exercises, course_files)


def exercise_at(folder: Path) -> Exercise:
    """The exercise in a folder laid out as `<course>/<unit>`, without looking at any other."""
    folder = folder.resolve()
    name = TEMPLATE if folder.name == TEMPLATE else f"{folder.parent.name}/{folder.name}"
    return Exercise(name, folder, name)


def _private_folders() -> list[Path]:
    folders = [Path(text).expanduser() for text in os.environ.get(EXERCISES_VARIABLE, "").split(os.pathsep) if text]
    for folder in folders:
        if not folder.is_dir():
            raise AuthoringError(
                "a folder of private exercises does not exist",
                where=f"environment variable {EXERCISES_VARIABLE}",
                came=str(folder),
                expected=f"folders laid out as <course>/<unit>, separated by {os.pathsep!r}",
                mend="correct the variable, or make the folder",
            )
    return [folder.resolve() for folder in folders]


def _exercises_in(top: Path, root: Path) -> Iterator[Exercise]:
    """The exercises below a folder; a folder counts when any of an exercise's files is in it."""
    if (top / TEMPLATE / "exercise.yaml").is_file() and top == root / "exercises":
        yield Exercise(TEMPLATE, top / TEMPLATE, _shown(top / TEMPLATE, root))
    for folder in sorted(top.glob("[!._]*/[!._]*/")):
        if not any((folder / name).exists() for name in ("exercise.yaml", "exercise.py", "checks.py")):
            continue
        for name in (folder.parent.name, folder.name):
            if not is_slug(name):
                raise AuthoringError(
                    "the folder's name cannot be the name of a course or unit",
                    where=_shown(folder, root),
                    came=name,
                    expected=f"{SLUG_WORDS}, at most 60 characters",
                    mend="rename the folder",
                )
        yield Exercise(f"{folder.parent.name}/{folder.name}", folder, _shown(folder, root))


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _twice(kind: str, name: str, first: Path, second: Path) -> AuthoringError:
    return AuthoringError(
        f"two folders hold the {kind} {name}",
        where=str(second),
        came=f"also {first}",
        expected="each name once, over the project and the private folders",
        mend=f"rename one of them, or take a folder out of {EXERCISES_VARIABLE}",
    )
