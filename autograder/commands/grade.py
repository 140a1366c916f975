"""`autograder grade COURSE [UNIT …]`."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from autograder.grade.cohort import Progress, Summary
    from autograder.grade.models import Record


@click.command()
@click.argument("course")
@click.argument("units", nargs=-1)
@click.option("--profile", default="laptop", show_default=True, help="Parameters and environment of the exercises.")
@click.option(
    "--cluster",
    help="local, slurm, gateway, or the address of a Dask scheduler. Default: autograder.cluster in Dask's "
    "configuration, else local.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="How many at once. Default: one more than there are cores here; in Slurm and behind a gateway "
    "autograder.workers in Dask's configuration, else 4.",
)
@click.option("--force", is_flag=True, help="Grade again what has not changed.")
@click.option("--trust-learners", is_flag=True, help="Without a sandbox: for your own work only. Marks are unsealed.")
@click.option("--build", "build_dir", type=click.Path(path_type=Path), help="Default: build/ in the project.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Also write the results to this file.")
def grade(
    course: str,
    units: tuple[str, ...],
    profile: str,
    cluster: str | None,
    workers: int | None,
    force: bool,
    trust_learners: bool,
    build_dir: Path | None,
    json_file: Path | None,
) -> None:
    """Grade what was handed in for COURSE; only what changed since the last time.

    Ends with status 1 when a submission could not be graded.
    """
    from autograder.catalogue.find import find_catalogue
    from autograder.grade.cohort import Settings, grade_course
    from autograder.sandbox.mechanisms import memory_mechanism

    catalogue = find_catalogue()
    exercises = catalogue.course(course).exercises
    if units:
        exercises = tuple(catalogue.exercise(f"{course}/{unit}") for unit in units)
    course_dir = (build_dir or catalogue.root / "build") / course
    settings = Settings(profile, cluster, workers, trust_learners, force)
    with shown_progress(course) as watch:
        summary = grade_course(course_dir, exercises, settings, watch)
    click.echo(table(summary.records))
    click.echo(f"graded {summary.graded}, unchanged {summary.unchanged}, not graded {len(summary.not_graded)}")
    for sentence in (*summary.not_graded, *summary.problems):
        click.echo(f"  {sentence}", err=True)
    if summary.graded and not trust_learners and settings.here():
        click.echo(f"memory was limited by {memory_mechanism()}; `autograder doctor` lists every limit", err=True)
    if json_file is not None:
        json_file.write_text(json.dumps(as_json(summary), indent=1), encoding="utf-8")
    if summary.not_graded:
        sys.exit(1)


@contextmanager
def shown_progress(what: str = "") -> Iterator[Callable[["Progress"], None]]:
    """A bar with the time that is left on a terminal; a line for each submission elsewhere."""
    if not sys.stderr.isatty():

        def line(progress: "Progress") -> None:
            text = "left aside"
            if (record := progress.record) is not None:
                text = f"{record.learner}, {record.exercise}: {record.result.status}"
            click.echo(f"[{progress.done}/{progress.total}] {text}", err=True)

        yield line
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn(f"grading {what}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("grading")
        yield lambda progress: bar.update(task, completed=progress.done, total=progress.total)


def table(records: list["Record"]) -> str:
    """Learner, exercise, points and status, one line each."""
    from rich.console import Console
    from rich.table import Table

    shown = Table("learner", "exercise", "points", "status", box=None, pad_edge=False)
    for record in records:
        result = record.result
        seal = "" if result.sealed else " (unsealed)"
        points = f"{result.earned:g} of {result.max_points:g}"
        shown.add_row(record.learner, record.exercise, points, result.status + seal)
    console = Console(width=100, no_color=True)
    with console.capture() as capture:
        console.print(shown)
    return capture.get().rstrip()


def as_json(summary: "Summary") -> dict[str, Any]:
    """The summary for machines: each record as the journal holds it."""
    return {
        "graded": summary.graded,
        "unchanged": summary.unchanged,
        "not_graded": summary.not_graded,
        "problems": summary.problems,
        "records": [record.model_dump(mode="json") for record in summary.records],
    }
