"""`autograder build [COURSE[/UNIT] …]`."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from autograder.catalogue.find import Catalogue, Course, find_catalogue


@click.command()
@click.argument("names", metavar="[COURSE[/UNIT]]...", nargs=-1)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the course directories are made. Default: build/ in the project.",
)
def build(names: tuple[str, ...], out: Path | None) -> None:
    """Make nbgrader course directories from courses and exercises; without names, all courses.

    An exercise that exists is built again; submissions, marks and feedback are kept.
    """
    from autograder.build.course import build_course  # nbgrader takes a second to import: not for --help

    catalogue = find_catalogue()
    out_dir = (out or catalogue.root / "build").resolve()
    courses = _chosen(catalogue, names)
    with _progress(sum(len(course.exercises) for course in courses)) as step:
        folders = [build_course(course, out_dir, step) for course in courses]
    for folder in folders:
        click.echo(f"built {_short(folder)}")


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


@contextmanager
def _progress(total: int) -> Iterator[Callable[[str], None]]:
    """Calls for each finished exercise: a bar on a terminal, a line each elsewhere."""
    if not sys.stderr.isatty():
        yield lambda name: click.echo(f"  {name}")
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("building", total=total)
        yield lambda name: bar.update(task, advance=1, description=name)


def _short(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
