"""`autograder export COURSE`."""

from pathlib import Path

import click

from autograder.commands.feedback import course_folder


@click.command()
@click.argument("course")
@click.option(
    "--csv", "csv_path", type=click.Path(dir_okay=False, path_type=Path), help="Default: marks.csv in the course."
)
@click.option(
    "--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Default: marks.json in the course."
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the course directories are. Default: build/ in the project.",
)
def export(course: str, csv_path: Path | None, json_path: Path | None, out: Path | None) -> None:
    """Export the marks of COURSE as CSV and JSON: a row for each learner, exercise and part."""
    from autograder.book.export import write_export  # nbgrader is slow to import: not for --help

    course_dir = course_folder(course, out)
    csv_path, json_path = csv_path or course_dir / "marks.csv", json_path or course_dir / "marks.json"
    count = write_export(course_dir, csv_path, json_path)
    click.echo(f"wrote the marks of {count} submissions to {csv_path} and {json_path}")
