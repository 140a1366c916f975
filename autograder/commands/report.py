"""`autograder report COURSE [UNIT…]`."""

from pathlib import Path

import click

from autograder.catalogue.find import find_catalogue
from autograder.commands.feedback import course_folder


@click.command()
@click.argument("course")
@click.argument("units", metavar="[UNIT]...", nargs=-1)
@click.option(
    "--html",
    "html_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The page; the CSV files are written beside it. Default: report.html in the course.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the course directories are. Default: build/ in the project.",
)
def report(course: str, units: tuple[str, ...], html_path: Path | None, out: Path | None) -> None:
    """Report on the cohort of COURSE: of the UNITs, or of all that was graded.

    One page for the instructor, and CSV beside it.
    """
    from autograder.report.write import write_report  # nbgrader and matplotlib are slow to import: not for --help

    course_dir = course_folder(course, out)
    done = write_report(course_dir, find_catalogue(), html_path or course_dir / "report.html", units)
    for problem in done.problems:
        click.echo(f"note: {problem}", err=True)
    page, *beside = done.files
    count = f"{done.submissions} submission{'' if done.submissions == 1 else 's'}"
    click.echo(f"wrote the report on {count} to {page}; beside it {' and '.join(path.name for path in beside)}")
