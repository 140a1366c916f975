"""`autograder feedback COURSE [UNIT…]`."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from autograder.catalogue.find import find_catalogue
from autograder.errors import GradingError


@click.command()
@click.argument("course")
@click.argument("units", metavar="[UNIT]...", nargs=-1)
@click.option("--learner", "learners", multiple=True, metavar="ID", help="Only this learner's pages; may be repeated.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the course directories are. Default: build/ in the project.",
)
def feedback(course: str, units: tuple[str, ...], learners: tuple[str, ...], out: Path | None) -> None:
    """Write the feedback pages of COURSE for learners: of the UNITs, or of all that was graded."""
    from autograder.book.feedback import graded_notebooks, write_feedback  # nbconvert is slow to import: not for --help

    course_dir = course_folder(course, out)
    total = len(graded_notebooks(course_dir, units, learners))
    with _progress(total) as step:
        done = write_feedback(course_dir, units, learners, step)
    for problem in done.problems:
        click.echo(f"not written: {problem}", err=True)
    click.echo(f"wrote {len(done.pages)} pages under {course_dir / 'feedback'}")
    if done.problems:
        sys.exit(1)


def course_folder(course: str, out: Path | None) -> Path:
    """The course directory of a course, `build/<course>`. Raises GradingError where it was not built."""
    name = course.strip("/")
    folder = (out or find_catalogue().root / "build").resolve() / name
    if not name or "/" in name or name.startswith(".") or not folder.is_dir():
        raise GradingError(
            "there is no course directory",
            where=str(folder),
            came=course,
            mend=f"build it first: autograder build {name}",
        )
    return folder


@contextmanager
def _progress(total: int) -> Iterator[Callable[[Path], None]]:
    """Calls for each page: a bar on a terminal, nothing elsewhere but the last line."""
    if not sys.stderr.isatty():
        yield lambda page: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("feedback", total=total)
        yield lambda page: bar.update(task, advance=1)
