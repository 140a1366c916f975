"""`autograder catalogue`."""

from pathlib import Path

import click

from autograder.catalogue.find import find_catalogue
from autograder.commands.build import shown_steps


@click.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder to make. Default: build/_catalogue in the project.",
)
def catalogue(out: Path | None) -> None:
    """Make the catalogue of all courses: a page that needs no server, and their released notebooks beside it.

    Open index.html in a browser. `workbench start` copies the notebooks from here, `workbench bundle` packs the folder.
    """
    from autograder.site.shelf import write_shelf  # nbgrader takes a second to import: not for --help
    from workbench.shelf import MADE, NOTEBOOKS, PAGE

    found = find_catalogue()
    folder = (out or found.root / MADE).resolve()
    with shown_steps("making the catalogue", sum(not name.startswith("_") for name in found.exercises)) as step:
        courses = write_shelf(found, folder, step)
    units = sum(len(course.units) for course in courses)
    click.echo(f"wrote {len(courses)} courses with {units} units to {folder / PAGE}; notebooks are in {NOTEBOOKS}/")
