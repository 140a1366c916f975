"""What the catalogue says about each course and unit, from the sources alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autograder.build.authored import Authored, read_exercise
from autograder.build.card import make_card
from autograder.build.lesson import Lesson, WrittenLesson, lessons_of, read_lesson
from autograder.catalogue.find import Catalogue, Course
from autograder.catalogue.models import Profiled
from autograder.site.measured import Measured, measurements
from workbench.course_card import Card
from workbench.shelf import INTRODUCTION


@dataclass(frozen=True)
class PartFacts:
    """One graded part; `written`: a person reads it."""

    name: str
    title: str
    points: float
    written: bool


@dataclass(frozen=True)
class UnitFacts:
    """One unit: its lesson, where there is one, and its exercise.

    Attributes:
        name: `course/unit`.
        needs: the units that come before it, as `course/unit`, in the order of exercise.yaml.
        larger_on: the profiles, of gpu and cluster, in which it computes something else than on a laptop.
        measured: what its notebooks took where somebody ran them.
    """

    name: str
    authored: Authored
    lesson: WrittenLesson | None
    parts: tuple[PartFacts, ...]
    needs: tuple[str, ...]
    larger_on: tuple[str, ...]
    measured: tuple[Measured, ...]

    @property
    def unit(self) -> str:
        return self.name.split("/")[-1]

    @property
    def title(self) -> str:
        return self.authored.spec.title

    @property
    def minutes(self) -> int:
        """Of lesson and exercise."""
        return self.authored.spec.minutes + (self.lesson.spec.minutes if self.lesson else 0)

    @property
    def points(self) -> float:
        return sum(part.points for part in self.parts)


@dataclass(frozen=True)
class CourseFacts:
    """One course and its units, in the order in which they are taught; `introduction` comes before them."""

    name: str
    title: str
    audience: str
    outcomes: tuple[str, ...]
    introduction: WrittenLesson | None
    units: tuple[UnitFacts, ...]
    card: Card

    @property
    def minutes(self) -> int:
        first = self.introduction.spec.minutes if self.introduction else 0
        return first + sum(unit.minutes for unit in self.units)


def collect(catalogue: Catalogue) -> tuple[CourseFacts, ...]:
    """All courses by name. Raises AuthoringError on the first mistake of any of their files."""
    return tuple(_course(catalogue, catalogue.course(name)) for name in sorted(catalogue.course_files))


def _course(catalogue: Catalogue, course: Course) -> CourseFacts:
    assert course.spec is not None  # it was found by its course.yaml
    lessons = {lesson.unit: lesson for lesson in lessons_of(catalogue, course)}
    measured = measurements(catalogue.root, course.name)
    units = [
        _unit(read_exercise(exercise), lessons.get(exercise.unit), measured.get(exercise.name, ()))
        for exercise in course.exercises
    ]
    spec = course.spec
    card = make_card(course, tuple(lessons.values()))
    introduction = read_lesson(lessons[INTRODUCTION]) if INTRODUCTION in lessons else None
    return CourseFacts(course.name, spec.title, spec.audience, spec.outcomes, introduction, tuple(units), card)


def _unit(authored: Authored, lesson: Lesson | None, measured: Sequence[Measured]) -> UnitFacts:
    written = read_lesson(lesson) if lesson else None
    return UnitFacts(
        name=authored.exercise.name,
        authored=authored,
        lesson=written,
        parts=tuple(_parts(authored)),
        needs=tuple(authored.spec.prerequisites),
        larger_on=_larger_on([authored.spec, *([written.spec] if written else [])]),
        measured=tuple(measured),
    )


def _parts(authored: Authored) -> Iterator[PartFacts]:
    for cell in authored.text.cells:
        if cell.kind in ("part", "written"):
            written = cell.kind == "written"
            title = authored.spec.rubrics[cell.name].title if written else authored.parts[cell.name].title
            yield PartFacts(cell.name, title, authored.points(cell.name), written)


def _larger_on(specs: Sequence[Profiled]) -> tuple[str, ...]:
    return tuple(
        name for name in ("gpu", "cluster") if any(spec.profile(name) != spec.profile("laptop") for spec in specs)
    )
