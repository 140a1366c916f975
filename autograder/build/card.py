"""`course.json`: what a notebook knows of its course; `wb.progress` reads it. It lies in each folder of notebooks."""

from collections.abc import Sequence
from dataclasses import replace

from autograder.build.lesson import Lesson, read_lesson
from autograder.build.text import read_exercise_text
from autograder.catalogue.find import Course, Exercise
from autograder.errors import AuthoringError
from workbench.course_card import Card, Unit


def make_card(course: Course, lessons: Sequence[Lesson]) -> Card:
    """The card of a course with these lessons.

    A unit with a mistake stands in it by what can be read of it: the mistake is told where that unit is built.
    """
    minutes = {lesson.unit: _lesson_minutes(lesson) for lesson in lessons}
    units = tuple(_unit(exercise, minutes.get(exercise.unit, 0)) for exercise in course.exercises)
    return Card(course.name, course.spec.title if course.spec else course.name, "", units)


def card_of_unit(card: Card, unit: str) -> Card:
    """The card that lies beside the notebook of an exercise."""
    return replace(card, unit=unit)


def _unit(exercise: Exercise, lesson_minutes: int) -> Unit:
    try:
        spec = exercise.spec
        text = read_exercise_text(exercise.folder / "exercise.py", f"{exercise.shown}/exercise.py")
    except AuthoringError:
        return Unit(exercise.unit, exercise.unit, 0, lesson_minutes, (), ())
    parts = tuple(text.named("part"))
    return Unit(exercise.unit, spec.title, spec.minutes, lesson_minutes, tuple(spec.prerequisites), parts)


def _lesson_minutes(lesson: Lesson) -> int:
    try:
        return read_lesson(lesson).spec.minutes
    except AuthoringError:
        return 0
