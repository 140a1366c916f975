"""`autograder build [COURSE[/UNIT] …]`."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from autograder.catalogue.find import Catalogue, Course, find_catalogue
from autograder.catalogue.models import ProfileName
from autograder.errors import AuthoringError

if TYPE_CHECKING:
    from autograder.build.lesson import Lesson
    from workbench.course_card import Card


@click.command()
@click.argument("names", metavar="[COURSE[/UNIT]]...", nargs=-1)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the course directories are made. Default: build/ in the project.",
)
@click.option("--inside", is_flag=True, help="Write in the course directory alone, not beside it.")
@click.option("--run", is_flag=True, help="Also run lessons, and exercises with their solutions, and measure them.")
@click.option(
    "--profile",
    type=click.Choice(get_args(ProfileName)),
    default="laptop",
    show_default=True,
    help="With --run: whose parameters and environment.",
)
@click.option("--sandbox", is_flag=True, help="With --run: as graded work runs, without a network but loopback.")
def build(names: tuple[str, ...], out: Path | None, inside: bool, run: bool, profile: str, sandbox: bool) -> None:
    """Make nbgrader course directories and lessons from courses and exercises; without names, all courses.

    An exercise that exists is built again; submissions, marks and feedback are kept. With --run, times and memory are
    written to run-PROFILE.md and .json in the course directory, and the executed notebooks kept; a notebook that fails
    is named with its cell, and the exit status is 1.
    """
    from autograder.build.course import build_course  # nbgrader takes a second to import: not for --help
    from autograder.build.lesson import lessons_of

    catalogue = find_catalogue()
    out_dir = (out or catalogue.root / "build").resolve()
    courses = _chosen(catalogue, names)
    lessons = {course.name: lessons_of(catalogue, course) for course in courses}
    with shown_steps("building", sum(len(course.exercises) for course in courses)) as step:
        folders = []
        for course in courses:
            card = _card(catalogue, course)
            folders.append(build_course(course, out_dir, step, lessons[course.name], card=card, inside=inside))
    for folder, course in zip(folders, courses, strict=True):
        with_lessons = f", lessons: {', '.join(each.unit for each in lessons[course.name]) or 'none'}"
        click.echo(f"built {_short(folder)}{with_lessons}")
    if run:
        failed = sum([_run(course, lessons[course.name], out_dir, profile, sandbox) for course in courses])
        if failed:
            raise click.exceptions.Exit(1)


def _run(course: Course, lessons: list["Lesson"], out_dir: Path, profile: str, sandbox: bool) -> int:
    """Runs the notebooks of a course; how many failed."""
    from autograder.build.run import run_notebook, runnables
    from autograder.build.run_report import write_report

    folder = out_dir / course.name
    todo = list(runnables(course.exercises, lessons, profile))
    rows = []
    with shown_steps(f"running as {profile}", len(todo)) as step:
        for runnable in todo:
            executed = folder / "executed" / profile / runnable.file_name
            executed.unlink(missing_ok=True)
            ran = run_notebook(runnable, profile, executed, sandbox=sandbox)
            rows.append(ran)
            result = "failed" if ran.failure else "passed"
            step(f"{ran.name}, {ran.kind}: {result}, {ran.wall_s:.1f} s, {ran.memory_peak_mib:.0f} MiB")
    page = write_report(folder, course.name, profile, rows)
    failed = [ran for ran in rows if ran.failure]
    for ran in failed:
        kept = f"\n  executed: {_short(ran.executed)}" if ran.executed else ""
        click.echo(f"{ran.name}, {ran.kind}: {ran.failure}{kept}", err=True)
    click.echo(f"ran {len(rows)} notebooks as {profile}, {len(failed)} failed; {_short(page)}")
    return len(failed)


def _chosen(catalogue: Catalogue, names: tuple[str, ...]) -> list[Course]:
    """The courses to build, each with the exercises that were named, in the order of naming."""
    courses: dict[str, Course] = {}
    for name in names or tuple(sorted(catalogue.course_files)):
        if "/" in name or name.startswith("_"):
            exercise = catalogue.exercise(name)
            added = Course(exercise.course, None, (exercise,))
        else:
            added = catalogue.course(name)
        before = courses.get(added.name, Course(added.name, None))
        exercises = dict.fromkeys((*before.exercises, *added.exercises))
        courses[added.name] = Course(added.name, added.spec or before.spec, tuple(exercises))
    return list(courses.values())


def _card(catalogue: Catalogue, course: Course) -> "Card | None":
    """The card of the whole course, also where only some units are built and another is not finished."""
    from autograder.build.card import make_card
    from autograder.build.lesson import lessons_of

    if course.spec is not None or course.name not in catalogue.course_files:
        return None
    try:
        whole = catalogue.course(course.name)
        return make_card(whole, lessons_of(catalogue, whole))
    except AuthoringError:
        return None


@contextmanager
def shown_steps(doing: str, total: int) -> Iterator[Callable[[str], None]]:
    """Calls for each finished piece: a bar on a terminal, a line each elsewhere."""
    if not sys.stderr.isatty():
        yield lambda name: click.echo(f"  {name}")
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing, total=total)
        yield lambda name: bar.update(task, advance=1, description=name)


def _short(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
