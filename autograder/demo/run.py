"""Builds the demo's courses, hands in for a cohort, grades it, and compares the marks with what must come."""

import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from autograder.book.feedback import write_feedback
from autograder.build.course import build_course
from autograder.catalogue.find import Catalogue, Course, Exercise
from autograder.demo.cast import Entry, Work, cast_of, hand_in
from autograder.demo.disasters import disasters_of
from autograder.demo.expected import checked_points
from autograder.errors import BuildError
from autograder.grade.cohort import Progress, Settings, Summary, grade_course
from autograder.grade.models import Record

# The disasters are handed in for the last: an endless loop takes as long as a cell may, and should have company.
EXERCISES = ("accelerator/roofline", "training/data-parallel", "dask/dataframes")
PROFILE = "smoke"  # the checks are the same; only cells that measure the machine do less
MARKER = ".made-by-autograder-demo"
WRONG_OF_EACH = 4
Watching = Callable[[str], AbstractContextManager[Callable[[Progress], None]]]


@dataclass(frozen=True)
class Outcome:
    """What came of an entry: its record, None for no mark, and the grader's sentences about it."""

    entry: Entry
    record: Record | None
    sentences: list[str]

    @property
    def problem(self) -> str:
        """What is not as it must be; "" where all is."""
        return self.entry.expected.problem(self.record, self.sentences)


@dataclass
class Demo:
    """All that came of it. `seconds`: wall time of each step."""

    folders: list[Path]
    outcomes: list[Outcome] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def gained(self) -> tuple[int, float]:
        """How many forgeries there were, and the points that they got; their notebooks hold no honest answer."""
        forgeries = [outcome for outcome in self.outcomes if outcome.entry.kind == "forgery"]
        points = [checked_points(outcome.record)[0] for outcome in forgeries if outcome.record is not None]
        return len(forgeries), sum(points)


def run_demo(
    catalogue: Catalogue,
    out_dir: Path,
    names: Sequence[str],
    watching: Watching,
    *,
    wrong: int = WRONG_OF_EACH,
    workers: int | None = None,
) -> Demo:
    """The whole demo in `out_dir`, which is emptied first.

    Args:
        names: exercises; the disasters are handed in for the last of them.
        watching: given what is graded, shows its progress.
        wrong: wrong answers of each exercise.

    Raises:
        BuildError: `out_dir` holds something that is not the demo's.
        KitError: an exercise has a mistake, or nothing can be graded here.
    """
    exercises = [catalogue.exercise(name) for name in names]
    _empty(out_dir)
    clock = _Clock()
    courses = _courses(catalogue, exercises)
    demo = Demo([build_course(course, out_dir) for course in courses], seconds=clock.seconds)
    clock.stop("build")
    entries = [*cast_of(exercises, wrong), *disasters_of(Work.of(exercises[-1]))]
    hand_in(entries, out_dir)
    clock.stop("hand in")
    summaries: dict[str, Summary] = {}
    settings = Settings(profile=PROFILE, workers=workers)
    for course, folder in zip(courses, demo.folders, strict=True):
        with watching(course.name) as watch:
            summaries[course.name] = grade_course(folder, course.exercises, settings, watch)
    clock.stop("grade")
    for folder in demo.folders:
        demo.problems += write_feedback(folder).problems
    clock.stop("feedback")
    demo.outcomes = [_outcome(entry, summaries[entry.course]) for entry in entries]
    for summary in summaries.values():
        demo.problems += summary.problems
    return demo


class _Clock:
    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last_s = time.monotonic()

    def stop(self, step: str) -> None:
        now_s = time.monotonic()
        self.seconds[step], self._last_s = now_s - self._last_s, now_s


def _empty(out_dir: Path) -> None:
    """Removes what an earlier demo made, and nothing else."""
    if out_dir.is_dir() and any(out_dir.iterdir()):
        if not (out_dir / MARKER).is_file():
            raise BuildError(
                "the folder for the demo holds something else",
                where=str(out_dir),
                expected="an empty folder, or one that an earlier demo made",
                mend="name another folder, or remove this one yourself",
            )
        shutil.rmtree(out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    (out_dir / MARKER).write_text("`autograder demo` removes this folder when it runs again.\n", encoding="utf-8")


def _courses(catalogue: Catalogue, exercises: Sequence[Exercise]) -> list[Course]:
    """The exercises by course, in the order in which they were named."""
    names = dict.fromkeys(exercise.course for exercise in exercises)
    return [
        Course(name, catalogue.course(name).spec, tuple(e for e in exercises if e.course == name)) for name in names
    ]


def _outcome(entry: Entry, summary: Summary) -> Outcome:
    for record in summary.records:
        if (record.learner, record.exercise) == (entry.learner, entry.exercise):
            return Outcome(entry, record, [record.result.sentence])
    shown = ascii(entry.learner)[1:-1]
    said = [sentence for sentence in summary.not_graded if sentence.startswith((f"{shown}:", f"{shown},"))]
    return Outcome(entry, None, said)
